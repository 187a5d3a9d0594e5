"""The vocoder's excitation (sines at the harmonics of F0, noise elsewhere) and its iSTFT head.

The neural source-filter model of Wang et al. 2019 with the constants Kokoro was trained with.
"""

import torch
from torch import Tensor, nn

RATE_HZ = 24_000
CURVE_HOP = 300
"""Samples of sound for each point of the F0 curve."""
HARMONICS = 9
VOICED_HZ = 10.0
SINE_LEVEL = 0.1
VOICED_NOISE = 0.003
UNVOICED_NOISE = SINE_LEVEL / 3

N_FFT = 20
STFT_HOP = 5
BINS = N_FFT // 2 + 1


def harmonics(f0_hz: Tensor) -> Tensor:
    """Return the sines of F0 and its overtones. [points] -> float32 [9, 300 * points].

    Phase runs from the middle of one point to the middle of the next, in float64 so that
    long clauses stay in tune.
    """
    order = torch.arange(1, HARMONICS + 1, dtype=torch.float64).unsqueeze(1)
    turns = (f0_hz.double() * order / RATE_HZ).remainder(1).cumsum(1) * CURVE_HOP
    turns = nn.functional.interpolate(turns[None], scale_factor=CURVE_HOP, mode="linear")[0]
    return torch.sin(2 * torch.pi * turns.remainder_(1).float())


def excitation(f0_hz: Tensor, mix: nn.Linear, noise: Tensor) -> Tensor:
    """Return the source signal on `mix`'s device. [points] -> float32 [300 * points].

    Args:
        f0_hz: F0 curve on the CPU, 0 where unvoiced.
        mix: Weighs the harmonics, 9 -> 1.
        noise: Standard normal, [300 * points], on the CPU. The model adds its own noise
            to each harmonic; their weighted sum is normal again, so one draw serves.
    """
    weight = mix.weight.detach().float().cpu()
    voiced = (f0_hz > VOICED_HZ).float().repeat_interleave(CURVE_HOP)
    level = UNVOICED_NOISE + voiced * (VOICED_NOISE - UNVOICED_NOISE)
    tone = (weight @ harmonics(f0_hz))[0] * voiced * SINE_LEVEL
    mixed = tone + noise * level * torch.linalg.vector_norm(weight)
    return torch.tanh(mixed.to(mix.weight.device) + mix.bias.detach().float())


def spectrum(signal: Tensor) -> Tensor:
    """Return magnitudes over phases. [samples] -> [22, samples / 5 + 1]."""
    window = torch.hann_window(N_FFT, device=signal.device)
    bins = torch.stft(signal, N_FFT, STFT_HOP, window=window, return_complex=True)
    return torch.cat([bins.abs(), bins.angle()])


def waveform(head: Tensor) -> Tensor:
    """Return the sound of log magnitudes over phase sines. [22, frames] -> [5 * (frames - 1)]."""
    head = head.float()
    bins = torch.polar(head[:BINS].exp(), head[BINS:].sin())
    return torch.istft(bins, N_FFT, STFT_HOP, window=torch.hann_window(N_FFT, device=head.device))
