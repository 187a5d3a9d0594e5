"""The voices, kept by the daemon or by this process: the same methods and shapes either way."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from rtvc_bridge.cli.assembly import opened_engine, voice_store
from rtvc_bridge.cli.reach import reached
from rtvc_bridge.client import DamagedView, EnrolmentView, ReportView, VoiceView
from rtvc_bridge.config import Settings
from rtvc_bridge.enrolment import Report, read_clip
from rtvc_bridge.safety.consent import attested
from rtvc_bridge.voices import Damaged, Summary


class Voices(Protocol):
    """What a Client of the daemon, and OwnVoices, do with voices."""

    def voices(self) -> list[VoiceView]:
        """Return every usable voice, by name."""

    def damaged(self) -> list[DamagedView]:
        """Return the voice files that cannot be used."""

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

    def enrol(
        self, name: str, clips: Sequence[Path], *, consent_by: str, keep_clips: bool
    ) -> EnrolmentView:
        """Make a voice of recordings whose speaker agreed."""


class OwnVoices:
    """The voices of the settings' folder, looked after in this process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = voice_store(settings)

    def voices(self) -> list[VoiceView]:
        """Return every usable voice, by name."""
        return [_view(voice) for voice in self._store.listing().voices]

    def damaged(self) -> list[DamagedView]:
        """Return the voice files that cannot be used."""
        return [_damaged(file) for file in self._store.listing().damaged]

    def voice(self, name: str) -> VoiceView:
        """Return one voice."""
        return _view(self._store.summary(name))

    def rename(self, name: str, new_name: str) -> None:
        """Call a voice `new_name`."""
        self._store.rename(name, new_name)

    def delete(self, name: str) -> None:
        """Remove a voice, or by its id a damaged file."""
        self._store.delete(name)

    def export(self, name: str, path: Path) -> None:
        """Write a copy of a voice to `path`, which must not exist."""
        self._store.export(name, path)

    def import_(self, path: Path, name: str | None = None) -> VoiceView:
        """Add the voice in the file at `path`."""
        return self.voice(self._store.import_(path, name=name).id)

    def enrol(
        self, name: str, clips: Sequence[Path], *, consent_by: str, keep_clips: bool
    ) -> EnrolmentView:
        """Make a voice of recordings whose speaker agreed."""
        consent = attested(consent_by)
        heard = [read_clip(path) for path in clips]
        with opened_engine(self._settings) as engine:
            made = engine.enrol(heard, name=name, consent=consent, keep_clips=keep_clips)
        self._store.add(made.voice)
        return {"voice": self.voice(made.voice.id), "report": _report(made.report)}


@contextmanager
def keeper(settings: Settings, *, local: bool) -> Iterator[Voices]:
    """Give the voices of the running daemon, or this process's own."""
    with reached(local=local) as client:
        yield client or OwnVoices(settings)


def _view(voice: Summary) -> VoiceView:
    consent = voice.consent
    return {
        "id": voice.id,
        "name": voice.name,
        "created_at": voice.created_at,
        "consent": {"by": consent.by, "given_at": consent.given_at, "level": consent.level},
        "clip_seconds": round(sum(voice.clip_seconds, 0.0), 3),
    }


def _damaged(file: Damaged) -> DamagedView:
    return {"id": file.id, "file": str(file.path), "reason": file.reason}


def _report(report: Report) -> ReportView:
    return {
        "speech_s": round(report.speech_s, 3),
        "findings": [
            {"severity": each.severity, "message": each.message} for each in report.findings
        ],
    }
