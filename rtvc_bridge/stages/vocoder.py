"""Stage 3: frames to sound (Kokoro-82M's decoder: StyleTTS 2 with an iSTFTNet generator)."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from rtvc_bridge.audio import Audio
from rtvc_bridge.pipeline import Frames
from rtvc_bridge.stages import source
from rtvc_bridge.stages.checkpoint import filled
from rtvc_bridge.stages.device import Compute, Threads, give_back_memory
from rtvc_bridge.stages.fastconv import Scratch
from rtvc_bridge.stages.layers import AdaptiveNorm, SnakeResidual, StyledConv, StyledResidual
from rtvc_bridge.stages.style import STYLE_SIZE, vocoder_styles
from rtvc_bridge.stages.synthesizer import FRAME_FORMAT
from rtvc_bridge.voices import Tensors

N_STYLED_LAYERS = 58
_KERNELS = (3, 7, 11)
_SOURCE_CHANNELS = 2 * source.BINS


class Generator(nn.Module):
    """Decoded frames and the source's spectrum to sound (iSTFTNet, Kaneko et al. 2022)."""

    def __init__(self) -> None:
        super().__init__()
        self.source_mix = nn.Linear(source.HARMONICS, 1)
        self.noise_convs = nn.ModuleList(
            [
                nn.Conv1d(_SOURCE_CHANNELS, 256, 12, stride=6, padding=3),
                nn.Conv1d(_SOURCE_CHANNELS, 128, 1),
            ]
        )
        self.noise_res = nn.ModuleList([SnakeResidual(256, 7), SnakeResidual(128, 11)])
        self.ups = nn.ModuleList(
            [
                nn.ConvTranspose1d(512, 256, 20, 10, padding=5),
                nn.ConvTranspose1d(256, 128, 12, 6, padding=3),
            ]
        )
        self.resblocks = nn.ModuleList(SnakeResidual(c, k) for c in (256, 128) for k in _KERNELS)
        self.conv_post = nn.Conv1d(128, 2 * source.BINS, 7, padding=3)

    def forward(self, x: Tensor, styles: Tensor, har: Tensor) -> Tensor:
        """Return the sound.

        Args:
            x: [512, 2 * t], from `Decoder.decoded`.
            styles: [58, 128].
            har: [22, 120 * t + 1], from `source.spectrum`.

        Returns:
            [600 * t] samples.
        """
        last = len(self.ups) - 1
        for stage, up in enumerate(self.ups):
            x = up(fn.leaky_relu(x, 0.1))
            if stage == last:
                x = fn.pad(x.unsqueeze(0), (1, 0), mode="reflect")[0]
            x = self.noise_res[stage](self.noise_convs[stage](har), styles).add_(x)
            first, *others = self.resblocks[3 * stage : 3 * stage + 3]
            total = first(x, styles)
            for block in others:
                total += block(x, styles)
            x = total.div_(len(_KERNELS))
        return source.waveform(self.conv_post(fn.leaky_relu(x)))


class Decoder(nn.Module):
    """Frames and styles to sound. Layers read their rows of `styles` in `adaptive_norms` order."""

    def __init__(self) -> None:
        super().__init__()
        joined = 1024 + 2 + 64
        self.encode = StyledResidual(512 + 2, 1024)
        self.decode = nn.ModuleList(
            [StyledResidual(joined, 1024) for _ in range(3)]
            + [StyledResidual(joined, 512, double=True)]
        )
        self.f0_conv = nn.Conv1d(1, 1, 3, stride=2, padding=1)
        self.energy_conv = nn.Conv1d(1, 1, 3, stride=2, padding=1)
        self.asr_res = nn.Conv1d(512, 64, 1)
        self.generator = Generator()
        for row, norm in enumerate(self.adaptive_norms()):
            norm.row = row

    def adaptive_norms(self) -> list[AdaptiveNorm]:
        """Return the 58 layers that take a style: encode, decode, noise_res, resblocks."""
        return [module for module in self.modules() if isinstance(module, AdaptiveNorm)]

    def decoded(self, features: Tensor, f0_hz: Tensor, energy: Tensor, styles: Tensor) -> Tensor:
        """Return [512, 2 * t] for [512, t], [2 * t], [2 * t], [58, 128]."""
        curves = [self.f0_conv(f0_hz[None]), self.energy_conv(energy[None])]
        x: Tensor = self.encode(torch.cat([features, *curves]), styles)
        text = self.asr_res(features)
        for block in self.decode:
            x = block(torch.cat([x, text, *curves]), styles)
        return x

    def speed_up(self, twin: "Decoder") -> None:
        """Prepare faster ways for passes without gradients; float32 on a CPU only.

        The weights are read from `twin`, a second mapping of the same file: once it is
        dropped, the pages that were read count no more, and ours are still unread.
        """
        scratch = Scratch()
        for ours, theirs in zip(self.modules(), twin.modules(), strict=True):
            if isinstance(ours, StyledConv) and isinstance(theirs, StyledConv):
                ours.speed_up(scratch, theirs.conv)

    def har(self, f0_hz: Tensor, generator: torch.Generator | None) -> Tensor:
        """Return the source's spectrum, [22, 60 * points + 1]; noise from `generator` (CPU)."""
        with torch.no_grad():
            curve = f0_hz.detach().float().cpu()
            noise = torch.randn(len(curve) * source.CURVE_HOP, generator=generator)
            return source.spectrum(source.excitation(curve, self.generator.source_mix, noise))

    def forward(
        self,
        features: Tensor,
        f0_hz: Tensor,
        energy: Tensor,
        styles: Tensor,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return [600 * t] samples; gradients reach all four inputs.

        Args:
            features: [512, t].
            f0_hz: [2 * t].
            energy: [2 * t].
            styles: [58, 128]; one style for all is `style.expand(58, -1)`.
            generator: Of the source's noise, on the CPU.
        """
        x = self.decoded(features, f0_hz, energy, styles)
        sound: Tensor = self.generator(x, styles, self.har(f0_hz, generator))
        return sound


class KokoroVocoder:
    """Frames to sound; see `rtvc_bridge.pipeline.Vocoder`.

    Args:
        decoder: Filled and on the device of `compute`.
        compute: Where and how it runs.
    """

    style_size = STYLE_SIZE
    frame_format = FRAME_FORMAT

    def __init__(self, decoder: Decoder, compute: Compute) -> None:
        self.decoder = decoder
        self._compute = compute
        self._threads = Threads(torch.get_num_threads())

    def vocode(self, frames: Frames, tensors: Tensors, *, seed: int = 0) -> Audio:
        """Return the clause's sound; the same `seed` gives the same noise.

        Raises:
            VoiceFileError: If `tensors` holds no style, or one of the wrong shape.
        """
        self._threads.adapt()
        arrays = (
            frames.features,
            frames.f0_hz,
            frames.energy,
            vocoder_styles(tensors, N_STYLED_LAYERS),
        )
        inputs = [torch.from_numpy(array).to(self._compute.device) for array in arrays]
        with torch.inference_mode(), self._compute.autocast():
            sound = self.decoder(*inputs, generator=torch.Generator().manual_seed(seed))
        audio = Audio(sound.float().cpu().numpy(), FRAME_FORMAT.rate_hz)
        give_back_memory()
        return audio


def load_vocoder(path: Path, compute: Compute) -> KokoroVocoder:
    """Return the vocoder in the converted weights at `path`.

    Raises:
        ModelError: If the weights are damaged or do not fit.
    """
    decoder = _mapped(path).to(compute.device)
    if compute.device.type == "cpu" and compute.dtype == torch.float32:
        decoder.speed_up(twin=_mapped(path))
    return KokoroVocoder(decoder, compute)


def _mapped(path: Path) -> Decoder:
    with torch.device("meta"):
        decoder = Decoder()
    return filled(decoder, path, prefix="decoder.")
