"""The daemon's verbs as methods."""

from collections.abc import Generator
from contextlib import closing
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import quote

from rtvc_bridge import paths
from rtvc_bridge.client import finding
from rtvc_bridge.client.connection import Connection
from rtvc_bridge.client.queue import QueueVerbs
from rtvc_bridge.client.streams import sse_events
from rtvc_bridge.client.views import (
    AdapterView,
    DevicesView,
    ReloadView,
    StatusView,
    UtteranceView,
)
from rtvc_bridge.client.voices import VoiceVerbs
from rtvc_bridge.errors import DaemonError

if TYPE_CHECKING:
    from rtvc_bridge.audio import Audio

MODEL = "rtvc-bridge"


class Client(VoiceVerbs, QueueVerbs):
    """Asks one daemon; for any thread, several at once.

    What the daemon refuses raises the error that the same request raises in-process, with the
    same message. Every method raises DaemonError if the daemon is not there, stops meanwhile,
    or does not answer in time; `events` and `speech` wait for as long as it takes.

    Args:
        url: For example "http://127.0.0.1:7878".
        token: As the daemon's token file holds it.
    """

    def __init__(self, url: str, token: str) -> None:
        super().__init__(Connection(url, token))
        self._url = url

    @classmethod
    def running(cls, *, wait_s: float = 2.0) -> Self | None:
        """Return a client of this user's daemon, or None if none answers.

        Args:
            wait_s: How long one that is starting is given to listen.

        Raises:
            DaemonError: If one runs but is stuck, or its token cannot be read.
        """
        address = finding.found(paths.state_dir(), wait_s=wait_s)
        if address is None or not finding.answers(address):
            return None
        return cls(address.url, finding.token_of(address))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up every connection: `events` and `speech` end at once, on whichever thread."""
        self._daemon.close()

    @property
    def url(self) -> str:
        """Where the daemon is."""
        return self._url

    def status(self) -> StatusView:
        """Return all of the daemon at a glance."""
        return cast("StatusView", self._daemon.ask("GET", "/v1/status").json())

    def adapters(self) -> list[AdapterView]:
        """Return how every adapter fares."""
        return cast("list[AdapterView]", self._daemon.ask("GET", "/v1/adapters").json())

    def devices(self, adapter: str) -> DevicesView:
        """Return the sound devices that an adapter can use, and which it is to use.

        Raises:
            UserError: If there is no such adapter, or it has none to choose from.
            DeviceError: If they cannot be listed.
        """
        answer = self._daemon.ask("GET", f"/v1/adapters/{quote(adapter, safe='')}/devices")
        return cast("DevicesView", answer.json())

    def choose_device(self, adapter: str, device: str) -> ReloadView:
        """Have an adapter use a device ("": the system's default) from now on.

        It is written into the settings file.

        Raises:
            UserError: If there is no such device; the message lists those there are.
            ConfigError, StorageError: If the settings are wrong, or cannot be written; nothing
                is changed.
        """
        path = f"/v1/adapters/{quote(adapter, safe='')}/device"
        answer = self._daemon.ask("PUT", path, json={"device": device})
        return cast("ReloadView", answer.json())

    def events(self) -> Generator[tuple[str, Any]]:
        """Yield each change as its name and data, from when it is first asked for one.

        First "hello" with a StatusView; then "status" with the UtteranceView of a line that
        changed; "adapters" with a list of AdapterView; "halted" with {"halted": bool} when
        everything was stopped or that was lifted; "levels" with the peak of each lane that
        sounds, in dB of full scale, about ten times a second, and {} once all are silent;
        "dropped" if this reader was too slow and has missed some, which ends it. Ends quietly at
        `close` only.

        Raises:
            DaemonError: When the daemon ends it.
        """
        with closing(self._daemon.pieces("GET", "/v1/events")) as pieces:
            yield from sse_events(pieces)
        if not self._daemon.closed:
            raise DaemonError("The daemon ended the stream of events; it may have stopped.")

    def say(
        self,
        text: str,
        *,
        voice: str,
        lane: str = "speaker",
        user: str = "",
        speed: float = 1.0,
        pitch_semitones: float = 0.0,
        expression: float = 1.0,
    ) -> UtteranceView:
        """Queue `text` to be played in `lane` and return at once.

        Raises:
            TextRejectedError, VoiceNotFoundError, ConsentError, QueueFullError: As in-process.
            NoPlayerError: If nothing plays that lane.
        """
        line = {
            "text": text,
            "voice": voice,
            "lane": lane,
            "user": user,
            "speed": speed,
            "pitch_semitones": pitch_semitones,
            "expression": expression,
        }
        return cast("UtteranceView", self._daemon.ask("POST", "/v1/say", json=line).json())

    def speech(
        self,
        text: str,
        *,
        voice: str,
        speed: float = 1.0,
        pitch_semitones: float = 0.0,
        expression: float = 1.0,
    ) -> "Generator[Audio]":
        """Yield the sound of `text` at 24 kHz as it is made; asks when first asked for a piece.

        Closing the iterator early makes the daemon stop.

        Raises:
            TextRejectedError, VoiceNotFoundError, ConsentError, QueueFullError: As in-process.
            DaemonError: Also if the line was begun and not finished.
        """
        from rtvc_bridge.client.sound import pcm_audio  # with numpy, which the rest does without

        line = {
            "model": MODEL,
            "input": text,
            "voice": voice,
            "speed": speed,
            "pitch_semitones": pitch_semitones,
            "expression": expression,
            "response_format": "pcm",
        }
        with closing(self._daemon.pieces("POST", "/v1/audio/speech", json=line)) as pieces:
            yield from pcm_audio(pieces)

    def log(self, lines: int = 200) -> list[str]:
        """Return the end of the daemon's log."""
        answer = self._daemon.ask("GET", "/v1/log", params={"lines": lines})
        return cast("list[str]", answer.json()["lines"])

    def stop(self) -> None:
        """Make the daemon end, in order; returns once it has agreed."""
        self._daemon.ask("POST", "/v1/daemon/stop")

    def reload(self) -> ReloadView:
        """Make the daemon read its settings again; return what came into force.

        Raises:
            ConfigError: If they are wrong; all stays as it is.
        """
        return cast("ReloadView", self._daemon.ask("POST", "/v1/daemon/reload").json())
