"""How loud speech is heard to be (ITU-R BS.1770-4), and voices brought to one loudness."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.audio import Audio

TARGET_LUFS = -23.0
"""EBU R 128. Speech at this loudness peaks at about -8 dB of full scale."""
CEILING_DB = -1.0
MAX_GAIN_DB = 12.0

BLOCK_S = 0.4
STEP_S = 0.1
OFFSET_DB = -0.691
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_DB = -10.0
# BS.1770-4, annex 1, tables 1 and 2: numerator and denominator at 48 kHz.
_SHELF = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285),
    (1.0, -1.69065929318241, 0.73248077421585),
)
_HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
_FILTERS_HZ = 48_000


class Match:
    """Brings one utterance to TARGET_LUFS, piece by piece; a piece is at least a clause.

    The gain of a piece follows from all that was heard so far, so that a short first word does
    not decide over a long line. It does not exceed MAX_GAIN_DB, nor CEILING_DB at any sample.
    """

    def __init__(self) -> None:
        self._powers: list[NDArray[np.float64]] = []

    def matched(self, audio: Audio) -> Audio:
        """Return the next piece with its gain."""
        self._powers.append(_powers(audio))
        heard_lufs = _gated(np.concatenate(self._powers))
        peak = float(np.abs(audio.samples).max(initial=0))
        if math.isinf(heard_lufs) or peak == 0:
            return audio
        room_db = CEILING_DB - 20 * math.log10(peak)
        gain_db = min(TARGET_LUFS - heard_lufs, MAX_GAIN_DB, room_db)
        return Audio(audio.samples * np.float32(10 ** (gain_db / 20)), audio.rate_hz)


def loudness_lufs(audio: Audio) -> float:
    """Return the integrated, gated loudness of mono sound up to 48 kHz; -inf for silence.

    Sound shorter than BLOCK_S counts as one block.
    """
    return _gated(_powers(audio))


def _powers(audio: Audio) -> NDArray[np.float64]:
    """Return the K-weighted mean square of each block, [n].

    The weighting is a factor on the block's spectrum (Parseval), which needs no filter that
    runs over every sample in Python, and no SciPy, whose import costs 40 MB.
    """
    block = round(BLOCK_S * audio.rate_hz)
    samples = audio.samples
    if len(samples) < block:
        block = len(samples)
    if not block:
        return np.zeros(0)
    step = round(STEP_S * audio.rate_hz)
    blocks = np.lib.stride_tricks.sliding_window_view(samples, block)[::step]
    spectrum = np.abs(np.fft.rfft(blocks, axis=1)) ** 2
    spectrum[:, 1 : (block + 1) // 2] *= 2  # the negative frequencies
    powers: NDArray[np.float64] = spectrum @ _weights(block, audio.rate_hz) / block**2
    return powers


@lru_cache(maxsize=16)  # short pieces come in any length
def _weights(block: int, rate_hz: int) -> NDArray[np.float64]:
    """Return the power response of the K weighting at each of rfft's frequencies."""
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(block, 1 / rate_hz) / _FILTERS_HZ)
    response = np.ones(len(turn), np.complex128)
    for above, below in (_SHELF, _HIGH_PASS):
        response *= np.polyval(above[::-1], turn) / np.polyval(below[::-1], turn)
    weights: NDArray[np.float64] = np.abs(response) ** 2
    return weights


def _gated(powers: NDArray[np.float64]) -> float:
    """Return the loudness of the blocks that count: neither silent nor far below the rest."""
    loud = powers[_lufs(powers) > ABSOLUTE_GATE_LUFS]
    if not len(loud):
        return -math.inf
    gate_lufs = float(_lufs(loud.mean(keepdims=True))[0]) + RELATIVE_GATE_DB
    return float(_lufs(loud[_lufs(loud) > gate_lufs].mean(keepdims=True))[0])


def _lufs(powers: NDArray[np.float64]) -> NDArray[np.float64]:
    return OFFSET_DB + 10 * np.log10(np.maximum(powers, 1e-20))
