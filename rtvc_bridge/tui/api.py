"""What the screen asks of a daemon: those methods of `rtvc_bridge.client.Client` that it uses."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from rtvc_bridge.client import (
    DamagedView,
    DevicesView,
    EnrolmentView,
    ReloadView,
    SentenceView,
    StatusView,
    UtteranceView,
    VoiceView,
)


class Daemon(Protocol):
    """A running daemon. Methods wait for its answer, and raise RtvcBridgeError."""

    def status(self) -> StatusView:
        """Return what /v1/status tells."""

    def say(
        self,
        text: str,
        *,
        voice: str,
        lane: str,
        user: str,
        speed: float = 1.0,
        pitch_semitones: float = 0.0,
        expression: float = 1.0,
    ) -> UtteranceView:
        """Have a line said and return it."""

    def cancel(self, number: int, /) -> object:
        """Cancel a line."""

    def replay(self, number: int, /) -> UtteranceView:
        """Say a line again and return the new one."""

    def move(self, number: int, /, *, before: int | None) -> object:
        """Put a line in front of another of its lane and user; None: behind all of them."""

    def skip(self, *, lane: str | None, user: str | None) -> int:
        """Silence what is heard, and return how many lines that were."""

    def clear(self, *, lane: str | None, user: str | None) -> int:
        """Cancel what waits, and return how many lines that were."""

    def pause(self, *, lane: str | None) -> object:
        """Let nothing new begin in a lane, or anywhere."""

    def resume(self, *, lane: str | None) -> object:
        """Undo `pause`."""

    def held(self) -> Sequence[UtteranceView]:
        """Return what waits for a moderator."""

    def approve(self, number: int, /) -> object:
        """Let a held line be spoken."""

    def deny(self, number: int, reason: str, /) -> object:
        """End a held line unsaid."""

    def halt(self) -> int:
        """Silence everything until `lift`, and return how many lines that were."""

    def lift(self) -> object:
        """Undo `halt`."""

    def voices(self) -> Sequence[VoiceView]:
        """Return the voices."""

    def damaged(self) -> Sequence[DamagedView]:
        """Return the voice files that cannot be used, and why."""

    def rename(self, name: str, new: str, /) -> object:
        """Give a voice another name."""

    def delete(self, name: str, /) -> object:
        """Delete a voice."""

    def export(self, name: str, path: Path, /) -> object:
        """Write a voice to a file."""

    def import_(self, path: Path, /, *, name: str | None) -> VoiceView:
        """Take in a voice file and return the voice."""

    def sentence(self, name: str, /) -> SentenceView:
        """Return what the speaker of a voice is to read aloud."""

    def enrol(
        self,
        name: str,
        clips: Sequence[Path],
        *,
        consent_by: str,
        keep_clips: bool,
        sentence_id: str | None = None,
        consent_recording: Path | None = None,
    ) -> EnrolmentView:
        """Make a voice and return it with its quality report."""

    def consent(
        self,
        name: str,
        *,
        consent_by: str,
        sentence_id: str | None = None,
        consent_recording: Path | None = None,
    ) -> VoiceView:
        """Put a new agreement in place of a voice's."""

    def grant(self, name: str, to: str, /) -> VoiceView:
        """Let somebody else use a voice."""

    def withdraw(self, name: str, to: str, /) -> VoiceView:
        """Let them use it no more."""

    def revoke(self, name: str, /) -> int:
        """Destroy a voice for good, and return how many lines were cut off."""

    def devices(self, adapter: str, /) -> DevicesView:
        """Return the sound devices that an adapter can use, and which it is to use."""

    def choose_device(self, adapter: str, device: str, /) -> ReloadView:
        """Have an adapter use a device, and return whether that is in force."""

    def log(self, *, lines: int) -> Sequence[str]:
        """Return the last lines of the log."""

    def events(self) -> Iterator[tuple[str, Any]]:
        """Yield what happens, by name; first "hello" with the whole status."""

    def stop(self) -> object:
        """End the daemon."""

    def close(self) -> None:
        """Give up the connection: `events` ends, on whichever thread."""


class Starting(Protocol):
    """A daemon on its way up."""

    def problem(self) -> str | None:
        """Return why it has ended, or None while it lives."""


Connect = Callable[[], Daemon | None]
Start = Callable[[], Starting]
