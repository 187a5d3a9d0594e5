"""A second opinion on who speaks, as a network that gradients pass through.

CAM++ (Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using
Context-Aware Masking", 2023), whose published weights are read: 3D-Speaker's
`speech_campplus_sv_zh_en_16k-common_advanced` (Apache-2.0). Layers are named as in the checkpoint.
"""

from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from rtvc_bridge.stages.checkpoints import convert_checkpoint, load_weights

CONVERSION_VERSION = 1
RATE_HZ = 16_000
SIZE = 192

_BANDS = 80
_WINDOW, _HOP, _N_FFT = 400, 160, 512
_LOWEST_HZ, _HIGHEST_HZ = 20.0, 8_000.0
_PREEMPHASIS = 0.97
_FLOOR = 1.1920929e-07
_LEVEL = 0.05
"""RMS that sound is brought to: the floor above makes the features depend on level a little."""

_HEAD = 32
_GROWTH = 32
_NARROW = 128
_BLOCKS = ((12, 1), (24, 2), (16, 2))
"""Layers and dilation of the densely connected blocks."""
_SEGMENT = 100
"""Frames that share a context."""
_EPSILON = 1e-5


class KaldiFbank(nn.Module):
    """Log-mel energies as Kaldi computes them, without dither, less their mean over time."""

    def __init__(self) -> None:
        super().__init__()
        self.filters: Tensor
        self.window: Tensor
        self.register_buffer("filters", torch.from_numpy(_kaldi_filters()), persistent=False)
        window = torch.hann_window(_WINDOW, periodic=False, dtype=torch.float64) ** 0.85
        self.register_buffer("window", window.float(), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Return [frames, 80] for [n] samples at 16 kHz, n >= 400."""
        frames = samples.unfold(0, _WINDOW, _HOP)
        frames = frames - frames.mean(1, keepdim=True)
        before = torch.cat([frames[:, :1], frames[:, :-1]], dim=1)
        bins = torch.fft.rfft((frames - _PREEMPHASIS * before) * self.window, _N_FFT)[:, :-1]
        power = bins.real.square() + bins.imag.square()
        levels = torch.log((power @ self.filters.T).clamp_min(_FLOOR))
        return levels - levels.mean(0)


class _Residual(nn.Module):
    """Two convolutions over [batch, 32, bands, frames], and a way around them."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(_HEAD, _HEAD, 3, (stride, 1), padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(_HEAD)
        self.conv2 = nn.Conv2d(_HEAD, _HEAD, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(_HEAD)
        self.shortcut = nn.Sequential()
        if stride != 1:
            around = nn.Conv2d(_HEAD, _HEAD, 1, (stride, 1), bias=False)
            self.shortcut = nn.Sequential(around, nn.BatchNorm2d(_HEAD))

    def forward(self, x: Tensor) -> Tensor:
        """Return what is there at half the bands, if `stride` is 2."""
        inner = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        return functional.relu(inner + self.shortcut(x))


class _Head(nn.Module):
    """Energies as a picture: [batch, 80, frames] -> [batch, 320, frames]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, _HEAD, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(_HEAD)
        self.layer1 = nn.Sequential(_Residual(2), _Residual(1))
        self.layer2 = nn.Sequential(_Residual(2), _Residual(1))
        self.conv2 = nn.Conv2d(_HEAD, _HEAD, 3, (2, 1), padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(_HEAD)

    def forward(self, x: Tensor) -> Tensor:
        """Return its features, band by band."""
        x = functional.relu(self.bn1(self.conv1(x[:, None])))
        x = functional.relu(self.bn2(self.conv2(self.layer2(self.layer1(x)))))
        return x.flatten(1, 2)


class _Norm(nn.Module):
    """Batch normalisation, and a rectifier unless it is the last."""

    def __init__(self, width: int, *, last: bool = False) -> None:
        super().__init__()
        self.batchnorm = nn.BatchNorm1d(width, affine=not last)
        self._last = last

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch, width, frames] or [batch, width], normalised."""
        x = self.batchnorm(x)
        return x if self._last else functional.relu(x)


class _Masked(nn.Module):
    """A convolution whose channels are masked by their context."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.linear_local = nn.Conv1d(
            _NARROW, _GROWTH, 3, padding=dilation, dilation=dilation, bias=False
        )
        self.linear1 = nn.Conv1d(_NARROW, _NARROW // 2, 1)
        self.linear2 = nn.Conv1d(_NARROW // 2, _GROWTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch, 32, frames] for [batch, 128, frames]."""
        local = functional.avg_pool1d(x, _SEGMENT, _SEGMENT, ceil_mode=True)
        local = local.repeat_interleave(_SEGMENT, dim=2)[:, :, : x.shape[2]]
        context = x.mean(2, keepdim=True) + local
        mask = self.linear2(functional.relu(self.linear1(context))).sigmoid()
        masked: Tensor = self.linear_local(x) * mask
        return masked


class _Dense(nn.Module):
    """One layer of a block."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.nonlinear1 = _Norm(width)
        self.linear1 = nn.Conv1d(width, _NARROW, 1, bias=False)
        self.nonlinear2 = _Norm(_NARROW)
        self.cam_layer = _Masked(dilation)

    def forward(self, x: Tensor) -> Tensor:
        """Return the input and 32 channels more."""
        more = self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(x))))
        return torch.cat([x, more], dim=1)


class _Linear(nn.Module):
    """A convolution with what stands before or behind it, named as in the checkpoint."""

    def __init__(self, linear: nn.Conv1d, nonlinear: _Norm, *, first: bool) -> None:
        super().__init__()
        self.linear = linear
        self.nonlinear = nonlinear
        self._first = first

    def forward(self, x: Tensor) -> Tensor:
        """Return both, the convolution first if it is."""
        out: Tensor = (
            self.nonlinear(self.linear(x)) if self._first else self.linear(self.nonlinear(x))
        )
        return out


class _Statistics(nn.Module):
    """Mean and standard deviation over time."""

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch, 2 width, 1] for [batch, width, frames]."""
        spread = (x.var(2, keepdim=True) + _EPSILON).sqrt()
        return torch.cat([x.mean(2, keepdim=True), spread], dim=1)


class CamPlusPlus(nn.Module):
    """Speaker embeddings, in which unlike speakers are at right angles."""

    def __init__(self) -> None:
        super().__init__()
        self.fbank = KaldiFbank()
        self.head = _Head()
        width = _NARROW
        start = nn.Conv1d(_HEAD * _BANDS // 8, width, 5, 2, padding=2, bias=False)
        layers: dict[str, nn.Module] = {"tdnn": _Linear(start, _Norm(width), first=True)}
        for number, (count, dilation) in enumerate(_BLOCKS, 1):
            block: dict[str, nn.Module] = {
                f"tdnnd{place}": _Dense(width + (place - 1) * _GROWTH, dilation)
                for place in range(1, count + 1)
            }
            width += count * _GROWTH
            narrower = nn.Conv1d(width, width // 2, 1, bias=False)
            layers[f"block{number}"] = nn.Sequential(OrderedDict(block))
            layers[f"transit{number}"] = _Linear(narrower, _Norm(width), first=False)
            width //= 2
        dense = nn.Conv1d(2 * width, SIZE, 1, bias=False)
        layers["out_nonlinear"] = _Norm(width)
        layers["stats"] = _Statistics()
        layers["dense"] = _Linear(dense, _Norm(SIZE, last=True), first=True)
        self.xvector = nn.Sequential(OrderedDict(layers))

    def forward(self, samples: Tensor) -> Tensor:
        """Return the unit vector [192] of whoever speaks in [n] samples at 16 kHz, n >= 720."""
        level = _LEVEL / (samples.square().mean().sqrt() + 1e-6)
        heard = self.head(self.fbank(samples * level).T[None])
        vector = self.xvector(heard)[0, :, 0]
        unit: Tensor = vector / vector.norm()
        return unit


def _kaldi_filters() -> NDArray[np.float32]:
    """Return triangles between points evenly spaced on Kaldi's mel scale, [80, 256]."""
    ends = _mel(np.array([_LOWEST_HZ, _HIGHEST_HZ]))
    edges = np.linspace(ends[0], ends[1], _BANDS + 2)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bins = _mel(np.arange(_N_FFT // 2) * RATE_HZ / _N_FFT)
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    triangles: NDArray[np.float32] = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return triangles


def _mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    mel: NDArray[np.float64] = 1127 * np.log1p(hz / 700)
    return mel


def load_campplus(path: Path) -> CamPlusPlus:
    """Return the network with the weights that `campplus_safetensors` wrote to `path`.

    Raises:
        ModelError: If the file is missing, damaged or of another shape.
    """
    network = CamPlusPlus()
    load_weights(network, path, called="second speaker encoder")
    return network.eval().requires_grad_(requires_grad=False)


def campplus_safetensors(source: Path, target: Path) -> None:
    """Write the network's weights out of 3D-Speaker's `campplus_cn_en_common.pt`.

    Raises:
        ModelError: If `source` is not that checkpoint. No code in it is ever run.
        StorageError: If `target` cannot be written.
    """
    convert_checkpoint(
        source,
        target,
        part=None,
        names=CamPlusPlus().state_dict(),
        package="CAM++",
        version=CONVERSION_VERSION,
    )
