"""The settings file, checked once, at start."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
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

MOST_ENTRIES = 1000
MOST_ENTRY_CHARS = 200
_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", re.ASCII)

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


class AuditSettings(Strict):
    """[audit]: the record of who made which voice speak."""

    enabled: bool = True
    """Whether it is kept."""

    text: bool = False
    """Whether what was said is kept too, encrypted."""

    keep_days: int = Field(default=0, ge=0, le=36_500)
    """Rows older than this are deleted when a day begins; 0 keeps them for ever."""


class DisclosureSettings(Strict):
    """[disclosure]: how listeners learn that a voice is synthetic."""

    spoken_tag: str = Field(default="", max_length=100)
    """Said before a speaker's first line in a lane, such as "Synthetic voice."; empty: nothing."""

    again_min: float = Field(default=10.0, gt=0)
    """After so many minutes it is said again before the next line."""


class ConsentSettings(Strict):
    """[consent]: how a speaker's agreement has to be shown before a voice is made."""

    here: Literal["attested", "spoken"] = "attested"
    """For recordings enrolled on this computer: stated by whoever enrols, or read aloud."""

    others: Literal["attested", "spoken"] = "spoken"
    """For recordings that come from other people, by Discord or by the local API."""

    valid_days: int = Field(default=0, ge=0, le=36_500)
    """How long an agreement holds; 0 until the speaker takes it back."""

    trusted_keys: list[Annotated[str, StringConstraints(pattern="^[0-9a-fA-F]{64}$")]] = []
    """Public keys of other installations whose agreements count here too."""


def _hours(text: str) -> str:
    if not _HOURS.fullmatch(text):
        raise ValueError(f'write "22:00-07:00", not {text!r}')
    begin, _, end = text.partition("-")
    if begin == end:
        raise ValueError(f"{text} ends when it begins")
    return text


Entry = Annotated[str, StringConstraints(min_length=1, max_length=MOST_ENTRY_CHARS)]
Entries = Annotated[list[Entry], Field(max_length=MOST_ENTRIES)]
Replacements = Annotated[dict[Entry, Entry], Field(max_length=MOST_ENTRIES)]


class ModerationSettings(Strict):
    """[moderation]: what is not said, or not at once, by whom and when.

    Words and phrases are found as whole words, however they are disguised; patterns are RE2's
    (no look-around, no back references). The lists bind everybody, this computer's own user
    too. Budgets bind everybody else, and so do quiet hours unless `quiet_here` is set: a person
    who speaks through this computer is not silenced by it at night.
    """

    block: Entries = []
    """Words and phrases: a text that holds one is refused."""

    block_patterns: Entries = []
    """The same by patterns."""

    replace: Replacements = {}
    """Words and phrases, and what is said instead."""

    replace_patterns: Replacements = {}
    """The same by patterns; what is said instead is taken as it stands."""

    hold: Entries = []
    """Words and phrases: a text that holds one waits until a moderator approves it."""

    hold_patterns: Entries = []
    """The same by patterns."""

    moderators: list[str] = []
    """Who may approve besides this computer's own user ("discord:role:9"); theirs is not held."""

    exempt: list[str] = []
    """Whom nothing here binds, such as "here" (this computer's own user) or "discord:user:12"."""

    quiet_hours: list[Annotated[str, AfterValidator(_hours)]] = []
    """When nothing is said, by this computer's clock, such as "22:00-07:00"."""

    quiet_here: bool = False
    """Whether quiet hours bind this computer's own user too."""

    user_seconds: float = Field(default=0.0, ge=0)
    """Seconds of sound in an hour that one person may have spoken, in all lanes; 0: no limit."""

    lane_seconds: float = Field(default=0.0, ge=0)
    """Seconds of sound in an hour in one lane (a Discord server is one); 0: no limit."""


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
    audit: AuditSettings = AuditSettings()
    disclosure: DisclosureSettings = DisclosureSettings()
    consent: ConsentSettings = ConsentSettings()
    moderation: ModerationSettings = ModerationSettings()
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
