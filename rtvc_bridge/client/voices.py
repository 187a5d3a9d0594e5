"""The daemon's verbs on voices, as methods."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast
from urllib.parse import quote

from rtvc_bridge.client import files
from rtvc_bridge.client.connection import Connection
from rtvc_bridge.client.views import DamagedView, EnrolmentView, VoiceView
from rtvc_bridge.client.wire import sendable
from rtvc_bridge.errors import VoiceNotFoundError

ENROL_S = 600.0
LONGEST_NAME = 1000
"""Characters; a voice's name is far shorter, and an address may not be much longer."""


class VoiceVerbs:
    """The part of a Client that looks after voices.

    Args:
        daemon: That keeps them.
    """

    def __init__(self, daemon: Connection) -> None:
        self._daemon = daemon

    def voices(self) -> list[VoiceView]:
        """Return every usable voice, by name."""
        return cast("list[VoiceView]", self._daemon.ask("GET", "/v1/voices").json())

    def damaged(self) -> list[DamagedView]:
        """Return the voice files that cannot be used."""
        return cast("list[DamagedView]", self._daemon.ask("GET", "/v1/damaged-voices").json())

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
