"""How fast somebody speaks: syllables per second of speech, without knowing the words.

After de Jong and Wempe 2009 ("Praat script to detect syllable nuclei and measure speech rate
automatically"): a syllable's vowel is a peak of the intensity, with a dip of 2 dB before the next.
Quick speech swallows dips and slow speech has peaks of its own, so the count is brought towards
the mean rate, and the more so the less was heard. NumPy only.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.audio import Audio, joined

RATE_HZ = 8_000
PAUSE_S = 0.2
"""Quiet that lasts longer is a pause; no pause counts as speech."""
SPEECH_DB = 30.0
"""How far below the loud parts speech still is speech."""
VOWELS = frozenset("AIOQWYaeiouæɐɑɒɔəɚɛɜɪɨʊʌᵊᵻ")  # noqa: RUF001 - phonemes

MEAN_SYLLABLES_PER_S = 4.64
MEAN_NUCLEI_PER_S = 4.04
HALF_TOLD_S = 8.0
"""Seconds of speech of which half of what sets a speaker apart is believed. These three are of
models/training/pace.py, on 74 speakers of LibriSpeech train-clean-100."""

_FRAME = 200  # 25 ms
_HOP = 80
_N_FFT = 256
_BAND_HZ = (300.0, 3300.0)
_RUMBLE_HZ = 60.0
_SMOOTH_S = 0.02
_DIP_DB = 2.0
_NUCLEUS_DB = 20.0
_LOUD_QUANTILE = 0.95
_LEAST_SPEECH_S = 1.5
_LEAST_NUCLEI_PER_S = 1.0

Levels = NDArray[np.float64]


def syllables(symbols: str) -> int:
    """Return how many syllables the phonemes have: their vowels."""
    return sum(symbol in VOWELS for symbol in symbols)


def spoken_s(levels: Levels, *, step_s: float, below: float) -> float:
    """Return the seconds of speech in a curve of levels, pauses left out.

    Args:
        levels: [n], on a logarithmic scale.
        step_s: Between two of them.
        below: How far under the loud ones speech still is speech.
    """
    if not len(levels):
        return 0.0
    heard = np.flatnonzero(levels > np.quantile(levels, _LOUD_QUANTILE) - below)
    steps = np.diff(heard)
    steps[steps > round(PAUSE_S / step_s) + 1] = 1
    return float(1 + steps.sum()) * step_s


def syllables_per_s(clips: Sequence[Audio]) -> float | None:
    """Return how fast the speaker of `clips` most likely speaks, None if too little is heard."""
    heard = nuclei(clips)
    if heard is None:
        return None
    nuclei_per_s, seconds = heard
    told = seconds / (seconds + HALF_TOLD_S)
    return float(MEAN_SYLLABLES_PER_S * (nuclei_per_s / MEAN_NUCLEI_PER_S) ** told)


def nuclei(clips: Sequence[Audio]) -> tuple[float, float] | None:
    """Return syllable nuclei per second of speech and the seconds of it; None if too little."""
    samples = joined(clip.at(RATE_HZ) for clip in clips).samples
    speech_s = heard_s(samples)
    if speech_s < _LEAST_SPEECH_S:
        return None
    per_s = _peaks(_levels_db(samples, *_BAND_HZ)) / speech_s
    return (per_s, speech_s) if per_s >= _LEAST_NUCLEI_PER_S else None


def heard_s(samples: NDArray[np.float32]) -> float:
    """Return the seconds of speech in [n] samples at 8 kHz, pauses left out."""
    levels = _levels_db(samples, _RUMBLE_HZ, RATE_HZ / 2)
    return spoken_s(levels, step_s=_HOP / RATE_HZ, below=SPEECH_DB)


def _levels_db(samples: NDArray[np.float32], low_hz: float, high_hz: float) -> Levels:
    """Return the level of a band every 10 ms."""
    padded = np.pad(samples.astype(np.float64), _FRAME // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), _N_FFT, axis=1)) ** 2
    at_hz = np.fft.rfftfreq(_N_FFT, 1 / RATE_HZ)
    levels: Levels = 10 * np.log10(
        power[:, (at_hz >= low_hz) & (at_hz <= high_hz)].sum(axis=1) + 1e-9
    )
    return levels


def _peaks(levels: Levels) -> int:
    """Return how many peaks stand near the loud ones, with a dip between any two."""
    loud = np.quantile(levels, _LOUD_QUANTILE)
    count, rising, extreme = 0, True, -np.inf
    for level in _smoothed(np.maximum(levels, loud - SPEECH_DB)):
        if rising:
            extreme = max(extreme, level)
            if level < extreme - _DIP_DB:
                count += extreme > loud - _NUCLEUS_DB
                rising, extreme = False, level
        else:
            extreme = min(extreme, level)
            if level > extreme + _DIP_DB:
                rising, extreme = True, level
    return count + bool(rising and extreme > loud - _NUCLEUS_DB)


def _smoothed(levels: Levels) -> Levels:
    deviation = _SMOOTH_S * RATE_HZ / _HOP
    reach = round(4 * deviation)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    return np.convolve(np.pad(levels, reach, mode="edge"), kernel / kernel.sum(), "valid")
