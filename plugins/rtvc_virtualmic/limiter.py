"""A limiter: loud passages are turned down instead of being cut off at full scale."""

import numpy as np
from numpy.typing import NDArray

CEILING_DB = -1.0
RELEASE_DB_S = 20.0
ATTACK_S = 0.001


class Limiter:
    """Keeps a stream under CEILING_DB. Turns down within ATTACK_S, and back up slowly.

    Args:
        gain_db: Added first.
    """

    def __init__(self, gain_db: float = 0.0) -> None:
        self._loudness = np.float32(10 ** (gain_db / 20))
        self._ceiling = np.float32(10 ** (CEILING_DB / 20))
        self._gain = 1.0

    def limited(self, samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
        """Return the next float32 [n] of the stream, under the ceiling."""
        louder = samples * self._loudness
        peak = float(np.abs(louder).max(initial=0))
        allowed = min(1.0, float(self._ceiling) / peak) if peak > 0 else 1.0
        recovered = self._gain * 10 ** (RELEASE_DB_S / 20 * len(samples) / rate_hz)
        target = min(allowed, recovered, 1.0)
        gains = np.full(len(samples), target, np.float32)
        ramp = min(len(samples), round(ATTACK_S * rate_hz))
        gains[:ramp] = np.linspace(self._gain, target, ramp, dtype=np.float32)
        self._gain = target
        kept: NDArray[np.float32] = np.clip(louder * gains, -self._ceiling, self._ceiling)
        return kept
