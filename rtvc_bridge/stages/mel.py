"""Filters that gather a spectrum into mel bands."""

import math

import numpy as np
from numpy.typing import NDArray


def mel_filters(rate_hz: int, window_samples: int, bands: int) -> NDArray[np.float32]:
    """Return triangular filters of equal area, float32 [bands, window_samples // 2 + 1].

    Centres are evenly spaced from 0 Hz to half the rate on the mel scale of Slaney's
    Auditory Toolbox (1998): linear to 1 kHz, logarithmic above.
    """
    edges = _edges_hz(rate_hz, bands)
    bins = np.linspace(0, rate_hz / 2, window_samples // 2 + 1)
    low, centre, high = (edges[i : i + bands, None] for i in range(3))
    rising = (bins - low) / (centre - low)
    falling = (high - bins) / (high - centre)
    triangles = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(triangles * 2 / (high - low), np.float32)


def mel_centres_hz(rate_hz: int, bands: int) -> NDArray[np.float64]:
    """Return the centres of those filters, float64 [bands]."""
    return _edges_hz(rate_hz, bands)[1:-1]


def _edges_hz(rate_hz: int, bands: int) -> NDArray[np.float64]:
    top = _mel(rate_hz / 2)
    return np.array([_hz(mel) for mel in np.linspace(0, top, bands + 2)])


def _mel(hz: float) -> float:
    return hz * 3 / 200 if hz < 1000 else 15 + 27 * math.log(hz / 1000) / math.log(6.4)


def _hz(mel: float) -> float:
    return mel * 200 / 3 if mel < 15 else 1000 * math.exp((mel - 15) * math.log(6.4) / 27)
