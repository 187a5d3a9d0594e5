"""Sentences spoken so that gradients reach the style: what refinement listens to."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rtvc_bridge.pipeline import EDGE_FRAMES, SILENT_ENERGY, heard_f0_hz
from rtvc_bridge.stages import tuner
from rtvc_bridge.stages.device import Compute, Threads
from rtvc_bridge.stages.mel import mel_filters
from rtvc_bridge.stages.style import HALF
from rtvc_bridge.stages.synthesizer import FRAME_FORMAT, SynthesizerNet, TorchFrames, symbol_ids
from rtvc_bridge.stages.vocoder import Decoder
from rtvc_bridge.text import phonemes

RATE_HZ = 16_000
LEVEL = 0.055
"""RMS of a draft: that of read speech at a usual level (LibriSpeech: 0.02 to 0.07)."""


class Drafts:
    """Synthesizer and vocoder as one differentiable step.

    Args:
        net: The synthesizer's network.
        decoder: The vocoder's.
        compute: Where and how they run.
    """

    def __init__(self, net: SynthesizerNet, decoder: Decoder, compute: Compute) -> None:
        self._net = net
        self._decoder = decoder
        self._compute = compute
        self._threads = Threads(torch.get_num_threads())

    def adapt(self) -> None:
        """Use no more of the processor than others leave free."""
        self._threads.adapt()

    def spoken(
        self, sentence: str, style: Tensor, offsets: Tensor, *, f0_hz: float | None
    ) -> Tensor:
        """Return the sentence at 16 kHz and one level, [n], on the CPU.

        Args:
            sentence: What is said, in one clause.
            style: [256].
            offsets: [58, 128], added to the style's first half, one row for each layer.
            f0_hz: The median that F0 is brought to; None leaves it where it is.
        """
        device = self._compute.device
        ids = torch.tensor(symbol_ids(phonemes(sentence).symbols), device=device)
        style, offsets = style.to(device), offsets.to(device)
        # cuDNN has no gradients of an LSTM that is not in training
        with torch.backends.cudnn.flags(enabled=False), self._compute.autocast():
            frames = _spoken_part(self._net(ids, style[HALF:]))
            curve = frames.f0_hz.float()
            if f0_hz is not None:
                own_hz = heard_f0_hz(_plain(curve), _plain(frames.energy))
                curve = curve * (f0_hz / own_hz if own_hz else 1.0)
            sound = self._decoder(
                frames.features,
                curve,
                frames.energy,
                style[:HALF] + offsets,
                generator=torch.Generator().manual_seed(0),
            )
        heard = _at_rate(sound.float().cpu(), FRAME_FORMAT.rate_hz, RATE_HZ)
        return heard * (LEVEL / (heard.square().mean().sqrt() + 1e-6)).detach()


class Spectrum(nn.Module):
    """`tuner.long_term_spectrum` with gradients."""

    def __init__(self) -> None:
        super().__init__()
        filters = mel_filters(tuner.RATE_HZ, tuner.N_FFT, tuner.N_BANDS)
        window = torch.from_numpy(np.hanning(tuner.N_FFT).astype(np.float32))
        self.filters: Tensor
        self.window: Tensor
        self.register_buffer("filters", torch.from_numpy(filters), persistent=False)
        self.register_buffer("window", window, persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Return [80] for [n] samples at 16 kHz."""
        bins = torch.stft(
            samples,
            tuner.N_FFT,
            tuner.HOP,
            window=self.window,
            center=False,
            return_complex=True,
        )
        power = bins.real.square() + bins.imag.square()
        energy = power.detach().sum(0)
        loud = power[:, energy >= energy.quantile(tuner.LOUD_QUANTILE)]
        mean = torch.log(self.filters @ loud + 1e-8).mean(1)
        return mean - mean.mean()


def _plain(values: Tensor) -> NDArray[np.float32]:
    plain: NDArray[np.float32] = values.detach().float().cpu().numpy()
    return plain


def _spoken_part(frames: TorchFrames) -> TorchFrames:
    """Return the frames without the silence at either end; see `pipeline.spoken_part`."""
    count = frames.features.shape[1]
    loud = frames.energy.detach().view(count, -1).amax(1) > SILENT_ENERGY
    places = torch.nonzero(loud)[:, 0]
    if not len(places):
        return frames
    start = max(0, int(places[0]) - EDGE_FRAMES)
    end = min(count, int(places[-1]) + 1 + EDGE_FRAMES)
    points = FRAME_FORMAT.curve_points
    return frames._replace(
        features=frames.features[:, start:end],
        f0_hz=frames.f0_hz[start * points : end * points],
        energy=frames.energy[start * points : end * points],
    )


def _at_rate(samples: Tensor, source_hz: int, target_hz: int) -> Tensor:
    """Return the samples at a lower rate, by cutting their spectrum."""
    count = len(samples) * target_hz // source_hz
    spectrum = torch.fft.rfft(samples)[: count // 2 + 1]
    lower: Tensor = torch.fft.irfft(spectrum, count) * (count / len(samples))
    return lower
