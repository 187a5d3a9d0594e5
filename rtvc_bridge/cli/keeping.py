"""The voices, kept by the daemon or by this process: the same methods and shapes either way."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from rtvc_bridge.cli.assembly import consent_check, opened_engine, policy_of, voice_store
from rtvc_bridge.cli.reach import reached
from rtvc_bridge.cli.shapes import damaged_view, report_view, voice_view
from rtvc_bridge.client import DamagedView, EnrolmentView, SentenceView, VoiceView
from rtvc_bridge.config import Settings
from rtvc_bridge.engine import Engine
from rtvc_bridge.engine.custody import Custody
from rtvc_bridge.enrolment import read_clip
from rtvc_bridge.enrolment.spoken import Check
from rtvc_bridge.errors import ConsentError
from rtvc_bridge.safety.asker import HERE
from rtvc_bridge.safety.consent import SPOKEN, attested, spoken
from rtvc_bridge.safety.grantee import check_grantee
from rtvc_bridge.safety.phrase import Phrase
from rtvc_bridge.voices import Consent, Embedding, Summary, check_name

READ_ALOUD = (
    'The speaker has to agree by reading a sentence aloud ([consent] here = "spoken"): '
    "add --spoken."
)


class Voices(Protocol):
    """What a Client of the daemon, and OwnVoices, do with voices."""

    def voices(self) -> list[VoiceView]:
        """Return every voice, by name."""

    def damaged(self) -> list[DamagedView]:
        """Return the voice files that cannot be read."""

    def voice(self, name: str) -> VoiceView:
        """Return one voice."""

    def rename(self, name: str, new_name: str) -> None:
        """Call a voice `new_name`."""

    def delete(self, name: str) -> None:
        """Remove a voice, or by its id a damaged file."""

    def export(self, name: str, path: Path) -> None:
        """Write a copy of a voice to `path`, which must not exist."""

    def import_(self, path: Path, name: str | None = None) -> VoiceView:
        """Add the voice in the file at `path`."""

    def sentence(self, name: str) -> SentenceView:
        """Return what the speaker of the voice `name` is to read aloud."""

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
        """Make a voice of recordings whose speaker agreed."""

    def consent(
        self,
        name: str,
        *,
        consent_by: str,
        sentence_id: str | None = None,
        consent_recording: Path | None = None,
    ) -> VoiceView:
        """Put a new agreement in place of a voice's."""

    def grant(self, name: str, to: str) -> VoiceView:
        """Let `to` use a voice."""

    def withdraw(self, name: str, to: str) -> VoiceView:
        """Let `to` use a voice no more."""

    def revoke(self, name: str) -> int:
        """Take the agreement back; return how many lines were cut off."""


class OwnVoices:
    """The voices of the settings' folder, looked after in this process.

    Args:
        settings: As read.
        ends: Closes what is opened here.
    """

    def __init__(self, settings: Settings, ends: ExitStack) -> None:
        self._settings = settings
        self._store = voice_store(settings)
        self._ends = ends
        self._trust = ends.enter_context(policy_of(settings, audited=False)).trust
        self._changing: Custody | None = None
        self._warm: Engine | None = None
        self._judge: Check | None = None

    def voices(self) -> list[VoiceView]:
        """Return every voice, by name."""
        return [self._view(voice) for voice in self._store.listing().voices]

    def damaged(self) -> list[DamagedView]:
        """Return the voice files that cannot be read."""
        return [damaged_view(file) for file in self._store.listing().damaged]

    def voice(self, name: str) -> VoiceView:
        """Return one voice."""
        return self._view(self._store.summary(name))

    def rename(self, name: str, new_name: str) -> None:
        """Call a voice `new_name`."""
        self._custody().rename(name, new_name, HERE)

    def delete(self, name: str) -> None:
        """Remove a voice, or by its id a damaged file."""
        self._custody().delete(name, HERE)

    def export(self, name: str, path: Path) -> None:
        """Write a copy of a voice to `path`, which must not exist."""
        self._custody().export(name, path, HERE)

    def import_(self, path: Path, name: str | None = None) -> VoiceView:
        """Add the voice in the file at `path`."""
        return self._view(self._custody().import_(path, name, HERE))

    def sentence(self, name: str) -> SentenceView:
        """Return what the speaker of the voice `name` is to read aloud."""
        check = self._check()
        given = check.issue(check_name(name))
        return {
            "id": given.id,
            "sentence": given.sentence,
            "seconds": check.challenges.limit_s,
        }

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
        """Make a voice of recordings whose speaker agreed."""
        phrase = self._handed_in(sentence_id, name)
        stated = self._stated(consent_by, sentence_id)
        heard = [read_clip(path) for path in clips]
        made = self._engine().enrol(heard, name=name, consent=stated, keep_clips=keep_clips)
        agreed = self._heard(stated, phrase, consent_recording, made.voice.embedding)
        kept = self._custody().add(replace(made.voice, consent=agreed), HERE)
        return {"voice": self._view(kept), "report": report_view(made.report)}

    def consent(
        self,
        name: str,
        *,
        consent_by: str,
        sentence_id: str | None = None,
        consent_recording: Path | None = None,
    ) -> VoiceView:
        """Put a new agreement in place of a voice's."""
        voice = self._store.get(name)
        phrase = self._handed_in(sentence_id, voice.name)
        stated = self._stated(consent_by, sentence_id)
        agreed = self._heard(stated, phrase, consent_recording, voice.embedding)
        return self._view(self._custody().consent(voice.id, agreed, HERE))

    def grant(self, name: str, to: str) -> VoiceView:
        """Let `to` use a voice."""
        return self._view(self._custody().grant(name, check_grantee(to), HERE))

    def withdraw(self, name: str, to: str) -> VoiceView:
        """Let `to` use a voice no more."""
        return self._view(self._custody().withdraw(name, to, HERE))

    def revoke(self, name: str) -> int:
        """Take the agreement back; return how many lines were cut off: none, here."""
        return self._custody().revoke(name, HERE)

    def _stated(self, by: str, sentence_id: str | None) -> Consent:
        """Return the agreement as stated; one read aloud has still to be heard.

        Raises:
            ConsentError: If it has to be read aloud, or `by` names nobody.
        """
        settings = self._settings.consent
        if sentence_id is None and settings.here == SPOKEN:
            raise ConsentError(READ_ALOUD)
        return attested(by, valid_days=settings.valid_days)

    def _handed_in(self, sentence_id: str | None, name: str) -> Phrase | None:
        """Return the sentence that was read aloud, used up; None if none was."""
        return None if sentence_id is None else self._check().taken(sentence_id, name)

    def _heard(
        self, stated: Consent, phrase: Phrase | None, file: Path | None, embedding: Embedding
    ) -> Consent:
        if phrase is None or file is None:
            return stated
        shown = self._check().spoken(phrase, read_clip(file), embedding)
        return spoken(stated.by, shown, valid_days=self._settings.consent.valid_days)

    def _custody(self) -> Custody:
        if self._changing is None:  # whoever only looks needs no audit
            policy = self._ends.enter_context(policy_of(self._settings))
            self._changing = Custody(self._store, policy)
        return self._changing

    def _engine(self) -> Engine:
        if self._warm is None:
            self._warm = self._ends.enter_context(opened_engine(self._settings, audited=False))
        return self._warm

    def _check(self) -> Check:
        if self._judge is None:
            self._judge = consent_check(self._settings, self._engine())
        return self._judge

    def _view(self, voice: Summary) -> VoiceView:
        return voice_view(voice, self._trust)


@contextmanager
def keeper(settings: Settings, *, local: bool) -> Iterator[Voices]:
    """Give the voices of the running daemon, or this process's own."""
    with reached(local=local) as client, ExitStack() as ends:
        yield client or OwnVoices(settings, ends)
