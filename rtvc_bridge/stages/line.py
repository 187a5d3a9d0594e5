"""Telephone lines: whether a recording came over one, and what such a line lets through.

What is left of a person's own voice is often a message on an answering machine. Its missing bands
say nothing of the speaker: they are not compared, and what the tuner reads of them is guessed from
the others (models/training/line.py). Numpy only.
"""

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.stages.mel import mel_centres_hz

RATE_HZ = 16_000
N_BANDS = 80
PASSED_HZ = (300.0, 3400.0)
"""What telephony lets through (ITU-T G.712)."""
KEPT_HZ = (350.0, 3300.0)
"""Whose bands any line keeps whole."""
LOST_HZ = 4300.0
"""From which on none lets anything through."""
NARROW = -9.5
"""Most nats from the kept bands to the lost ones, -41 dB. Of 251 clips of LibriSpeech none is under
-7.6; of their 1,004 pieces over drawn lines (models/training/line.py) none is over -10.5."""

_centres_hz = mel_centres_hz(RATE_HZ, N_BANDS)
KEPT = np.flatnonzero((KEPT_HZ[0] < _centres_hz) & (KEPT_HZ[1] > _centres_hz))
"""Numbers of the kept bands of a long-term spectrum."""
_LOST = np.flatnonzero(_centres_hz > LOST_HZ)


def is_narrow(spectrum: NDArray[np.float32]) -> bool:
    """Return whether a long-term spectrum, [80] log-mel bands, is that of a telephone line."""
    return bool(spectrum[_LOST].mean() - spectrum[KEPT].mean() < NARROW)
