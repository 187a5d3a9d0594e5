"""Making a voice of recordings, or saying why not."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import soundfile

from rtvc_bridge.audio import Audio
from rtvc_bridge.enrolment.activity import Speech, detected_speech
from rtvc_bridge.enrolment.clips import Clip
from rtvc_bridge.enrolment.figures import Embed
from rtvc_bridge.enrolment.quality import Report, report_on
from rtvc_bridge.enrolment.vad import SpeechDetector
from rtvc_bridge.errors import ClipRejectedError
from rtvc_bridge.pipeline import Pipeline
from rtvc_bridge.safety.consent import check_consent
from rtvc_bridge.voices import Consent, Voice, check_name

MAX_SPEECH_S = 180.0


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A new voice, and how good its recordings were.

    Attributes:
        voice: Not stored yet.
        report: Without refusals.
    """

    voice: Voice
    report: Report


def examine(clips: Sequence[Clip], embed: Embed, *, detector: SpeechDetector) -> Report:
    """Return what `clips` are good for, without making a voice."""
    return report_on(clips, _speeches(clips, detector), embed)


def enrol(
    pipeline: Pipeline,
    clips: Sequence[Clip],
    *,
    name: str,
    consent: Consent,
    detector: SpeechDetector,
    keep_clips: bool = True,
) -> Enrolment:
    """Return the voice heard in `clips`, and the report on them.

    The pipeline hears, and the voice keeps as 16 bit FLAC, the speech alone: at most 180 s.

    Args:
        pipeline: Makes the voice.
        clips: One or more recordings of one speaker.
        name: What to call the voice.
        consent: The speaker's agreement.
        detector: Finds the speech.
        keep_clips: Whether the voice carries the speech it was made from.

    Raises:
        VoiceNameError: If `name` is not fit for a voice.
        ConsentError: If the agreement is missing.
        ClipRejectedError: With every reason for which the clips were refused.
    """
    name = check_name(name)
    check_consent(consent)
    if not clips:
        msg = "A voice takes at least one recording."
        raise ClipRejectedError(msg)
    speeches = _speeches(clips, detector)
    report = report_on(clips, speeches, pipeline.embed)
    if report.refusals:
        raise ClipRejectedError(" ".join(refusal.message for refusal in report.refusals))
    heard = _at_most([speech.audio for speech in speeches if speech.spans], MAX_SPEECH_S)
    voice = pipeline.enrol(heard, name=name, consent=consent)
    kept = tuple(_flac(clip) for clip in heard) if keep_clips else ()
    return Enrolment(replace(voice, clips=kept), report)


def _speeches(clips: Sequence[Clip], detector: SpeechDetector) -> list[Speech]:
    return [detected_speech(clip.audio, detector) for clip in clips]


def _at_most(clips: Sequence[Audio], seconds: float) -> list[Audio]:
    kept: list[Audio] = []
    for clip in clips:
        left_s = seconds - sum(earlier.seconds for earlier in kept)
        if left_s > 0:
            kept.append(Audio(clip.samples[: round(left_s * clip.rate_hz)], clip.rate_hz))
    return kept


def _flac(clip: Audio) -> bytes:
    file = io.BytesIO()
    levels = np.rint(np.clip(clip.samples, -1, 1) * 32767).astype(np.int16)
    soundfile.write(file, levels, clip.rate_hz, format="FLAC", subtype="PCM_16")
    return file.getvalue()
