"""What is done with voices, by whom, and the note of it: the same for every adapter."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from rtvc_bridge.errors import ConsentError
from rtvc_bridge.safety.asker import Asker
from rtvc_bridge.safety.audit.entry import Kind
from rtvc_bridge.safety.consent import SPOKEN
from rtvc_bridge.safety.policy import Policy
from rtvc_bridge.safety.trust import may_use
from rtvc_bridge.voices import Consent, Summary, Voice, VoiceStore


class Silence(Protocol):
    """Cancels lines in a voice: `Queue.silence`."""

    def __call__(self, voice_id: str, *, keep: Callable[[Asker], bool] = ...) -> int:
        """Return how many."""


def nobody_speaks(voice_id: str, *, keep: Callable[[Asker], bool] = lambda _: False) -> int:
    """Silence for a program without an engine."""
    return 0


class Custody:
    """The voices, changed with the right to and with a note. For any thread.

    Args:
        voices: What is changed.
        policy: Signs, and takes the notes.
        silence: Ends what is spoken in a voice.
    """

    def __init__(
        self, voices: VoiceStore, policy: Policy, silence: Silence = nobody_speaks
    ) -> None:
        self._voices = voices
        self._policy = policy
        self._silence = silence

    def add(self, voice: Voice, asker: Asker) -> Summary:
        """Keep a new voice, signed; return what is kept.

        Raises:
            ConsentError: If its record is incomplete, or it was revoked here.
            VoiceNameError: If the name is unfit or taken.
            StorageError: If it cannot be written.
        """
        self._voices.add(self._policy.trust.sign(voice))
        self._policy.note(Kind.ENROLLED, asker, voice)
        return self._voices.summary(voice.id)

    def import_(self, path: Path, name: str | None, asker: Asker) -> Summary:
        """Take in a voice file. It is not usable before its agreement counts here.

        Raises:
            VoiceFileError: If that is not a sound voice file.
            ConsentError: If it was revoked here.
            VoiceNameError: If the name is taken, or the voice is here already.
        """
        voice = self._voices.import_(path, name=name)
        self._policy.note(Kind.IMPORTED, asker, voice)
        return self._voices.summary(voice.id)

    def export(self, name: str, path: Path, asker: Asker) -> None:
        """Write a copy of a voice to `path`, which must not exist.

        Raises:
            VoiceNotFoundError: If there is no such voice.
            StorageError: If `path` exists or cannot be written.
        """
        voice = self._voices.summary(name)
        self._voices.export(voice.id, path)
        self._policy.note(Kind.EXPORTED, asker, voice)

    def rename(self, name: str, new_name: str, asker: Asker) -> Summary:
        """Call a voice `new_name`.

        Raises:
            VoiceNotFoundError: If there is no such voice.
            VoiceNameError: If the new name is unfit or taken.
        """
        known = self._voices.summary(name)
        self._voices.rename(known.id, new_name)
        self._policy.note(Kind.RENAMED, asker, self._voices.summary(known.id))
        return self._voices.summary(known.id)

    def consent(self, name: str, consent: Consent, asker: Asker) -> Summary:
        """Put a new agreement in place of a voice's.

        Raises:
            VoiceNotFoundError: If there is no such voice.
            ConsentError: If `consent` is incomplete, or the voice is somebody else's.
        """

        def changed(old: Voice) -> Voice:
            trust = self._policy.trust
            if not trust.vouched(old):
                _check_stated(consent)
            elif old.consent.owner not in asker.names:
                raise ConsentError(f"Only the owner of {old.name!r} may do that.")
            return trust.sign(replace(old, consent=consent))

        voice = self._voices.update(name, changed)
        self._policy.note(Kind.CONSENTED, asker, voice)
        return self._voices.summary(voice.id)

    def grant(self, name: str, to: str, asker: Asker) -> Summary:
        """Let `to`, as `safety.asker` names people and groups, use a voice.

        Raises:
            VoiceNotFoundError: If there is no such voice.
            ConsentError: If `asker` does not own it, or its agreement does not count.
        """
        voice = self._regranted(name, asker, lambda grants: {*grants, to})
        self._policy.note(Kind.GRANTED, asker, voice, reason=f"to {to}")
        return self._voices.summary(voice.id)

    def withdraw(self, name: str, to: str, asker: Asker) -> Summary:
        """Let `to` use a voice no more; what only they could say in it is cut off.

        Raises:
            VoiceNotFoundError: If there is no such voice.
            ConsentError: If `asker` does not own it, or its agreement does not count.
        """
        voice = self._regranted(name, asker, lambda grants: {*grants} - {to})
        self._silence(voice.id, keep=lambda other: may_use(voice.consent, other))
        self._policy.note(Kind.WITHDRAWN, asker, voice, reason=f"from {to}")
        return self._voices.summary(voice.id)

    def revoke(self, name: str, asker: Asker) -> int:
        """Take the agreement back: silence the voice, destroy it, and keep it away for good.

        Returns:
            How many lines were cut off.

        Raises:
            VoiceNotFoundError: If there is no such voice.
            ConsentError: If `asker` neither owns it nor runs this computer.
            StorageError: If it cannot be destroyed; once its tombstone stands it is refused.
        """
        voice = self._owned(name, asker)
        cut_off = self._silence(voice.id)
        try:
            self._voices.revoke(voice.id, by=asker.name)
        finally:
            if self._voices.tombstones.has(voice.id):
                cut_off += self._silence(voice.id)  # what was let in meanwhile
                self._policy.note(Kind.REVOKED, asker, voice)
        return cut_off

    def delete(self, name: str, asker: Asker) -> None:
        """Remove a voice, or by its id a damaged file; it may be imported again.

        Raises:
            VoiceNotFoundError: If there is no such voice.
            ConsentError: If `asker` neither owns it nor runs this computer.
            StorageError: If it cannot be removed.
        """
        if name in {file.id for file in self._voices.listing().damaged}:
            self._voices.delete(name)
            self._policy.note(Kind.DELETED, asker, reason=f"damaged file {name}")
            return
        voice = self._owned(name, asker)
        self._voices.delete(voice.id)
        self._silence(voice.id)
        self._policy.note(Kind.DELETED, asker, voice)

    def _owned(self, name: str, asker: Asker) -> Summary:
        voice = self._voices.summary(name)
        if voice.consent.owner not in asker.names and not asker.operator:
            raise ConsentError(f"Only the owner of {voice.name!r} may do that.")
        return voice

    def _regranted(
        self, name: str, asker: Asker, change: Callable[[tuple[str, ...]], set[str]]
    ) -> Voice:
        def changed(old: Voice) -> Voice:
            # Not the operator: a voice is granted by whom it belongs to.
            if old.consent.owner not in asker.names:
                raise ConsentError(f"Only the owner of {old.name!r} may do that.")
            self._policy.trust.check_record(old)  # before a new signature makes it good
            grants = tuple(sorted(change(old.consent.grants)))
            return self._policy.trust.sign(
                replace(old, consent=replace(old.consent, grants=grants))
            )

        return self._voices.update(name, changed)


def _check_stated(consent: Consent) -> None:
    """Refuse a reading for a voice of unknown making: only its d-vector was compared with it.

    What it sounds like is in tensors that somebody else may have put beside that.
    """
    if consent.level == SPOKEN:
        msg = "A voice that was made elsewhere has to be enrolled anew from recordings."
        raise ConsentError(msg)
