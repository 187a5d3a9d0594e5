"""The daemon's verbs on voices, as methods."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast
from urllib.parse import quote

from rtvc_bridge.client import files
from rtvc_bridge.client.connection import Connection
from rtvc_bridge.client.views import DamagedView, EnrolmentView, SentenceView, VoiceView
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

    def sentence(self, name: str, language: str = "en") -> SentenceView:
        """Return what the speaker of the voice `name` is to read aloud; good for one recording.

        Raises:
            ConsentError: If nothing there can judge it, or too many wait to be read.
            VoiceNameError: If the name is unfit.
        """
        body = {"name": name, "language": language}
        answer = self._daemon.ask("POST", "/v1/consent/sentences", json=body)
        return cast("SentenceView", answer.json())

    def enrol(
        self,
        name: str,
        clips: Sequence[Path],
        *,
        consent_by: str,
        keep_clips: bool = True,
        sentence_id: str | None = None,
        consent_recording: Path | None = None,
    ) -> EnrolmentView:
        """Make a voice called `name` of recordings whose speaker, `consent_by`, agreed.

        Args:
            name: What it will be called.
            clips: The recordings.
            consent_by: The speaker.
            keep_clips: Whether the voice carries the speech it is made from.
            sentence_id: Of the `sentence` that the speaker read; None if you state the agreement.
            consent_recording: Of that.

        Raises:
            ClipRejectedError: If the recordings cannot make a voice.
            ConsentError: If `consent_by` names nobody, or the agreement is not shown well enough.
            VoiceNameError: If the name is unfit or taken.
            StorageError: If this user's key, with which the agreement is stated, is damaged.
        """
        form = proof(name, consent_by, sentence_id) | {"keep_clips": str(keep_clips).lower()}
        with files.opened_clips(clips) as opened, files.opened_recording(consent_recording) as said:
            uploads = [*(("clips", clip) for clip in opened), *said]
            answer = self._daemon.ask(
                "POST", "/v1/voices", data={"name": name, **form}, files=uploads, answer_s=ENROL_S
            )
        return cast("EnrolmentView", answer.json())

    def consent(
        self,
        name: str,
        *,
        consent_by: str,
        sentence_id: str | None = None,
        consent_recording: Path | None = None,
    ) -> VoiceView:
        """Put a new agreement, given by `consent_by`, in place of a voice's.

        Args:
            name: Of the voice.
            consent_by: The speaker.
            sentence_id: As in `enrol`.
            consent_recording: As in `enrol`.

        Raises:
            VoiceNotFoundError: If there is no such voice.
            ConsentError: If the agreement is not shown well enough.
            StorageError: If this user's key, with which the agreement is stated, is damaged.
        """
        path = f"{_voice_path(name)}/consent"
        form = proof(name, consent_by, sentence_id)
        with files.opened_recording(consent_recording) as said:
            answer = self._daemon.ask("POST", path, data=form, files=said, answer_s=ENROL_S)
        return cast("VoiceView", answer.json())

    def grant(self, name: str, to: str) -> VoiceView:
        """Let `to` ("everyone", "discord:user:12", "discord:role:9") use a voice.

        Raises:
            VoiceNotFoundError: If there is no such voice.
            ConsentError: If it is not this user's to grant, or its agreement does not count.
            UserError: If `to` names nobody.
        """
        answer = self._daemon.ask("POST", f"{_voice_path(name)}/grants", json={"to": to})
        return cast("VoiceView", answer.json())

    def withdraw(self, name: str, to: str) -> VoiceView:
        """Let `to` use a voice no more; what only they could say in it is cut off.

        Raises:
            VoiceNotFoundError: If there is no such voice.
            ConsentError: If it is not this user's to withdraw, or its agreement does not count.
        """
        answer = self._daemon.ask("DELETE", f"{_voice_path(name)}/grants", params={"to": to})
        return cast("VoiceView", answer.json())

    def revoke(self, name: str) -> int:
        """Take the agreement to a voice back: it is silenced, destroyed, and kept away for good.

        Returns:
            How many lines were cut off.

        Raises:
            VoiceNotFoundError: If there is no such voice.
        """
        answer = self._daemon.ask("POST", f"{_voice_path(name)}/revoke")
        return int(answer.json()["cancelled"])


def proof(name: str, by: str, sentence_id: str | None) -> dict[str, str]:
    """Return the form's fields that show that `by` agreed to the voice `name`.

    Without a sentence it is stated with this user's key; where there is none, the daemon decides.

    Raises:
        StorageError: If there is one, and others can read it or it is damaged.
    """
    form = {"consent_by": by}
    if sentence_id is not None:
        return {**form, "sentence_id": sentence_id}
    from rtvc_bridge.safety import attestation  # with numpy, which the rest does without

    made = attestation.made_here(sendable(name), sendable(by))
    if made is None:
        return form
    return {**form, "attested_at": made.at, "attestation": made.signature}


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
