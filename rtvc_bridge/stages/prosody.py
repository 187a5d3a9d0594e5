"""How long each symbol lasts, how high and how loud: the synthesizer's style half."""

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from rtvc_bridge.stages.layers import EPSILON, STYLE, StyledResidual

HIDDEN = 512
MAX_FRAMES = 50


def bidirectional(size: int) -> nn.LSTM:
    """Return a two-way LSTM, [n, size] -> [n, 512]."""
    return nn.LSTM(size, HIDDEN // 2, bidirectional=True)


def with_style(x: Tensor, style: Tensor) -> Tensor:
    """Return `x` [n, 512] with `style` [128] beside every row: [n, 640]."""
    return torch.cat([x, style.expand(len(x), -1)], dim=1)


class AdaptiveLayerNorm(nn.Module):
    """Layer norm with scale and shift from the style. [n, 512] -> [n, 512]."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(STYLE, 2 * HIDDEN)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """Return the normalised rows."""
        gamma, beta = self.fc(style).chunk(2)
        normed: Tensor = fn.layer_norm(x, (HIDDEN,), eps=EPSILON) * (1 + gamma) + beta
        return normed


class DurationEncoder(nn.Module):
    """Symbols in context, coloured by the style. [n, 512], [128] -> [n, 640]."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(3):
            layers += [bidirectional(HIDDEN + STYLE), AdaptiveLayerNorm()]
        self.lstms = nn.ModuleList(layers)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """Return the coloured rows with the style beside them."""
        x = with_style(x, style)
        for lstm, norm in zip(self.lstms[::2], self.lstms[1::2], strict=True):
            x = with_style(norm(lstm(x)[0], style), style)
        return x


class ProsodyPredictor(nn.Module):
    """Durations, then F0 and energy curves (StyleTTS 2, Li et al. 2023)."""

    def __init__(self) -> None:
        super().__init__()
        self.duration_encoder = DurationEncoder()
        self.lstm = bidirectional(HIDDEN + STYLE)
        self.duration_proj = nn.Linear(HIDDEN, MAX_FRAMES)
        self.shared = bidirectional(HIDDEN + STYLE)
        self.f0_blocks = _curve_blocks()
        self.f0_proj = nn.Conv1d(HIDDEN // 2, 1, 1)
        self.energy_blocks = _curve_blocks()
        self.energy_proj = nn.Conv1d(HIDDEN // 2, 1, 1)

    def durations(self, coloured: Tensor) -> Tensor:
        """Return how many frames each symbol lasts, unrounded. [n, 640] -> [n]."""
        frames: Tensor = self.duration_proj(self.lstm(coloured)[0]).sigmoid().sum(1)
        return frames

    def curves(self, spread: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
        """Return F0 in Hz and log energy, [2 * t] each, for frames [t, 640]."""
        x, styles = self.shared(spread)[0].T, style.unsqueeze(0)
        f0, energy = x, x
        for block in self.f0_blocks:
            f0 = block(f0, styles)
        for block in self.energy_blocks:
            energy = block(energy, styles)
        return self.f0_proj(f0)[0], self.energy_proj(energy)[0]


def _curve_blocks() -> nn.ModuleList:
    """Return the three blocks of a curve, [512, t] -> [256, 2 * t]."""
    return nn.ModuleList(
        [
            StyledResidual(HIDDEN, HIDDEN),
            StyledResidual(HIDDEN, HIDDEN // 2, double=True),
            StyledResidual(HIDDEN // 2, HIDDEN // 2),
        ]
    )
