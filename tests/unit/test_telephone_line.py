"""Voices that are known from a telephone only."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tuners import COEFFICIENTS, SIZE, plain_tuner

from rtvc_bridge.audio import Audio
from rtvc_bridge.bench.handling import telephone
from rtvc_bridge.stages.line import is_narrow
from rtvc_bridge.stages.objective import Objective, over_the_line
from rtvc_bridge.stages.tuner import features, line_features, long_term_spectrum

RATE_HZ = 16_000
RNG = np.random.default_rng(0)
EMBEDDING = np.eye(SIZE, dtype=np.float32)[0]


def drawn(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def dull(samples):
    """Return noise that falls by 24 dB from 1 to 8 kHz, as speech does."""
    spectrum = np.fft.rfft(samples)
    hz = np.linspace(1, RATE_HZ / 2, len(spectrum))
    shaped = np.fft.irfft(spectrum * np.minimum(1, (1000 / hz) ** (4 / 3)), len(samples))
    return Audio((0.1 * shaped / shaped.std()).astype(np.float32), RATE_HZ)


WIDE = dull(drawn(3 * RATE_HZ))
NARROW = telephone(WIDE)


@pytest.mark.parametrize(
    ("clip", "narrow"),
    [(WIDE, False), (NARROW, True), (WIDE.at(8_000), True), (WIDE.at(48_000), False)],
)
def test_a_telephone_is_told_by_what_is_missing_above_it(clip, narrow):
    assert is_narrow(long_term_spectrum([clip])) == narrow


def test_of_a_telephone_recording_the_tuner_reads_what_it_guesses():
    guess = {"line_weight": 0.1 * drawn(*plain_tuner().line_weight.shape), "line_bias": drawn(336)}
    tuner = replace(plain_tuner(), weight=0.01 * drawn(336, COEFFICIENTS), **guess)
    left = line_features(features(EMBEDDING, [NARROW]))
    expected = (left @ tuner.line_weight + tuner.line_bias) @ tuner.weight
    style = tuner.tune(EMBEDDING, [NARROW])["style"][:COEFFICIENTS]
    np.testing.assert_allclose(style, expected, rtol=1e-3, atol=1e-4)
    plain = features(EMBEDDING, [WIDE]) @ tuner.weight
    style = tuner.tune(EMBEDDING, [WIDE])["style"][:COEFFICIENTS]
    np.testing.assert_allclose(style, plain, rtol=1e-3, atol=1e-4)


def test_what_a_telephone_lets_through_does_not_depend_on_the_level():
    quiet = Audio(0.1 * NARROW.samples, RATE_HZ)
    ours, theirs = (line_features(features(EMBEDDING, [each])) for each in (quiet, NARROW))
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


def bands(samples):
    """Return a unit vector that tells where the sound's energy lies."""
    heard = torch.fft.rfft(samples).abs()
    sums = heard[: len(heard) // SIZE * SIZE].view(SIZE, -1).sum(1)
    return sums / sums.norm()


def test_refining_compares_over_a_telephone_who_is_known_from_one_only():
    objective = Objective(bands, lambda: bands, lambda: lambda x: x.sum() * 0 + 5)
    draft = torch.from_numpy(WIDE.samples)
    heard = bands(over_the_line(draft)).numpy()
    known_by = {
        clip: objective.target(embedding, [Audio(samples, RATE_HZ)])
        for clip, embedding, samples in (
            ("wide", bands(draft).numpy(), WIDE.samples),
            ("narrow", heard, NARROW.samples),
        )
    }
    bright = draft + 0.02 * torch.sin(2 * torch.pi * 6000 / RATE_HZ * torch.arange(len(draft)))
    loss = {
        (name, clip): float(objective.loss(each, target, channel=0))
        for clip, target in known_by.items()
        for name, each in (("draft", draft), ("bright", bright))
    }
    assert loss["draft", "narrow"] == pytest.approx(loss["draft", "wide"], abs=0.1)
    assert loss["bright", "wide"] > loss["draft", "wide"] + 0.01
    assert loss["bright", "narrow"] == pytest.approx(loss["draft", "narrow"], abs=1e-3)
