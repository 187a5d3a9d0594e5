"""The settings file, checked once, at start."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from rtvc_bridge.errors import ConfigError

MOST_PHRASES = 8
"""There are keys for so many: F1 to F8."""

Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


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


class TuiSettings(Strict):
    """[tui]: the terminal screen."""

    phrases: list[Phrase] = Field(
        default=[
            "Hello!",
            "Yes.",
            "No, thank you.",
            "One moment, please.",
            "Thank you.",
            "Goodbye!",
        ],
        max_length=MOST_PHRASES,
    )
    """Quick phrases, for F1 to F8."""


class Settings(Strict):
    """The whole file."""

    engine: EngineSettings = EngineSettings()
    models: ModelSettings = ModelSettings()
    voices: VoiceSettings = VoiceSettings()
    tui: TuiSettings = TuiSettings()
    adapters: dict[str, dict[str, Any]] = {}
    """One table per adapter to start; each adapter checks its own."""

    @model_validator(mode="after")
    def _phrases_can_be_said(self) -> Self:
        chosen = self.tui.phrases if "phrases" in self.tui.model_fields_set else []
        for number, phrase in enumerate(chosen, 1):
            if len(phrase) > self.engine.max_chars:
                msg = (
                    f"tui.phrases: number {number} has {len(phrase)} characters, "
                    f"and engine.max_chars is {self.engine.max_chars}"
                )
                raise ValueError(msg)
        return self


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
        said = said.removeprefix("Value error, ")
        lines.append(f"  {where}: {said}" if where else f"  {said}")
    return "\n".join(lines)
