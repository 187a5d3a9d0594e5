"""What a recording of a known sweep or tone tells: when it came, how often, and what is missing."""

import numpy as np
from numpy.typing import NDArray

ECHO = 0.25
ECHO_FROM_S = 0.003
WINDOW_S = 0.01
JUMP_RAD = 0.3
DIP = 0.7


def matches(recording: NDArray[np.float32], sweep: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how well the sweep fits at each sample of the recording, 1 at its best."""
    size = 1 << (len(recording) + len(sweep)).bit_length()
    spectrum = np.fft.rfft(recording, size) * np.conj(np.fft.rfft(sweep, size))
    fit = np.abs(np.fft.irfft(spectrum, size)[: len(recording)])
    best: NDArray[np.float64] = fit / max(float(fit.max(initial=0)), 1e-12)
    return best


def onset(match: NDArray[np.float64]) -> int:
    """Return where the first copy starts: a later one may be as loud."""
    first = int(np.argmax(match > 0.8))
    return first + int(np.argmax(match[first : first + 48]))


def echo_ms(match: NDArray[np.float64], came: int, within: int, rate_hz: int) -> float | None:
    """Return how much later a second copy starts, `within` samples; None if there is none."""
    start = came + round(ECHO_FROM_S * rate_hz)
    rest = match[start : came + within]
    if not len(rest) or rest.max() < ECHO:
        return None
    return 1000 * (start + int(np.argmax(rest)) - came) / rate_hz


def strongest_hz(tone: NDArray[np.float32], rate_hz: int) -> float:
    """Return the frequency of the strongest tone."""
    spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone)), 4 * len(tone)))
    return float(np.argmax(spectrum)) * rate_hz / (4 * len(tone))


def gaps(tone: NDArray[np.float32], rate_hz: int, heard_hz: float) -> int:
    """Return in how many places the tone dips or its phase jumps."""
    size = round(WINDOW_S * rate_hz)
    count = len(tone) // size
    turned = tone[: count * size] * np.exp(
        -2j * np.pi * heard_hz * np.arange(count * size) / rate_hz
    )
    windows = turned.reshape(count, size).mean(axis=1)
    level = np.abs(windows)
    dips = level < DIP * np.median(level)
    turns = np.angle(windows[1:] * np.conj(windows[:-1]))
    broken = dips | np.concatenate([[False], np.abs(turns - np.median(turns)) > JUMP_RAD])
    # A gap across windows is one.
    return int(np.count_nonzero(broken & ~np.concatenate([[False], broken[:-1]])))
