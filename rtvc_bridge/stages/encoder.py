"""Stage 1: speech to d-vector, with the GE2E network of Wan et al. 2018 (arXiv 1710.10467).

Sizes and steps are those of Resemblyzer 0.1.4, whose weights are read. Its trimming of
silence is not here: enrolment hands over speech only.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from rtvc_bridge.audio import Audio
from rtvc_bridge.errors import ClipRejectedError
from rtvc_bridge.stages.checkpoints import convert_checkpoint, load_weights
from rtvc_bridge.stages.mel import mel_filters
from rtvc_bridge.voices import Embedding

CONVERSION_VERSION = 1
RATE_HZ = 16_000
EMBEDDING_SIZE = 256
MEL_BANDS = 40
PARTIAL_FRAMES = 160
"""Mel frames that the network sees at once: 1.6 s."""

_HIDDEN = 256
_LAYERS = 3
_WINDOW_SAMPLES = 400  # 25 ms
_HOP_SAMPLES = 160  # 10 ms
_PARTIAL_SAMPLES = (PARTIAL_FRAMES - 1) * _HOP_SAMPLES + _WINDOW_SAMPLES
_STEP_FRAMES = round(RATE_HZ / 1.3 / _HOP_SAMPLES)  # 1.3 partials a second
_MIN_COVERAGE = 0.75  # of the last partial, by sound instead of padding
_LEAST_DBFS = -30.0
_PARTIALS_AT_ONCE = 64  # bounds the memory that a long clip takes


class GE2E(nn.Module):
    """The network: three LSTM layers, the last state projected onto the unit sphere.

    Every method is differentiable.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(MEL_BANDS, _HIDDEN, _LAYERS, batch_first=True)
        self.linear = nn.Linear(_HIDDEN, EMBEDDING_SIZE)
        self.filters: Tensor
        self.window: Tensor
        self.register_buffer(
            "filters",
            torch.from_numpy(mel_filters(RATE_HZ, _WINDOW_SAMPLES, MEL_BANDS)),
            persistent=False,
        )
        self.register_buffer("window", torch.hann_window(_WINDOW_SAMPLES), persistent=False)

    def forward(self, mels: Tensor) -> Tensor:
        """Return d-vectors, [batch, 256], of unit length and nowhere negative.

        Args:
            mels: [batch, frames, 40]; the network was trained on 160 frames.
        """
        _, (hidden, _) = self.lstm(mels)
        return functional.normalize(functional.relu(self.linear(hidden[-1])), dim=1)

    def mels(self, samples: Tensor) -> Tensor:
        """Return mel power, [batch, frames, 40], of the whole 25 ms windows in `samples`.

        Args:
            samples: [batch, n] at 16 kHz, n >= 400.
        """
        spectrum = torch.stft(
            samples,
            _WINDOW_SAMPLES,
            _HOP_SAMPLES,
            window=self.window,
            center=False,
            return_complex=True,
        )
        power = spectrum.real.square() + spectrum.imag.square()
        return (self.filters @ power).transpose(1, 2)

    def utterance(self, samples: Tensor) -> Tensor:
        """Return the d-vector of a whole utterance, [256], of unit length.

        That is the mean over overlapping partials of 1.6 s; a shorter utterance is padded
        with silence to one.

        Args:
            samples: [n] at 16 kHz, n >= 1.
        """
        step = _STEP_FRAMES * _HOP_SAMPLES
        used = (partial_count(len(samples)) - 1) * step + _PARTIAL_SAMPLES
        margin = _WINDOW_SAMPLES // 2  # the first window is centred on the first sample
        padded = functional.pad(samples, (margin, max(0, used - margin - len(samples))))
        partials = padded[:used].unfold(0, _PARTIAL_SAMPLES, step)
        vectors = [self(self.mels(block)) for block in torch.split(partials, _PARTIALS_AT_ONCE)]
        return functional.normalize(torch.cat(vectors).mean(0), dim=0)


def partial_count(samples: int) -> int:
    """Return how many partials an utterance of `samples` at 16 kHz is cut into, at least 1.

    The last one counts if it holds three quarters of sound.
    """
    frames = math.ceil((samples + 1) / _HOP_SAMPLES)
    count = max(0, frames - PARTIAL_FRAMES + _STEP_FRAMES) // _STEP_FRAMES + 1
    last = (count - 1) * _STEP_FRAMES * _HOP_SAMPLES
    covered = (samples - last) / (PARTIAL_FRAMES * _HOP_SAMPLES)
    return count - 1 if count > 1 and covered < _MIN_COVERAGE else count


class GE2EEncoder:
    """Stage 1 behind the seam: an Encoder."""

    embedding_size = EMBEDDING_SIZE

    def __init__(self, network: GE2E, device: torch.device) -> None:
        self.network = network.to(device).eval().requires_grad_(requires_grad=False)
        self._device = device

    def embed(self, clip: Audio) -> Embedding:
        """Return the d-vector of a clip of any rate, float32 [256], unit length.

        Raises:
            ClipRejectedError: If the clip is empty, silent, or not made of finite numbers.
        """
        if not np.isfinite(clip.samples).all():
            msg = "The recording holds values that are not numbers."
            raise ClipRejectedError(msg)
        samples = loud_enough(clip.at(RATE_HZ).samples)
        with torch.inference_mode(), _one_thread():
            vector = self.network.utterance(torch.from_numpy(samples).to(self._device))
        embedding: Embedding = vector.cpu().numpy()
        if not embedding.any():
            msg = "The recording does not sound like a voice at all."
            raise ClipRejectedError(msg)
        return embedding


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch compute on one core for a while.

    An LSTM's 160 small steps gain little from a second core, and threads that wait for each
    other at every step on a busy computer cost a hundredfold: 0.2 s became 20 s.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def loud_enough(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the samples, raised to -30 dBFS RMS if they are softer.

    Raises:
        ClipRejectedError: If they are empty or silent.
    """
    rms = math.sqrt(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    if rms == 0:
        msg = "The recording is empty or silent."
        raise ClipRejectedError(msg)
    gain = 10 ** (_LEAST_DBFS / 20) / rms
    return samples * np.float32(gain) if gain > 1 else samples


def load_encoder(path: Path, *, device: str = "cpu") -> GE2EEncoder:
    """Return the encoder with the weights that `ge2e_safetensors` wrote to `path`.

    Raises:
        ModelError: If the file is missing, damaged or of another shape.
    """
    network = GE2E()
    load_weights(network, path, called="speaker encoder")
    return GE2EEncoder(network, torch.device(device))


def ge2e_safetensors(source: Path, target: Path) -> None:
    """Write the network's weights out of Resemblyzer's `pretrained.pt`.

    Raises:
        ModelError: If `source` is not that checkpoint. No code in it is ever run.
        StorageError: If `target` cannot be written.
    """
    convert_checkpoint(
        source,
        target,
        part="model_state",
        names=GE2E().state_dict(),
        package="Resemblyzer",
        version=CONVERSION_VERSION,
    )
