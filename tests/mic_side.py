"""What a listener of the microphone got, in figures."""

import numpy as np
from numpy.typing import NDArray
from rtvc_virtualmic.recorder import Recorder
from sound_server import RATE_HZ, until

TONE_HZ = 997.0
Sound = NDArray[np.float32]


def tone(seconds: float, rate_hz: int = RATE_HZ, hz: float = TONE_HZ) -> Sound:
    """Return a tone of the level that `loud` goes by."""
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    sound: Sound = (0.4 * np.sin(2 * np.pi * hz * at_s)).astype(np.float32)
    return sound


def loud(recorder: Recorder) -> Sound:
    """Return what was recorded from the first to the last loud sample."""
    return loud_part(recorder.sound())


def loud_part(sound: Sound, level: float = 0.05) -> Sound:
    """Return the sound from its first to its last loud sample."""
    at = np.flatnonzero(np.abs(sound) > level)
    return sound[at[0] : at[-1] + 1] if len(at) else sound[:0]


def strongest_hz(sound: Sound) -> float:
    """Return the frequency of the strongest tone."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.argmax(spectrum)) * RATE_HZ / len(sound)


def longest_silence_s(sound: Sound) -> float:
    """Return how long it is silent at most."""
    quiet = np.concatenate([[0], np.abs(sound) < 1e-3, [0]])
    ends = np.flatnonzero(np.diff(quiet))
    return float(max(ends[1::2] - ends[::2], default=0)) / RATE_HZ


def heard(recorder: Recorder) -> float:
    """Wait until the recorder gets a second of sound, and return its pitch."""
    until(lambda: len(loud(recorder)) > RATE_HZ)
    return strongest_hz(loud(recorder)[-RATE_HZ // 2 :])
