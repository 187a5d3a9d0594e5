"""The Perth watermark's two networks: one writes the mark into a spectrogram, one reads it.

Layers and constants are those of resemble-perth 1.0.1 (MIT, Resemble AI), whose weights are
read: `perth_net_implicit/model/{encoder,decoder}.py`, `utils.py` and the checkpoint's
`hparams.yaml`. The package itself needs torchaudio; this module does not.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from rtvc_bridge.stages.checkpoints import convert_checkpoint, load_weights

CONVERSION_VERSION = 1
WINDOW_S = 0.064
"""Length of the Hann window: 2048 samples at 32 kHz."""
HOP_S = 0.01
REFERENCE_SAMPLES = 2048
"""Window of the rate that the networks were trained at; magnitudes grow with the window."""
BANDS = 128
"""The lowest frequencies, up to 2 kHz, which alone are marked and read."""
REACH_FRAMES = 15
"""Frames to either side on which a frame's mark depends: five convolutions of seven."""

_HIDDEN = 256
_LEAST_MAGNITUDE = 1e-9
_FLOOR_DB = -180.0  # of the least magnitude
_HEADROOM_DB = 15.0
_SILENT_SHARE = 0.05  # of the loudest frame's sum; under it a frame is not speech
_STRETCHES = {"slow": 1.25, "normal": 1.0, "fast": 0.75}


def normalised(magnitudes: Tensor) -> Tensor:
    """Return decibels as the networks take them: about 0 for silence, 1 for the loudest."""
    decibels = 20 * torch.log10(magnitudes.clip(_LEAST_MAGNITUDE))
    return (decibels - _FLOOR_DB) / (_HEADROOM_DB - _FLOOR_DB)


def magnitudes(levels: Tensor) -> Tensor:
    """Undo `normalised`."""
    decibels = levels * (_HEADROOM_DB - _FLOOR_DB) + _FLOOR_DB
    return torch.pow(10.0, decibels / 20)


def sounding(levels: Tensor) -> Tensor:
    """Return which frames are more than digital silence: 0.0 or 1.0, [batch, 1, frames]."""
    sums = levels.sum(dim=1, keepdim=True)
    return (sums > sums.amax(dim=2, keepdim=True) * _SILENT_SHARE).float()


class _Conv(nn.Sequential):
    """A convolution that keeps the length; named as in the checkpoint."""

    def __init__(self, width_in: int, width_out: int, size: int, *, last: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width_in, width_out, size, padding=size // 2)
        if not last:
            self.act = nn.LeakyReLU()


def _stack(width_out: int) -> nn.Sequential:
    return nn.Sequential(
        _Conv(BANDS, _HIDDEN, 1),
        *(_Conv(_HIDDEN, _HIDDEN, 7) for _ in range(5)),
        _Conv(_HIDDEN, width_out, 1, last=True),
    )


class Writer(nn.Module):
    """Tells how to change a spectrogram so that it carries the mark."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = _stack(BANDS)

    def forward(self, levels: Tensor) -> Tensor:
        """Return what to add to the lowest BANDS of `levels`, [batch, BANDS, frames].

        Args:
            levels: `normalised` magnitudes, [batch, frequencies, frames].
        """
        change: Tensor = self.layers(levels[:, :BANDS])
        return change * sounding(levels)


class Reader(nn.Module):
    """Tells whether a spectrogram carries the mark."""

    def __init__(self) -> None:
        super().__init__()
        self.slow_layers = _stack(2)
        self.normal_layers = _stack(2)
        self.fast_layers = _stack(2)

    def forward(self, levels: Tensor, mask: Tensor) -> Tensor:
        """Return one number per spectrogram, [batch]: about 1 if it is marked, 0 if not.

        Args:
            levels: `normalised` magnitudes, [batch, frequencies, frames], frames >= 2.
            mask: 1.0 for the frames that count, else 0.0, [batch, 1, frames]; the package
                takes `sounding(levels)`.
        """
        branches = [self._branch(speed, levels[:, :BANDS], mask) for speed in _STRETCHES]
        votes, trusts = torch.stack(branches, dim=2).unbind(0)
        return (votes * functional.softmax(trusts, dim=1)).sum(dim=1)

    def _branch(self, speed: str, bands: Tensor, mask: Tensor) -> Tensor:
        """Return what the branch for that speed votes and how much it trusts itself, [2, batch]."""
        frames = int(bands.shape[2] * _STRETCHES[speed])
        if frames != bands.shape[2]:
            bands = functional.interpolate(bands, frames, mode="linear", align_corners=True)
            mask = functional.interpolate(mask, frames, mode="nearest")
        trust, vote = (self.get_submodule(f"{speed}_layers")(bands) * mask).sum(2).unbind(1)
        counted = mask.sum(dim=2)[:, 0]
        return torch.stack([vote / counted, trust / counted])


class Perth(nn.Module):
    """Both networks, under the checkpoint's names."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Writer()
        self.decoder = Reader()


def load_perth(path: Path) -> Perth:
    """Return the networks with the weights that `perth_safetensors` wrote to `path`.

    Raises:
        ModelError: If the file is missing, damaged or of another shape.
    """
    with torch.device("meta"):
        networks = Perth()
    load_weights(networks, path, called="watermark", assign=True)
    return networks.eval().requires_grad_(requires_grad=False)


def perth_safetensors(source: Path, target: Path) -> None:
    """Write the networks' weights out of resemble-perth's `perth_net_250000.pth.tar`.

    Raises:
        ModelError: If `source` is not that checkpoint. No code in it is ever run.
        StorageError: If `target` cannot be written.
    """
    with torch.device("meta"):
        names = Perth().state_dict()
    convert_checkpoint(
        source,
        target,
        part="model",
        names=names,
        package="resemble-perth",
        version=CONVERSION_VERSION,
    )
