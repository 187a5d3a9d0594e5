"""What refinement listens to, with encoders that are a few lines instead of networks."""

import numpy as np
import pytest
import torch

from rtvc_bridge.audio import Audio
from rtvc_bridge.stages.drafts import LEVEL
from rtvc_bridge.stages.objective import NATURALNESS_WEIGHT, Objective, through_channel
from rtvc_bridge.stages.search import Target

RATE_HZ = 16_000


def bands(samples, count):
    """Return a unit vector that tells where the sound's energy lies."""
    heard = torch.fft.rfft(samples)[: RATE_HZ // 2].abs()
    sums = heard[: len(heard) // count * count].view(count, -1).sum(1)
    return sums / sums.norm()


def objective(opinion=4.5):
    return Objective(
        lambda x: bands(x, 256),
        lambda: lambda x: bands(x, 192),
        lambda: lambda x: x.sum() * 0 + opinion,
    )


def sound(hz):
    at_s = torch.arange(2 * RATE_HZ) / RATE_HZ
    noise = torch.randn(len(at_s), generator=torch.Generator().manual_seed(0))
    tone = sum(torch.sin(2 * torch.pi * hz * k * at_s) / k for k in range(1, 6))
    mixed = tone + 0.3 * noise
    return LEVEL * mixed / mixed.square().mean().sqrt()


def target(of):
    embedding = bands(of, 256).numpy()
    return objective().target(embedding, [Audio(of.numpy(), RATE_HZ)])


def test_the_speaker_s_own_sound_is_nearer_than_another_s():
    own, other = sound(150.0), sound(950.0)
    of_own = objective().loss(own, target(own), channel=0)
    of_other = objective().loss(other, target(own), channel=0)
    assert float(of_own) < 0.3 < 0.6 < float(of_other)


def test_what_sounds_unnatural_counts_by_its_weight():
    own = sound(150.0)
    natural, unnatural = (
        float(objective(opinion).loss(own, target(own), channel=0)) for opinion in (4.5, 2.3)
    )
    assert unnatural - natural == pytest.approx(2 * NATURALNESS_WEIGHT, abs=1e-4)


def test_the_second_encoder_counts_where_the_first_is_content():
    own, other = sound(150.0), sound(950.0)
    right = target(own)
    wrong = Target(right.embedding, target(other).second, right.spectrum, right.f0_hz)
    losses = [float(objective().loss(own, each, channel=0)) for each in (right, wrong)]
    assert losses[1] > losses[0] + 0.2


def test_a_channel_is_the_same_every_time_and_unlike_the_next():
    own = sound(150.0)
    first, again, next_ = (
        through_channel(own, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.allclose(first, next_, atol=1e-3)
    assert float(first.square().mean().sqrt()) == pytest.approx(LEVEL, rel=0.05)


def test_gradients_reach_the_draft():
    draft = sound(150.0).requires_grad_()
    objective().loss(draft, target(sound(950.0)), channel=3).backward()
    assert draft.grad.isfinite().all()
    assert draft.grad.abs().max() > 0


def test_the_target_knows_the_speaker_s_pitch():
    assert target(sound(150.0)).f0_hz == pytest.approx(150, abs=2)
    assert np.isclose(np.linalg.norm(target(sound(150.0)).second), 1)
