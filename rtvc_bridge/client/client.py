"""The daemon's verbs as methods."""

from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import quote

from rtvc_bridge import paths
from rtvc_bridge.audio import Audio
from rtvc_bridge.client import files, finding
from rtvc_bridge.client.connection import Connection
from rtvc_bridge.client.streams import pcm_audio, sse_events
from rtvc_bridge.client.views import (
    AdapterView,
    EnrolmentView,
    ReloadView,
    StatusView,
    UtteranceView,
    VoiceView,
)
from rtvc_bridge.client.wire import sendable
from rtvc_bridge.errors import DaemonError, VoiceNotFoundError

MODEL = "rtvc-bridge"
ENROL_S = 600.0
LONGEST_NAME = 1000
"""Characters; a voice's name is far shorter, and an address may not be much longer."""


class Client:
    """Asks one daemon; for any thread, several at once.

    What the daemon refuses raises the error that the same request raises in-process, with the
    same message. Every method raises DaemonError if the daemon is not there, stops meanwhile,
    or does not answer in time; `events` and `speech` wait for as long as it takes.

    Args:
        url: For example "http://127.0.0.1:7878".
        token: As the daemon's token file holds it.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._daemon = Connection(url, token)

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

    def events(self) -> Generator[tuple[str, Any]]:
        """Yield each change as its name and data, from when it is first asked for one.

        First "hello" with a StatusView; then "status" with the UtteranceView of a line that
        changed, and "adapters" with a list of AdapterView; "dropped" if this reader was too slow
        and has missed some, which ends it. Ends quietly at `close` only.

        Raises:
            DaemonError: When the daemon ends it.
        """
        with closing(self._daemon.pieces("GET", "/v1/events")) as pieces:
            yield from sse_events(pieces)
        if not self._daemon.closed:
            raise DaemonError("The daemon ended the stream of events; it may have stopped.")

    def say(
        self, text: str, *, voice: str, lane: str = "speaker", user: str = "", speed: float = 1.0
    ) -> UtteranceView:
        """Queue `text` to be played in `lane` and return at once.

        Raises:
            TextRejectedError, VoiceNotFoundError, ConsentError, QueueFullError: As in-process.
            NoPlayerError: If nothing plays that lane.
        """
        line = {"text": text, "voice": voice, "lane": lane, "user": user, "speed": speed}
        return cast("UtteranceView", self._daemon.ask("POST", "/v1/say", json=line).json())

    def speech(self, text: str, *, voice: str, speed: float = 1.0) -> Generator[Audio]:
        """Yield the sound of `text` at 24 kHz as it is made; asks when first asked for a piece.

        Closing the iterator early makes the daemon stop.

        Raises:
            TextRejectedError, VoiceNotFoundError, ConsentError, QueueFullError: As in-process.
            DaemonError: Also if the line was begun and not finished.
        """
        line = {
            "model": MODEL,
            "input": text,
            "voice": voice,
            "speed": speed,
            "response_format": "pcm",
        }
        with closing(self._daemon.pieces("POST", "/v1/audio/speech", json=line)) as pieces:
            yield from pcm_audio(pieces)

    def queue(self) -> list[UtteranceView]:
        """Return what is spoken or heard now, then what waits; each oldest first."""
        return cast("list[UtteranceView]", self._daemon.ask("GET", "/v1/queue").json())

    def skip(self, lane: str | None = None, user: str | None = None) -> int:
        """Silence what is heard now, of that lane and user (None: any); return how many lines."""
        body = {"lane": lane, "user": user}
        return int(self._daemon.ask("POST", "/v1/queue/skip", json=body).json()["cancelled"])

    def clear(self, lane: str | None = None, user: str | None = None) -> int:
        """Cancel what waits, of that lane and user (None: any); return how many lines."""
        asked = {"lane": lane, "user": user}
        wanted = {key: value for key, value in asked.items() if value is not None}
        return int(self._daemon.ask("DELETE", "/v1/queue", params=wanted).json()["cancelled"])

    def pause(self, lane: str | None = None) -> None:
        """Let that lane (None: all) wait until `resume`; what is being spoken goes on."""
        self._daemon.ask("POST", "/v1/queue/pause", json={"lane": lane})

    def resume(self, lane: str | None = None) -> None:
        """End the pause of that lane; None ends every pause."""
        self._daemon.ask("POST", "/v1/queue/resume", json={"lane": lane})

    def cancel(self, number: int) -> None:
        """Silence one line, or take it out of the queue.

        Raises:
            UtteranceNotFoundError: If there is none of that number any more.
        """
        self._daemon.ask("DELETE", f"/v1/utterances/{number}")

    def promote(self, number: int) -> None:
        """Make a waiting line the next of its user.

        Raises:
            UtteranceNotFoundError: If it does not wait.
        """
        self._daemon.ask("POST", f"/v1/utterances/{number}/promote")

    def replay(self, number: int) -> UtteranceView:
        """Queue the same line again, in the same voice, lane and user.

        Raises:
            UtteranceNotFoundError: If there is none of that number any more.
        """
        answer = self._daemon.ask("POST", f"/v1/utterances/{number}/replay")
        return cast("UtteranceView", answer.json())

    def voices(self) -> list[VoiceView]:
        """Return every usable voice, by name."""
        return cast("list[VoiceView]", self._daemon.ask("GET", "/v1/voices").json())

    def voice(self, name: str) -> VoiceView:
        """Return one voice.

        Raises:
            VoiceNotFoundError: If there is none; the message names the nearest.
        """
        return cast("VoiceView", self._daemon.ask("GET", _voice_path(name)).json())

    def rename(self, name: str, new_name: str) -> None:
        """Call a voice `new_name`.

        Raises:
            VoiceNotFoundError: If there is no voice called `name`.
            VoiceNameError: If the new name is unfit or another voice has it.
        """
        self._daemon.ask("PATCH", _voice_path(name), json={"name": new_name})

    def delete(self, name: str) -> None:
        """Remove a voice, or by its id a damaged file.

        Raises:
            VoiceNotFoundError: If there is no such voice.
        """
        self._daemon.ask("DELETE", _voice_path(name))

    def export(self, name: str, path: Path) -> None:
        """Write a copy of a voice to `path`, which must not exist.

        Raises:
            VoiceNotFoundError: If there is no such voice.
            StorageError: If `path` exists or cannot be written.
        """
        files.check_free(path)
        answer = self._daemon.ask("GET", f"{_voice_path(name)}/file")
        files.keep(answer.content, path)

    def import_(self, path: Path, name: str | None = None) -> VoiceView:
        """Add the voice in the file at `path`, called `name` or as the file says.

        Raises:
            VoiceFileError: If that is not a sound voice file.
            VoiceNameError: If the name is taken, or the voice is here already.
        """
        form = {} if name is None else {"name": name}
        with files.opened_voice(path) as file:
            answer = self._daemon.ask("POST", "/v1/voices/import", files={"file": file}, data=form)
        return cast("VoiceView", answer.json())

    def enrol(
        self, name: str, clips: Sequence[Path], *, consent_by: str, keep_clips: bool = True
    ) -> EnrolmentView:
        """Make a voice called `name` of recordings whose speaker, `consent_by`, agreed.

        Raises:
            ClipRejectedError: If the recordings cannot make a voice.
            ConsentError: If `consent_by` names nobody.
            VoiceNameError: If the name is unfit or taken.
        """
        form = {"name": name, "consent_by": consent_by, "keep_clips": str(keep_clips).lower()}
        with files.opened_clips(clips) as opened:
            uploads = [("clips", clip) for clip in opened]
            answer = self._daemon.ask(
                "POST", "/v1/voices", data=form, files=uploads, answer_s=ENROL_S
            )
        return cast("EnrolmentView", answer.json())

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


def _voice_path(name: str) -> str:
    """Return the resource of a voice, whatever was typed as its name.

    Raises:
        VoiceNotFoundError: If it is too long for a name, or has a slash, which none has.
    """
    if len(name) > LONGEST_NAME:
        raise VoiceNotFoundError("There is no voice of that name. Run: rtvc-bridge voices")
    if name in ("", ".", "..") or "/" in name:
        raise VoiceNotFoundError(f"There is no voice {name!r}. Run: rtvc-bridge voices")
    return f"/v1/voices/{quote(sendable(name), safe='')}"
