"""Stage 2: phonemes to frames (Kokoro-82M: PL-BERT, text encoder, prosody predictor)."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as fn

from rtvc_bridge.errors import TextRejectedError
from rtvc_bridge.pipeline import FrameFormat, Frames
from rtvc_bridge.stages.albert import HIDDEN as BERT_HIDDEN
from rtvc_bridge.stages.albert import PhonemeBert
from rtvc_bridge.stages.checkpoint import filled
from rtvc_bridge.stages.device import Compute
from rtvc_bridge.stages.layers import SLOPE, embedding
from rtvc_bridge.stages.prosody import HIDDEN, ProsodyPredictor, bidirectional
from rtvc_bridge.stages.style import STYLE_SIZE, prosody_style
from rtvc_bridge.text.symbols import EDGE_ID, KOKORO_SYMBOLS, MAX_SYMBOLS, N_SYMBOL_IDS
from rtvc_bridge.voices import Tensors

FRAME_FORMAT = FrameFormat(channels=HIDDEN, frame_samples=600, rate_hz=24_000, curve_points=2)


class TextConv(nn.Module):
    """Convolution over neighbouring symbols, then layer norm. [512, n] -> [512, n]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(HIDDEN, HIDDEN, 5, padding=2)
        self.norm = nn.LayerNorm(HIDDEN)

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolved columns."""
        return fn.leaky_relu(self.norm(self.conv(x).T).T, SLOPE)


class TextEncoder(nn.Module):
    """What to say, free of style. int64 [n] -> [n, 512]."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = embedding(N_SYMBOL_IDS, HIDDEN)
        self.cnn = nn.ModuleList(TextConv() for _ in range(3))
        self.lstm = bidirectional(HIDDEN)

    def forward(self, ids: Tensor) -> Tensor:
        """Return one vector for each symbol."""
        x = self.embedding(ids).T
        for block in self.cnn:
            x = block(x)
        encoded: Tensor = self.lstm(x.T)[0]
        return encoded


class TorchFrames(NamedTuple):
    """`Frames` before they leave torch; gradients reach the style through all but durations.

    Attributes:
        features: [512, t].
        f0_hz: [2 * t].
        energy: [2 * t].
        durations: int64 [n], summing to t.
    """

    features: Tensor
    f0_hz: Tensor
    energy: Tensor
    durations: Tensor


class SynthesizerNet(nn.Module):
    """Symbol ids and a prosody style to frames."""

    def __init__(self) -> None:
        super().__init__()
        self.bert = PhonemeBert(N_SYMBOL_IDS)
        self.bert_encoder = nn.Linear(BERT_HIDDEN, HIDDEN)
        self.predictor = ProsodyPredictor()
        self.text_encoder = TextEncoder()

    def forward(
        self, ids: Tensor, style: Tensor, *, speed: float = 1.0, durations: Tensor | None = None
    ) -> TorchFrames:
        """Return the frames of one clause.

        Args:
            ids: int64 [n], edges included.
            style: [128], the prosody half of a style.
            speed: Divides the predicted durations.
            durations: int64 [n] instead of the predicted ones.
        """
        coloured = self.predictor.duration_encoder(self.bert_encoder(self.bert(ids)), style)
        if durations is None:
            durations = self.whole_durations(coloured, speed=speed)
        f0_hz, energy = self.predictor.curves(coloured.repeat_interleave(durations, dim=0), style)
        features = self.text_encoder(ids).repeat_interleave(durations, dim=0).T
        return TorchFrames(features, f0_hz, energy, durations)

    def whole_durations(self, coloured: Tensor, *, speed: float) -> Tensor:
        """Return frames per symbol, int64 [n], at least one each, for [n, 640].

        The silence at either end is not slowed: drawn out, it is heard as a word ("So", "a").
        """
        exact = self.predictor.durations(coloured).detach().float()
        wanted = exact / speed
        for end in (0, -1):
            wanted[end] = torch.minimum(wanted[end], exact[end])
        return wanted.round().clamp_min(1).long()


class KokoroSynthesizer:
    """Phonemes to frames; see `rtvc_bridge.pipeline.Synthesizer`.

    Args:
        net: Filled and on the device of `compute`.
        compute: Where and how it runs.
    """

    alphabet = frozenset(KOKORO_SYMBOLS)
    style_size = STYLE_SIZE
    frame_format = FRAME_FORMAT

    def __init__(self, net: SynthesizerNet, compute: Compute) -> None:
        self.net = net
        self._compute = compute

    def synthesize(self, phonemes: str, tensors: Tensors, *, speed: float) -> Frames:
        """Return the frames of one clause.

        Raises:
            TextRejectedError: If `phonemes` is empty, too long, or holds a foreign symbol.
            VoiceFileError: If `tensors` holds no style, or one of the wrong shape.
        """
        style = torch.from_numpy(prosody_style(tensors)).to(self._compute.device)
        ids = torch.tensor(symbol_ids(phonemes), device=self._compute.device)
        with torch.inference_mode(), self._compute.autocast():
            frames = self.net(ids, style, speed=speed)
        return Frames(
            features=_float32(frames.features),
            f0_hz=_float32(frames.f0_hz),
            energy=_float32(frames.energy),
            durations=frames.durations.cpu().numpy(),
        )


def symbol_ids(phonemes: str) -> list[int]:
    """Return the ids of one clause between its two edges.

    Raises:
        TextRejectedError: If `phonemes` is empty, too long, or holds a foreign symbol.
    """
    if not 1 <= len(phonemes) <= MAX_SYMBOLS:
        raise TextRejectedError(
            f"A clause of {len(phonemes)} phonemes cannot be spoken; from 1 to {MAX_SYMBOLS} can."
        )
    foreign = sorted(set(phonemes) - KOKORO_SYMBOLS.keys())
    if foreign:
        raise TextRejectedError(f"These are not phonemes of this voice model: {foreign}")
    return [EDGE_ID, *(KOKORO_SYMBOLS[symbol] for symbol in phonemes), EDGE_ID]


def load_synthesizer(path: Path, compute: Compute) -> KokoroSynthesizer:
    """Return the synthesizer in the converted weights at `path`.

    Raises:
        ModelError: If the weights are damaged or do not fit.
    """
    with torch.device("meta"):
        net = SynthesizerNet()
    return KokoroSynthesizer(filled(net, path).to(compute.device), compute)


def _float32(tensor: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(tensor.float().cpu().numpy())
