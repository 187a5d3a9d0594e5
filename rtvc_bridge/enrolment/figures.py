"""What can be measured about a recording: level, noise, echo, bandwidth, and how many speak.

Thresholds that judge these figures are in quality.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.audio import Audio
from rtvc_bridge.enrolment.activity import Speech
from rtvc_bridge.voices import Embedding

Embed: TypeAlias = Callable[[Audio], Embedding]
Powers: TypeAlias = NDArray[np.float64]

WINDOW_S = 1.6  # what the GE2E encoder sees at once
_WINDOW_HOP_S = 0.8
_FRAME_S = 0.02
_POWER_FLOOR = 1e-9  # -90 dBFS: digital silence still gives a figure
_DECAY_HOP_S = 0.01


@dataclass(frozen=True, slots=True)
class Levels:
    """How loud the speech is, and how far above the noise.

    Attributes:
        speech_dbfs: Mean power of the speech; 0 is a full-scale square wave.
        snr_db: Speech over noise, noise taken off the speech first. The noise is the quietest
            twentieth of the clip, digital silence left out: speech without a pause has gaps
            that short. White noise mixed in at 0 to 30 dB was measured within 1.2 dB (medians
            of 33 LibriSpeech clips).
    """

    speech_dbfs: float
    snr_db: float


def levels(clip: Audio, speech: Speech) -> Levels:
    """Return the levels in a clip that has speech."""
    powers = _frame_powers(clip, _FRAME_S)
    times_s = (np.arange(len(powers)) + 0.5) * _FRAME_S
    inside = np.zeros(len(powers), bool)
    for start, end in speech.spans:
        inside |= (times_s >= start) & (times_s < end)
    heard = powers[powers > 1e-12]  # digital silence was put there later
    noise = max(float(np.percentile(heard, 5)), _POWER_FLOOR) if len(heard) else _POWER_FLOOR
    loud = max(float(powers[inside].mean()), _POWER_FLOOR)
    return Levels(_db(loud), _db(max(loud - noise, _POWER_FLOOR) / noise))


def decay_s(clip: Audio) -> float | None:
    """Return how long sound takes to fall by 60 dB after speech ends, or None if unclear.

    The median slope of falling stretches of the level (10 ms hop, 50 ms smoothing), after the
    first 2 dB, of at least 8 dB, above the noise: no room decays faster than it reverberates
    (Wen, Habets and Naylor 2008, "Blind estimation of reverberation time based on the
    distribution of signal decay rates"). Speech itself fades slowly, so this reads high for
    dry rooms and low for wet ones. Measured, 26 LibriSpeech clips, exponential tails 6 dB
    below the direct sound: 0.26 s dry, 0.30 at 0.2 s, 0.42 at 0.4, 0.50 at 0.6, 0.63 at 1.0.
    """
    powers = _frame_powers(clip, _DECAY_HOP_S)
    if len(powers) < 10:
        return None
    pairs = np.convolve(powers, [0.5, 0.5], "valid")
    smooth = np.convolve(_db_of(np.pad(pairs, 2, mode="edge")), np.full(5, 0.2), "valid")
    top = float(np.percentile(smooth, 95))
    floor = max(float(np.percentile(smooth, 5)), top - 40) + 3
    ends = np.flatnonzero(np.diff(smooth) >= 0)
    decays = []
    for first, last in zip([0, *(ends + 1)], [*ends, len(smooth) - 1], strict=True):
        fall = smooth[first : last + 1]
        used = fall[(fall < fall[0] - 2) & (fall > floor)]
        if fall[0] > top - 20 and len(used) >= 3 and used[0] - used[-1] >= 8:
            decays.append(60 * _DECAY_HOP_S * (len(used) - 1) / float(used[0] - used[-1]))
    return float(np.median(decays)) if len(decays) >= 3 else None


def treble_db(speech: Audio) -> float:
    """Return the level of 4.3 to 7.5 kHz against 0.5 to 3.4 kHz in loud speech.

    -34 to +5 dB in LibriSpeech, under -70 dB in the same clips through an 8 kHz telephone.
    Sound of under 15 kHz sampling rate gives what it has; of 8 kHz, minus infinity.
    """
    size = round(0.032 * speech.rate_hz)
    padded = np.pad(speech.samples, (0, max(0, size - len(speech.samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[:: size // 2]
    power = np.abs(np.fft.rfft(frames * np.hanning(size))) ** 2
    energy = power.sum(axis=1)
    mean = power[energy >= np.quantile(energy, 0.6)].mean(axis=0)
    hz = np.fft.rfftfreq(size, 1 / speech.rate_hz)
    treble = mean[(hz > 4300) & (hz < 7500)]
    if not len(treble):
        return float("-inf")
    middle = float(mean[(hz > 500) & (hz < 3400)].mean())
    return _db(max(float(treble.mean()), 1e-20) / max(middle, 1e-20))


def window_vectors(speech: Audio, embed: Embed, *, most: int) -> NDArray[np.float32]:
    """Return d-vectors of 1.6 s windows over `speech`, float32 [n, 256], 1 <= n <= most.

    Windows start 0.8 s apart, or further when there would be more than `most`.
    """
    size, rate_hz = round(WINDOW_S * speech.rate_hz), speech.rate_hz
    last = max(0, len(speech.samples) - size)
    count = min(most, 1 + round(last / (_WINDOW_HOP_S * rate_hz)))
    starts = np.linspace(0, last, count).astype(int)
    windows = (Audio(speech.samples[at : at + size], rate_hz) for at in starts)
    return np.stack([embed(window) for window in windows])


def mean_vector(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean direction of [n, 256] d-vectors, float32 [256], unit length."""
    mean = vectors.mean(axis=0)
    unit: NDArray[np.float32] = mean / np.linalg.norm(mean)
    return unit


def split_cosine(vectors: NDArray[np.float32]) -> float:
    """Return how alike the two most different groups of windows are, -1..1; 1 is one voice.

    Two-means on the unit sphere from the farthest pair; a group under 15 % of the windows, or
    of one window, is chance and counts as one voice.
    """
    cosines = vectors @ vectors.T
    pair = np.unravel_index(int(cosines.argmin()), cosines.shape)
    centres = vectors[list(pair)]
    sides = np.zeros(len(vectors), int)
    for _ in range(10):
        sides = (vectors @ centres.T).argmax(axis=1)
        if sides.min() == sides.max():
            return 1.0
        centres = np.stack([mean_vector(vectors[sides == side]) for side in (0, 1)])
    smaller = int(min(np.count_nonzero(sides == 0), np.count_nonzero(sides == 1)))
    if smaller < max(2, 0.15 * len(vectors)):
        return 1.0
    return float(centres[0] @ centres[1])


def least_alike(vectors: Sequence[NDArray[np.float32]]) -> tuple[float, int, int]:
    """Return the lowest cosine between two of at least two d-vectors, and which two."""
    stacked = np.stack(vectors)
    cosines = stacked @ stacked.T
    first, second = np.unravel_index(int(cosines.argmin()), cosines.shape)
    return float(cosines[first, second]), int(first), int(second)


def _frame_powers(clip: Audio, frame_s: float) -> Powers:
    size = max(1, round(frame_s * clip.rate_hz))
    whole = len(clip.samples) // size * size
    powers: Powers = (clip.samples[:whole].reshape(-1, size).astype(np.float64) ** 2).mean(axis=1)
    return powers


def _db(ratio: float) -> float:
    return 10 * float(np.log10(ratio))


def _db_of(powers: Powers) -> Powers:
    decibels: Powers = 10 * np.log10(powers + 1e-12)
    return decibels
