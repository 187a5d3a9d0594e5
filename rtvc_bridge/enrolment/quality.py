"""Judging recordings before a voice is made of them: what is wrong, and what would help."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.enrolment import figures
from rtvc_bridge.enrolment.activity import Speech
from rtvc_bridge.enrolment.clips import Clip
from rtvc_bridge.enrolment.figures import Embed

LEAST_SPEECH_S = 2.0
ENOUGH_SPEECH_S = 5.0

# Two clips, one person? Cosine of d-vectors, LibriSpeech (clips of 3 s of speech or more): same
# speaker 0.739 to 0.982 (136 pairs of 4 speakers, one book each), others 0.318 to 0.879 (27,495
# pairs of 251). Under 0.65 are no same-speaker pairs and 80 % of the others; under 0.75 are
# 0.7 % and 98 %. Other rooms and microphones lower it, so only the first refuses.
_OTHER_PERSON = 0.65
_PERHAPS_OTHER_PERSON = 0.75

# One clip, two people? split_cosine of 241 clips of one speaker and 600 joined from two, the
# second speaking half of the time: under 0.65 are none and 89 %, under 0.75 none and 99 %.
_TWO_PEOPLE = 0.65
_PERHAPS_TWO_PEOPLE = 0.75
_LEAST_TO_COMPARE_S = 2.0
_MOST_WINDOWS = 24  # over all clips; each costs one run of the encoder

_HOPELESS_SNR_DB = 3.0
_NOISY_SNR_DB = 12.0  # one of 251 LibriSpeech clips is below, at 11.2 dB
_QUIET_DBFS = -42.0
# Share of samples within 1 % of the loudest: at most 0.002 in sound clipped by 3 dB or not at
# all, 0.005 when clipped by 6 dB, 0.05 by 12 dB (medians of 33 clips).
_CLIPPED = 0.002
_ECHO_S = 0.42  # 3 % of dry clips pass it, 95 % of those with a decay of 0.6 s
_TELEPHONE_DB = -50.0


class Severity(StrEnum):
    """What a finding means for the enrolment."""

    REFUSE = "refuse"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with the recordings.

    Attributes:
        severity: Whether it stops the enrolment.
        code: For programs: one word, joined with hyphens.
        message: For people: what is wrong and what to do.
        clip: Which clip, from 0; None if it concerns them together.
    """

    severity: Severity
    code: str
    message: str
    clip: int | None = None


@dataclass(frozen=True, slots=True)
class ClipFigures:
    """What was measured on one clip; None where speech was too little to measure.

    Attributes:
        seconds: Length of the recording.
        speech_s: Seconds of speech in it.
        level_dbfs: Mean power of the speech.
        snr_db: Speech over noise.
        clipped: Share of samples near the loudest, 0..1.
        decay_s: Estimate of the time sound takes to fall by 60 dB.
        treble_db: 4.3 to 7.5 kHz against 0.5 to 3.4 kHz.
        split: Cosine between the two most different halves of the clip; 1 is one voice.
    """

    seconds: float
    speech_s: float
    clipped: float
    level_dbfs: float | None = None
    snr_db: float | None = None
    decay_s: float | None = None
    treble_db: float | None = None
    split: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What recordings are good for.

    Attributes:
        findings: The worst first.
        clips: Figures of each clip, in order.
        least_alike: Lowest cosine between two clips; None with fewer than two to compare.
    """

    findings: tuple[Finding, ...]
    clips: tuple[ClipFigures, ...]
    least_alike: float | None

    @property
    def speech_s(self) -> float:
        """Seconds of speech in all clips together."""
        return sum(clip.speech_s for clip in self.clips)

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The findings that stop the enrolment."""
        return tuple(found for found in self.findings if found.severity is Severity.REFUSE)


def report_on(clips: Sequence[Clip], speeches: Sequence[Speech], embed: Embed) -> Report:
    """Return what `clips`, whose speech is in `speeches`, are good for."""
    most = max(4, _MOST_WINDOWS // max(1, len(clips)))
    vectors = [_vectors(speech, embed, most) for speech in speeches]
    measured = tuple(
        _figures(clip, speech, windows)
        for clip, speech, windows in zip(clips, speeches, vectors, strict=True)
    )
    known = {i: figures.mean_vector(windows) for i, windows in enumerate(vectors) if len(windows)}
    pair = figures.least_alike(list(known.values())) if len(known) > 1 else None
    found = chain(
        _about_amount(measured),
        *(_about_clip(i, clip, clips[i]) for i, clip in enumerate(measured) if clip.speech_s),
        _about_people(pair, list(known)),
    )
    worst_first = sorted(found, key=lambda finding: list(Severity).index(finding.severity))
    return Report(tuple(worst_first), measured, pair[0] if pair else None)


def _vectors(speech: Speech, embed: Embed, most: int) -> NDArray[np.float32]:
    if speech.seconds < _LEAST_TO_COMPARE_S:
        return np.zeros((0, 0), np.float32)
    return figures.window_vectors(speech.audio, embed, most=most)


def _figures(clip: Clip, speech: Speech, vectors: NDArray[np.float32]) -> ClipFigures:
    if not speech.spans:
        return ClipFigures(clip.source_seconds, 0.0, clip.near_peak)
    measured = figures.levels(clip.audio, speech)
    return ClipFigures(
        seconds=clip.source_seconds,
        speech_s=speech.seconds,
        clipped=clip.near_peak,
        level_dbfs=measured.speech_dbfs,
        snr_db=measured.snr_db,
        decay_s=figures.decay_s(clip.audio),
        treble_db=figures.treble_db(speech.audio),
        split=figures.split_cosine(vectors) if len(vectors) else None,
    )


def _about_amount(clips: Sequence[ClipFigures]) -> Iterator[Finding]:
    total = sum(clip.speech_s for clip in clips)
    if not total:
        message = (
            "Nobody is heard speaking. Record a voice, without music, close to the microphone."
        )
        yield Finding(Severity.REFUSE, "no-speech", message)
        return
    for i, clip in enumerate(clips):
        if not clip.speech_s:
            message = f"Clip {i + 1} has no speech and was left out."
            yield Finding(Severity.WARN, "no-speech", message, i)
    if total < LEAST_SPEECH_S:
        message = f"Only {total:.1f} s of speech; at least {LEAST_SPEECH_S:.0f} s are needed."
        yield Finding(Severity.REFUSE, "too-short", f"{message} Record 10 s or more.")
    elif total < ENOUGH_SPEECH_S:
        message = f"{total:.1f} s of speech make a weak likeness. Record 10 s or more."
        yield Finding(Severity.WARN, "short", message)


def _about_clip(i: int, measured: ClipFigures, clip: Clip) -> Iterator[Finding]:
    yield from _about_sound(i, measured)
    yield from _about_room(i, measured)
    if measured.split is not None and measured.split < _PERHAPS_TWO_PEOPLE:
        sure = measured.split < _TWO_PEOPLE
        message = (
            f"Clip {i + 1} {'has' if sure else 'may have'} more than one speaker. "
            "Cut out everybody but the one who agreed."
        )
        severity = Severity.REFUSE if sure else Severity.WARN
        yield Finding(severity, "two-speakers", message, i)
    if clip.audio.seconds < clip.source_seconds - 1:
        message = (
            f"Clip {i + 1} lasts {clip.source_seconds / 60:.0f} minutes; the first "
            f"{clip.audio.seconds / 60:.0f} were used."
        )
        yield Finding(Severity.NOTE, "cut", message, i)


def _about_sound(i: int, clip: ClipFigures) -> Iterator[Finding]:
    if clip.snr_db is not None and clip.snr_db < _NOISY_SNR_DB:
        message = (
            f"Clip {i + 1} is noisy (speech {clip.snr_db:.0f} dB above the noise). "
            "Record somewhere quiet, closer to the microphone."
        )
        severity = Severity.REFUSE if clip.snr_db < _HOPELESS_SNR_DB else Severity.WARN
        yield Finding(severity, "noisy", message, i)
    if clip.clipped > _CLIPPED:
        message = (
            f"Clip {i + 1} is distorted by overload. Turn the microphone down and record again."
        )
        yield Finding(Severity.WARN, "clipped", message, i)
    if clip.level_dbfs is not None and clip.level_dbfs < _QUIET_DBFS:
        message = (
            f"Clip {i + 1} is very quiet ({clip.level_dbfs:.0f} dBFS). "
            "Turn the microphone up or move closer."
        )
        yield Finding(Severity.WARN, "quiet", message, i)


def _about_room(i: int, clip: ClipFigures) -> Iterator[Finding]:
    if clip.decay_s is not None and clip.decay_s > _ECHO_S:
        message = (
            f"Clip {i + 1} echoes. Record in a furnished room or under a blanket, "
            "closer to the microphone."
        )
        yield Finding(Severity.WARN, "echo", message, i)
    if clip.treble_db is not None and clip.treble_db < _TELEPHONE_DB:
        message = (
            f"Clip {i + 1} sounds like a telephone call: nothing above 4 kHz. "
            "Record with a microphone of the computer."
        )
        yield Finding(Severity.WARN, "narrow-band", message, i)


def _about_people(pair: tuple[float, int, int] | None, compared: list[int]) -> Iterator[Finding]:
    if pair is None or pair[0] >= _PERHAPS_OTHER_PERSON:
        return
    cosine, one, other = pair
    sure = cosine < _OTHER_PERSON
    message = (
        f"Clips {compared[one] + 1} and {compared[other] + 1} "
        f"{'are not' if sure else 'may not be'} of the same speaker (similarity {cosine:.2f}). "
        "Use clips of one person, who agreed."
    )
    yield Finding(Severity.REFUSE if sure else Severity.WARN, "other-speaker", message)
