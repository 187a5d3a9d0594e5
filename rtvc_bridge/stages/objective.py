"""What a draft is judged by: who speaks, how it sounds as a whole, how natural it is.

One witness alone is soon fooled: two speaker encoders of different kinds must agree, each hears
the draft plain and through a channel drawn anew at every step (expectation over transformations,
Athalye et al. 2018), and a judge of naturalness objects to what no throat would make.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.stages.campplus import RATE_HZ
from rtvc_bridge.stages.drafts import LEVEL, Spectrum
from rtvc_bridge.stages.line import KEPT, PASSED_HZ, is_narrow
from rtvc_bridge.stages.pitch import median_f0_hz
from rtvc_bridge.stages.search import Target
from rtvc_bridge.stages.tuner import long_term_spectrum
from rtvc_bridge.voices import Embedding

SPECTRUM_WEIGHT = 0.3
NATURALNESS_WEIGHT = 0.15
NATURAL_ENOUGH = 4.3

Ear: TypeAlias = Callable[[Tensor], Tensor]
"""Hears [n] samples at 16 kHz."""

_CHANNEL_BANDS = 12
_CHANNEL_DB = 3.0
_QUIETEST_NOISE_DB, _LOUDEST_NOISE_DB = -35.0, -15.0
_PIECE_SAMPLES = 4 * RATE_HZ


class Objective:
    """The loss of a draft against a speaker. Holds networks, no state.

    Args:
        first: Tells who speaks, as a unit vector.
        second: Gives what tells it in another way; called at the first use, as the next one.
        naturalness: Gives what tells how natural it sounds, 1 to 5.
    """

    def __init__(
        self,
        first: Ear,
        second: Callable[[], Ear],
        naturalness: Callable[[], Ear],
    ) -> None:
        self._first = first
        self._second = cache(second)
        self._naturalness = cache(naturalness)
        self._spectrum = Spectrum()

    def target(self, embedding: Embedding, clips: Sequence[Audio]) -> Target:
        """Return what drafts in the voice of the speaker of `clips` should sound like.

        Raises:
            ModelError: If a network cannot be had.
        """
        return Target(
            embedding, self._second_embedding(clips), long_term_spectrum(clips), median_f0_hz(clips)
        )

    def loss(self, draft: Tensor, target: Target, *, channel: int) -> Tensor:
        """Return how far a draft is from the speaker; 0 is the same voice, naturally spoken.

        A speaker who is known from a telephone only is compared over a telephone.

        Args:
            draft: [n] samples at 16 kHz, a few seconds.
            target: The speaker.
            channel: Number of the drawn channel.

        Raises:
            ModelError: If a network cannot be had.
        """
        views = torch.Generator().manual_seed(channel)
        plain = over_the_line(draft) if is_narrow(target.spectrum) else draft
        heard = (plain, through_channel(plain, views))
        first = torch.stack([self._first(each) for each in heard])
        second = torch.stack([self._second()(each) for each in heard])
        likeness = (first @ torch.from_numpy(target.embedding)).mean()
        likeness = likeness + (second @ torch.from_numpy(target.second)).mean()
        spectrum = _apart(self._spectrum(draft), torch.from_numpy(target.spectrum))
        unnatural = functional.relu(NATURAL_ENOUGH - self._naturalness()(draft))
        loss: Tensor = 2 - likeness + SPECTRUM_WEIGHT * spectrum + NATURALNESS_WEIGHT * unnatural
        return loss

    def _second_embedding(self, clips: Sequence[Audio]) -> Embedding:
        samples = torch.from_numpy(joined(clip.at(RATE_HZ) for clip in clips).samples)
        pieces = [
            each for each in torch.split(samples, _PIECE_SAMPLES) if len(each) > _PIECE_SAMPLES // 2
        ]
        with torch.no_grad():
            mean = torch.stack([self._second()(each) for each in pieces or [samples]]).mean(0)
        vector: Embedding = (mean / mean.norm()).numpy()
        return vector


def over_the_line(draft: Tensor) -> Tensor:
    """Return [n] samples at 16 kHz as a telephone lets them through."""
    spectrum = torch.fft.rfft(draft)
    hz = torch.linspace(0, RATE_HZ / 2, len(spectrum))
    passed = (hz > PASSED_HZ[0]) & (hz < PASSED_HZ[1])
    heard: Tensor = torch.fft.irfft(spectrum * passed, len(draft))
    return heard


def _apart(ours: Tensor, theirs: Tensor) -> Tensor:
    """Return how far two long-term spectra are apart, in nats, where the second says something."""
    if is_narrow(theirs.numpy()):
        ours, theirs = (each[KEPT] - each[KEPT].mean() for each in (ours, theirs))
    return (ours - theirs).abs().mean()


def through_channel(draft: Tensor, drawn: torch.Generator) -> Tensor:
    """Return [n] samples after an equaliser and a noise that `drawn` gives."""
    spectrum = torch.fft.rfft(draft)
    bands = _CHANNEL_DB * torch.randn(1, 1, _CHANNEL_BANDS, generator=drawn)
    gains_db = functional.interpolate(bands, len(spectrum), mode="linear", align_corners=True)
    sound = torch.fft.irfft(spectrum * 10 ** (gains_db[0, 0] / 20), len(draft))
    sound = sound * (LEVEL / (sound.square().mean().sqrt() + 1e-6)).detach()
    share = torch.rand(1, generator=drawn)
    noise_db = _QUIETEST_NOISE_DB + share * (_LOUDEST_NOISE_DB - _QUIETEST_NOISE_DB)
    noise = torch.randn(len(draft), generator=drawn)
    noisy: Tensor = sound + LEVEL * 10 ** (noise_db / 20) * noise
    return noisy
