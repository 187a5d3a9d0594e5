"""Snake activations and one-dimensional convolutions in fewer and cheaper steps; no gradients.

Long kernels: overlap-save with a short Fourier transform. A tile of kernel + FRESH - 1 samples
becomes its spectrum by a matrix, each frequency is mixed over the channels, and another matrix
turns the results into FRESH samples of output. Three real products stand for each complex one
(Gauss). All steps are plain matrix products, which float32 processors run at full speed;
errors stay at 1e-6 of the signal because the transform is orthogonal. Dilation d is d
interleaved signals. Kernels of 3 gain nothing by it.

Snake: with t = alpha v it is (t + sin^2 t) / alpha. The division goes into the convolution's
weights, which leaves four passes over the signal. (t - cos(2 t) / 2 would be as short, but an
alpha near 0 leaves no digits of it: Kokoro has one of 1e-4, worth 1e-4 of the sound.)
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as fn

FRESH = 16
"""Samples that one tile yields: products narrower than 16, or not a multiple of 8, run at half
the speed (MKL, AVX2)."""
MIN_KERNEL = 7
"""Shorter kernels are convolved directly, but also piece by piece."""
PIECE = 256 * FRESH
"""Samples worked on at a time: their numbers stay in the processor's cache."""


class Scratch:
    """Room that one convolution after the other works in: fresh memory costs page faults."""

    def __init__(self) -> None:
        self._rooms: dict[str, Tensor] = {}

    def room(self, role: str, *shape: int) -> Tensor:
        """Return float32 [*shape] holding anything; one user per role at a time."""
        size = math.prod(shape)
        room = self._rooms.get(role)
        if room is None or len(room) < size:
            with torch.inference_mode(mode=False):  # usable in and out of that mode
                room = self._rooms[role] = torch.empty(size)
        return room[:size].view(shape)


def transforms(kernel: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the float64 matrices for a kernel of that (odd) length.

    With e + if one frequency of the signal and w the kernel's three rows for it, the sums
    q = w1 e, r = w2 f, p = w3 (e + f) over the channels give q + p and r - p to `back`.

    Returns:
        Of the signal [tile, tile]: rows 0 and tile / 2, then e of the others, then their f.
        Of the kernel [3 * tile / 2 - 1, kernel]: those rows, then w3. And back [FRESH, tile].
        tile = kernel + FRESH - 1.
    """
    tile = kernel + FRESH - 1
    time = torch.arange(tile, dtype=torch.float64)
    ends = torch.stack([torch.ones_like(time), torch.cos(math.pi * time)])
    turns = torch.outer(torch.arange(1, tile // 2, dtype=torch.float64), time) / tile
    c, s = torch.cos(2 * math.pi * turns), torch.sin(2 * math.pi * turns)
    signal = torch.cat([ends, c, -s])
    weight = torch.cat([ends, s - c, c + s, c])[:, :kernel]
    back = torch.cat([ends, -2 * s, -2 * c])[:, :FRESH].T / tile
    return signal, weight, back


class FastSnakeConv:
    """Affine, snake, same-length convolution. float32 [channels, time] -> the same.

    Keeps copies, so that the storage of what it was made from may go.

    Args:
        weight: float32 [channels, channels, kernel].
        bias: float32 [channels].
        alpha: The snake's, float32 [channels, 1], none of them 0.
        dilation: Between the kernel's taps.
        scratch: Shared with others that run at other times.
    """

    def __init__(
        self, weight: Tensor, bias: Tensor, alpha: Tensor, dilation: int, scratch: Scratch
    ) -> None:
        self._kernel = weight.shape[2]
        self._dilation = dilation
        self._scratch = scratch
        self._alpha = alpha.clone()
        self._bias = bias.clone()
        self._weight = weight / alpha.view(1, -1, 1)
        if self._kernel >= MIN_KERNEL:
            signal, taps, back = (matrix.float() for matrix in transforms(self._kernel))
            self._signal, self._back = signal, back
            self._weight = torch.einsum("uk,oik->uoi", taps, self._weight).contiguous()

    def __call__(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        """Return the convolution of snake(x * scale + shift); scale, shift [channels, 1]."""
        channels, length = x.shape
        scale, shift = self._alpha * scale, self._alpha * shift
        span = FRESH * self._dilation
        step = max(1, PIECE // span) * span
        out = x.new_empty(channels, math.ceil(length / span) * span)
        for start in range(0, length, step):
            room = out[:, start : start + step]
            activations = self._activations(x, scale, shift, start, room.shape[1])
            if self._kernel >= MIN_KERNEL:
                self._convolve(activations, room)
            else:
                room.copy_(
                    fn.conv1d(activations, self._weight, self._bias, dilation=self._dilation)
                )
        return out[:, :length]

    def _activations(
        self, x: Tensor, scale: Tensor, shift: Tensor, start: int, length: int
    ) -> Tensor:
        """Return t + sin^2 t from `start` with the kernel's reach on each side, 0 outside."""
        reach = self._dilation * (self._kernel - 1) // 2
        begin, end = start - reach, start + length + reach
        first, last = max(0, begin), min(x.shape[1], end)
        piece = self._scratch.room("piece", x.shape[0], end - begin)
        piece[:, : first - begin] = 0
        piece[:, last - begin :] = 0
        inside = piece[:, first - begin : last - begin]
        torch.mul(x[:, first:last], scale, out=inside).add_(shift)
        ripple = torch.sin(inside, out=self._scratch.room("ripple", *inside.shape))
        inside.addcmul_(ripple, ripple)
        return piece

    def _convolve(self, piece: Tensor, out: Tensor) -> None:
        """Write the convolution of `piece` to `out`, [channels, count * FRESH * dilation]."""
        channels, d, room = piece.shape[0], self._dilation, self._scratch.room
        tile, products = len(self._signal), len(self._weight)
        real, imag = slice(2, tile // 2 + 1), slice(tile // 2 + 1, tile)
        count = out.shape[1] // (FRESH * d)
        tiles = room("tiles", channels, count, d, tile)
        tiles.copy_(piece.as_strided(tiles.shape, (piece.shape[1], FRESH * d, 1, d)))
        seen = room("seen", products, channels * count * d)
        torch.mm(self._signal, tiles.view(-1, tile).T, out=seen[:tile])
        torch.add(seen[real], seen[imag], out=seen[tile:])
        mixed = room("mixed", products, channels * count * d)
        of_channels = (products, channels, count * d)
        torch.bmm(self._weight, seen.view(of_channels), out=mixed.view(of_channels))
        mixed[real].add_(mixed[tile:])
        mixed[imag].sub_(mixed[tile:])
        sound = room("sound", channels * count * d, FRESH)
        torch.mm(mixed[:tile].T, self._back.T, out=sound)
        fresh = sound.view(channels, count, d, FRESH).transpose(2, 3)
        torch.add(fresh, self._bias.view(-1, 1, 1, 1), out=out.view(channels, count, FRESH, d))
