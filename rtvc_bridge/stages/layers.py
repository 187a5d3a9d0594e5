"""Blocks whose normalisation takes its scale and shift from a style.

Throughout, sound-like tensors are [channels, time] without a batch axis, and `styles` is
[n_rows, 128]: each styled layer reads the row it was given, so that every layer may have a
style of its own or all may share row 0.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from rtvc_bridge.stages.fastconv import FastSnakeConv, Scratch

STYLE = 128
EPSILON = 1e-5
SLOPE = 0.2


def embedding(rows: int, size: int) -> nn.Embedding:
    """Return a table yet to be filled, [n] -> [n, size].

    Drawing its first values, as nn.Embedding does, would on the meta device import torch's
    compiler: 70 MB, and time at every start, for numbers that are replaced at once.
    """
    return nn.Embedding(rows, size, _weight=torch.empty(rows, size))


class AdaptiveNorm(nn.Module):
    """Adaptive instance norm (Huang and Belongie 2017). [channels, time] -> the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.row = 0
        self.fc = nn.Linear(STYLE, 2 * channels)

    def affine(self, x: Tensor, styles: Tensor) -> tuple[Tensor, Tensor]:
        """Return scale and shift, [channels, 1] each: the norm is x * scale + shift."""
        gamma, beta = self.fc(styles[self.row]).float().unsqueeze(1).chunk(2)
        x = x.float()
        mean = x.mean(1, keepdim=True)
        power = torch.linalg.vector_norm(x, dim=1, keepdim=True).square() / x.shape[1]
        variance = (power - mean.square()).clamp_min(0)
        scale = (1 + gamma) * torch.rsqrt(variance + EPSILON)
        return scale, beta - mean * scale

    def forward(self, x: Tensor, styles: Tensor) -> Tensor:
        """Return `x` with each channel's mean and spread replaced by the style's."""
        scale, shift = self.affine(x, styles)
        return torch.addcmul(shift, x, scale)


class StyledResidual(nn.Module):
    """A residual block, optionally twice as long. [c_in, t] -> [c_out, t or 2 * t]."""

    def __init__(self, c_in: int, c_out: int, *, double: bool = False) -> None:
        super().__init__()
        self.norm1 = AdaptiveNorm(c_in)
        self.conv1 = nn.Conv1d(c_in, c_out, 3, padding=1)
        self.norm2 = AdaptiveNorm(c_out)
        self.conv2 = nn.Conv1d(c_out, c_out, 3, padding=1)
        self.conv1x1 = nn.Conv1d(c_in, c_out, 1, bias=False) if c_in != c_out else None
        self.pool = (
            nn.ConvTranspose1d(c_in, c_in, 3, 2, padding=1, output_padding=1, groups=c_in)
            if double
            else None
        )

    def forward(self, x: Tensor, styles: Tensor) -> Tensor:
        """Return residual and shortcut, summed at unit power."""
        residual = fn.leaky_relu(self.norm1(x, styles), SLOPE)
        if self.pool is not None:
            residual = self.pool(residual)
        residual = self.conv1(residual)
        residual = self.conv2(fn.leaky_relu(self.norm2(residual, styles), SLOPE))
        shortcut = x if self.conv1x1 is None else self.conv1x1(x)
        if self.pool is not None:
            shortcut = shortcut.repeat_interleave(2, dim=1)
        summed: Tensor = (residual + shortcut) * 2**-0.5
        return summed


def snake(x: Tensor, alpha: Tensor) -> Tensor:
    """Return x + sin^2(alpha x) / alpha (Ziyin et al. 2020). [channels, time], [channels, 1]."""
    return x + (alpha * x).sin().square() / alpha


class StyledConv(nn.Module):
    """Adaptive norm, snake, dilated convolution. [channels, time] -> the same.

    Attributes:
        fast: Stands for snake and convolution whenever no gradients are wanted.
    """

    def __init__(self, channels: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.norm = AdaptiveNorm(channels)
        self.alpha = nn.Parameter(torch.ones(channels, 1))
        padding = dilation * (kernel - 1) // 2
        self.conv = nn.Conv1d(channels, channels, kernel, padding=padding, dilation=dilation)
        self.fast: FastSnakeConv | None = None

    def forward(self, x: Tensor, styles: Tensor) -> Tensor:
        """Return the convolution's output."""
        scale, shift = self.norm.affine(x, styles)
        if self.fast is not None and not torch.is_grad_enabled():
            return self.fast(x, scale, shift)
        convolved: Tensor = self.conv(snake(torch.addcmul(shift, x, scale), self.alpha))
        return convolved

    def speed_up(self, scratch: Scratch, conv: nn.Conv1d | None = None) -> None:
        """Prepare the fast way (float32 on a CPU), reading the weights from `conv` if given."""
        conv = conv or self.conv
        if conv.bias is not None:
            self.fast = FastSnakeConv(conv.weight, conv.bias, self.alpha, conv.dilation[0], scratch)


class SnakeResidual(nn.Module):
    """Three residual pairs of styled convolutions (HiFi-GAN). [channels, time] -> the same."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.first = nn.ModuleList(StyledConv(channels, kernel, d) for d in (1, 3, 5))
        self.second = nn.ModuleList(StyledConv(channels, kernel, 1) for _ in range(3))

    def forward(self, x: Tensor, styles: Tensor) -> Tensor:
        """Return `x` with each pair's output added in turn."""
        for first, second in zip(self.first, self.second, strict=True):
            x = second(first(x, styles), styles).add_(x)
        return x
