"""Cutting a recording down to its speech."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from rtvc_bridge.audio import Audio, joined, silence
from rtvc_bridge.enrolment.vad import CHUNK_S, Floats, SpeechDetector

Spans: TypeAlias = tuple[tuple[float, float], ...]  # start and end, in seconds, in order

_BEGINS = 0.5  # probability; silero's own defaults, as is the next
_GOES_ON = 0.35
_SHORTEST_PAUSE_S = 0.16
_SHORTEST_SPEECH_S = 0.16
_MARGIN_S = 0.12  # kept before and after speech; a longer pause keeps two of them
_FADE_S = 0.01
_DETECTABLE_PEAK = 0.3
_MAX_GAIN = 100.0


@dataclass(frozen=True, slots=True)
class Speech:
    """The speech of one clip.

    Attributes:
        audio: Speech only, pauses shortened to at most 0.24 s, at the clip's rate.
        spans: Where in the clip somebody speaks, without margins.
    """

    audio: Audio
    spans: Spans

    @property
    def seconds(self) -> float:
        """Seconds of speech, pauses left out."""
        return sum(end - start for start, end in self.spans)


def detected_speech(clip: Audio, detector: SpeechDetector) -> Speech:
    """Return the speech that `detector` finds in `clip`; a soft clip is raised for it."""
    return speech_of(clip, detector.probabilities(_raised(clip)))


def speech_of(clip: Audio, probabilities: Floats) -> Speech:
    """Return the speech in `clip`, given the probability of speech in each 32 ms of it."""
    spans = speech_spans(probabilities)
    return Speech(_without_pauses(clip, spans), spans)


def speech_spans(probabilities: Floats) -> Spans:
    """Return when somebody speaks: from the first chunk of at least 0.5 to the last of 0.35."""
    spans: list[tuple[int, int]] = []
    start: int | None = None
    quiet = 0
    patience = round(_SHORTEST_PAUSE_S / CHUNK_S)
    for chunk, probability in enumerate([*probabilities, *[0.0] * patience]):
        if start is None:
            start = chunk if probability >= _BEGINS else None
            quiet = 0
            continue
        quiet = 0 if probability >= _GOES_ON else quiet + 1
        if quiet == patience:
            spans.append((start, chunk + 1 - patience))
            start = None
    return tuple(
        (start * CHUNK_S, end * CHUNK_S)
        for start, end in spans
        if (end - start) * CHUNK_S >= _SHORTEST_SPEECH_S
    )


def _raised(clip: Audio) -> Audio:
    """Return a soft clip as loud as the detector needs it; others as they are."""
    peak = float(np.abs(clip.samples).max(initial=0))
    if not 0 < peak < _DETECTABLE_PEAK:
        return clip
    gain = min(_DETECTABLE_PEAK / peak, _MAX_GAIN)
    return Audio(clip.samples * np.float32(gain), clip.rate_hz)


def _without_pauses(clip: Audio, spans: Spans) -> Audio:
    merged: list[list[float]] = []
    for start, end in spans:
        if merged and start - _MARGIN_S <= merged[-1][1] + _MARGIN_S:
            merged[-1][1] = end
        else:
            merged.append([start, end])
    pieces = [_cut(clip, start - _MARGIN_S, end + _MARGIN_S) for start, end in merged]
    return joined(pieces) if pieces else silence(0, clip.rate_hz)


def _cut(clip: Audio, start_s: float, end_s: float) -> Audio:
    """Return a part of `clip`, faded in and out over 10 ms so that its joins do not click."""
    first = max(0, round(start_s * clip.rate_hz))
    samples = clip.samples[first : round(end_s * clip.rate_hz)].copy()
    ramp = np.linspace(0, 1, min(round(_FADE_S * clip.rate_hz), len(samples)), dtype=np.float32)
    samples[: len(ramp)] *= ramp
    samples[len(samples) - len(ramp) :] *= ramp[::-1]
    return Audio(samples, clip.rate_hz)
