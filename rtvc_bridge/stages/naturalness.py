"""How natural speech sounds, as a network that gradients pass through.

DistilMOS (Stahl and Gamper, "Distillation and Pruning for Scalable Self-Supervised
Representation-Based Speech Quality Assessment", 2025; MIT), whose weights are read. Layers and
constants are those of distillmos 0.9.1 and, for the transformer, xls-r-sqa 0.1.0 (MIT). The
packages themselves need torchaudio and transformers; this module does not.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from rtvc_bridge.audio import Audio
from rtvc_bridge.stages.checkpoints import convert_checkpoint, load_weights

CONVERSION_VERSION = 1
RATE_HZ = 16_000
SEGMENT_SAMPLES = 122_880
"""What the network hears at once, 7.68 s; shorter sound is padded with silence."""

_WINDOW_SAMPLES = 320
_HOP_SAMPLES = 160
_FRAMES = 384
_CHANNELS = (64, 64, 128, 256, 256, 256)
_FLAT = 256 * 4
_WIDTH = 200
_HEADS = 8
_LAYERS = 7
_COMPRESSION = 0.3
_SILENCE_SAMPLES = 8_000
_EDGE_COLUMNS = 8
"""The convolutions' reach, rounded up: what they make of the end of the sound is left out."""
_LEAST_POWER = 1e-10
"""Added under the root, whose slope at 0 is infinite; changes the opinion by less than 0.001."""


class _Front(nn.Module):
    """Compressed complex spectrum, then convolutions. [batch, n] -> [batch, frames, 1024]."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width_in = 2
        for place, width in enumerate(_CHANNELS):
            stride = (1 if place == 0 else 2, 2 if place == len(_CHANNELS) - 1 else 1)
            layers += [nn.Conv2d(width_in, width, 3, stride, padding=(0, 1)), nn.LeakyReLU(0.1)]
            width_in = width
        self.cnn = nn.Sequential(*layers)
        self.window: Tensor
        self.register_buffer("window", torch.hann_window(_WINDOW_SAMPLES), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Return one column of features for every 20 ms."""
        edge = (_WINDOW_SAMPLES - _HOP_SAMPLES) // 2
        padded = functional.pad(samples, (edge, edge), mode="reflect")
        bins = torch.stft(
            padded,
            _WINDOW_SAMPLES,
            _HOP_SAMPLES,
            window=self.window,
            center=False,
            return_complex=True,
        )
        parts = torch.view_as_real(bins)
        power = parts.square().sum(3, keepdim=True) + _LEAST_POWER
        compressed = parts * power ** ((_COMPRESSION - 1) / 2)
        features: Tensor = self.cnn(compressed.permute(0, 3, 1, 2))
        return features.flatten(1, 2).transpose(1, 2)


class _Places(nn.Module):
    """Adds what tells the frames apart by their place."""

    def __init__(self) -> None:
        super().__init__()
        self.pe: Tensor
        self.register_buffer("pe", torch.zeros(1, _FRAMES, _WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` with its places. [batch, 384, 200]."""
        return x + self.pe


class _Encoder(nn.Module):
    """Transformer over the frames. [batch, 384, 1024] -> [batch, 384, 200]."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(_FLAT)
        self.position_encoding = _Places()
        self.linear_proj = nn.Linear(_FLAT, _WIDTH)
        layer = nn.TransformerEncoderLayer(
            _WIDTH, _HEADS, dim_feedforward=2 * _WIDTH, dropout=0.0, batch_first=True
        )
        self.transformer_encoder = nn.TransformerEncoder(layer, _LAYERS, enable_nested_tensor=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the frames in their context."""
        narrow = self.linear_proj(self.norm(x.transpose(1, 2)).transpose(1, 2))
        encoded: Tensor = self.transformer_encoder(self.position_encoding(narrow))
        return encoded


class _Pool(nn.Module):
    """Mean over the frames, weighted by attention. [batch, 384, 200] -> [batch]."""

    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(_WIDTH, 2 * _WIDTH)
        self.linear2 = nn.Linear(2 * _WIDTH, 1)
        self.linear3 = nn.Linear(_WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return one number for each sound."""
        weights = self.linear2(functional.relu(self.linear1(x))).softmax(1)
        pooled: Tensor = self.linear3((weights * x).sum(1))
        return pooled[:, 0]


class _Head(nn.Module):
    """Features to an opinion between 0 and 1; named as in the checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.norm_input = nn.BatchNorm1d(_FLAT)
        self.transformer = _Encoder()
        self.norm_trans = nn.BatchNorm1d(_WIDTH)
        self.pool = _Pool()

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch] for [batch, 384, 1024]."""
        x = self.transformer(self.norm_input(x.transpose(1, 2)).transpose(1, 2))
        opinion: Tensor = self.pool(self.norm_trans(x.transpose(1, 2)).transpose(1, 2))
        return opinion.sigmoid()


class Naturalness(nn.Module):
    """Guesses what listeners would say of one sound, 1 (bad) to 5 (excellent)."""

    def __init__(self) -> None:
        super().__init__()
        self.cnn = _Front()
        self.transformer_pool_attn = _Head()

    def forward(self, samples: Tensor) -> Tensor:
        """Return the mean opinion score expected for [n] samples at 16 kHz, n <= 122,880.

        Louder and softer sound of the same shape are judged alike.
        """
        level = samples / (samples.abs().max() + 1e-8)
        opinion: Tensor = self.transformer_pool_attn(self._features(level))[0]
        return 1 + 4 * opinion

    def _features(self, samples: Tensor) -> Tensor:
        """Return [1, 384, 1024], the silence after the sound made of one column of it."""
        length = len(samples) + _SILENCE_SAMPLES
        length = min(SEGMENT_SAMPLES, length + -length % (2 * _HOP_SAMPLES))
        heard: Tensor = self.cnn(functional.pad(samples, (0, length - len(samples)))[None])
        if length == SEGMENT_SAMPLES:
            return heard
        heard = heard[:, :-_EDGE_COLUMNS]
        missing = _FRAMES - heard.shape[1]
        return torch.cat([heard, heard[:, -1:].expand(-1, missing, -1)], dim=1)


def load_naturalness(path: Path) -> Naturalness:
    """Return the network with the weights that `distilmos_safetensors` wrote to `path`.

    Raises:
        ModelError: If the file is missing, damaged or of another shape.
    """
    network = Naturalness()
    load_weights(network, path, called="judge of naturalness")
    return network.eval().requires_grad_(requires_grad=False)


def opinions(path: Path) -> Callable[[Audio], float]:
    """Return what says how natural a sound is, from its pieces of 7.68 s, by the weights there.

    Raises:
        ModelError: As `load_naturalness`.
    """
    network = load_naturalness(path)

    def opinion(audio: Audio) -> float:
        pieces = torch.split(torch.from_numpy(audio.at(RATE_HZ).samples), SEGMENT_SAMPLES)
        with torch.inference_mode():
            weighed = [float(network(piece)) * len(piece) for piece in pieces]
        return sum(weighed) / sum(len(piece) for piece in pieces)

    return opinion


def distilmos_safetensors(source: Path, target: Path) -> None:
    """Write the network's weights out of distillmos's `distill_mos_v7.pt`.

    Raises:
        ModelError: If `source` is not that checkpoint. No code in it is ever run.
        StorageError: If `target` cannot be written.
    """
    convert_checkpoint(
        source,
        target,
        part="model",
        names=Naturalness().state_dict(),
        package="distillmos",
        version=CONVERSION_VERSION,
    )
