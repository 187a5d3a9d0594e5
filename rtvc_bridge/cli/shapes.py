"""Voices and reports in the shapes in which the daemon tells of them."""

from rtvc_bridge.client import ConsentView, DamagedView, ReportView, SpokenView, VoiceView
from rtvc_bridge.enrolment import Report
from rtvc_bridge.errors import ConsentError
from rtvc_bridge.safety.trust import Trust
from rtvc_bridge.voices import Consent, Damaged, Spoken, Summary


def voice_view(voice: Summary, trust: Trust) -> VoiceView:
    """Return what a voice's header tells, and what `trust` makes of it."""
    return {
        "id": voice.id,
        "name": voice.name,
        "created_at": voice.created_at,
        "consent": _consent_view(voice.consent),
        "clip_seconds": round(sum(voice.clip_seconds, 0.0), 3),
        "trouble": _trouble(voice, trust),
    }


def damaged_view(file: Damaged) -> DamagedView:
    """Return what is known of a file that cannot be read."""
    return {"id": file.id, "file": str(file.path), "reason": file.reason}


def report_view(report: Report) -> ReportView:
    """Return how good recordings are."""
    return {
        "speech_s": round(report.speech_s, 3),
        "findings": [
            {"severity": each.severity, "message": each.message} for each in report.findings
        ],
    }


def _consent_view(consent: Consent) -> ConsentView:
    return {
        "by": consent.by,
        "given_at": consent.given_at,
        "level": consent.level,
        "spoken": None if consent.spoken is None else _spoken_view(consent.spoken),
        "owner": consent.owner,
        "uses": list(consent.uses),
        "grants": list(consent.grants),
        "expires_at": consent.expires_at,
    }


def _spoken_view(spoken: Spoken) -> SpokenView:
    return {
        "sentence": spoken.sentence,
        "words": spoken.words,
        "words_least": spoken.words_least,
        "speaker": spoken.speaker,
        "speaker_least": spoken.speaker_least,
    }


def _trouble(voice: Summary, trust: Trust) -> str | None:
    try:
        trust.check_record(voice)
    except ConsentError as error:
        return str(error)
    return None
