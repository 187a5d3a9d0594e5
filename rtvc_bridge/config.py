"""The settings file, checked once, at start."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rtvc_bridge.errors import ConfigError


class Strict(BaseModel):
    """A table in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EngineSettings(Strict):
    """[engine]: limits on what may be asked of the one voice engine."""

    max_chars: int = Field(default=500, gt=0)
    """Longest text accepted, in characters."""

    max_queued: int = Field(default=400, gt=0)
    """Most utterances that may wait altogether."""

    max_queued_lane: int = Field(default=50, gt=0)
    """Most utterances that may wait in one lane."""

    max_queued_user: int = Field(default=20, gt=0)
    """Most utterances of one user that may wait in one lane."""

    expire_s: float = Field(default=120.0, gt=0)
    """A line that has waited longer than this, in seconds, is dropped as stale."""


class ModelSettings(Strict):
    """[models]: where weights come from and what computes them."""

    pipeline: str = "three-stage"
    """Registered name of the pipeline that makes the sound."""

    folder: str = ""
    """A folder of yours that is searched for weight files before anything is fetched."""

    hub_url: str = ""
    """Base address of a mirror that serves the weight files by name."""

    offline: bool = False
    """Never fetch anything: use only what is on this computer."""

    device: str = "auto"
    """What computes: "auto", "cpu", "cuda" or "mps"."""

    threads: int = Field(default=0, ge=0)
    """Threads for synthesis; 0 lets torch choose."""


class VoiceSettings(Strict):
    """[voices]: where voices are kept."""

    folder: str = ""
    """Folder of the voice files; empty means this user's data folder."""


class Settings(Strict):
    """The whole file."""

    engine: EngineSettings = EngineSettings()
    models: ModelSettings = ModelSettings()
    voices: VoiceSettings = VoiceSettings()
    adapters: dict[str, dict[str, Any]] = {}
    """One table per adapter to start; each adapter checks its own."""


def load(path: Path) -> Settings:
    """Return the settings in `path`.

    Raises:
        ConfigError: Naming every wrong key and value at once.
    """
    try:
        return Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"{path} is wrong:\n{complaints(error)}") from error


def load_or_default(path: Path | None, default_path: Path) -> Settings:
    """Return the settings in `path`; without one, those in `default_path` if it exists.

    Raises:
        ConfigError: If the file that was chosen is missing or wrong.
    """
    if path is not None:
        return load(path)
    return load(default_path) if default_path.exists() else Settings()


def complaints(error: ValidationError) -> str:
    """Return one line for each wrong key or value."""
    lines = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"])
        said = "no such setting" if problem["type"] == "extra_forbidden" else problem["msg"]
        lines.append(f"  {where}: {said}")
    return "\n".join(lines)
