"""The search itself, with a voice that is a few sines instead of networks."""

import numpy as np
import pytest
import torch
from tuners import SIZE, plain_tuner

from rtvc_bridge.audio import Audio
from rtvc_bridge.stages.encoder import GE2E
from rtvc_bridge.stages.objective import Objective
from rtvc_bridge.stages.refine import CHECK_EVERY, Refiner

pytestmark = pytest.mark.usefixtures("one_thread")

RATE_HZ = 16_000


class SineDrafts:
    """Speaks sines whose loudness is the style's first four numbers and the offsets' mean."""

    def __init__(self):
        at_s = torch.arange(RATE_HZ) / RATE_HZ
        self.parts = torch.stack(
            [torch.sin(2 * torch.pi * f * at_s) for f in (200, 700, 1900, 5000)]
        )
        self.said = []

    def adapt(self):
        pass

    def spoken(self, sentence, style, offsets, *, f0_hz):
        self.said.append(sentence)
        weights = (style[:4] + offsets[:, :4].mean(0)).exp()
        return 0.02 * (weights @ self.parts)


def second(samples):
    """Return a speaker's vector that tells where the sound's energy lies."""
    bands = torch.fft.rfft(samples)[:8000].abs().view(64, -1).sum(1).repeat(3)
    return bands / bands.norm()


def refiner(drafts, *, opinion=4.5):
    torch.manual_seed(0)
    ge2e = GE2E().eval().requires_grad_(requires_grad=False)

    def naturalness():
        return lambda samples: samples.sum() * 0 + opinion

    objective = Objective(ge2e.utterance, lambda: second, naturalness)
    return Refiner(drafts, objective, plain_tuner(), lambda tensors, f0_hz: tensors), ge2e


@pytest.fixture
def setting():
    drafts = SineDrafts()
    made, ge2e = refiner(drafts)
    style = np.zeros(SIZE, np.float32)
    style[:4] = [1.0, -1.0, 0.5, -1.5]
    none = torch.zeros(58, 128)
    sound = drafts.spoken("", torch.from_numpy(style), none, f0_hz=None)
    embedding = ge2e.utterance(sound).numpy()
    drafts.said.clear()
    return made, drafts, embedding, [Audio(sound.numpy(), RATE_HZ)]


START = {"style": np.zeros(SIZE, np.float32)}


def searched(setting, steps):
    made, _, embedding, clips = setting
    search = made.begun(START, embedding, clips, steps=steps)
    while search.done < steps:
        search = made.stepped(search)
    return made, search


def test_steps_make_the_voice_more_alike_in_sentences_that_were_not_trained_on(setting):
    made, search = searched(setting, 8)
    assert search.best_loss < 0.9 * search.first_loss
    tensors = made.tensors(search)
    assert tensors["style"].dtype == tensors["decoder_offsets"].dtype == np.float32
    assert tensors["decoder_offsets"].shape == (58, 128)
    assert np.abs(tensors["style"][:4]).max() > 0.1


def test_the_held_out_sentences_are_never_trained_on(setting):
    _, drafts, *_ = setting
    searched(setting, CHECK_EVERY)
    judged = set(drafts.said[:2])
    assert judged == set(drafts.said[-2:])
    assert judged.isdisjoint(drafts.said[2:-2])


def test_a_search_that_only_gets_worse_keeps_the_start(setting):
    made, _, embedding, clips = setting
    search = made.begun(START, embedding, clips, steps=CHECK_EVERY)
    drafts = SineDrafts()
    worse, _ = refiner(drafts, opinion=1.0)  # judges everything as unnatural from now on
    while search.done < search.steps:
        search = worse.stepped(search)
    assert search.best is search.start
    np.testing.assert_allclose(made.tensors(search)["style"], START["style"], atol=1e-6)


def test_a_refined_voice_is_taken_up_where_it_was_left(setting):
    made, _, embedding, clips = setting
    _, search = searched(setting, CHECK_EVERY)
    again = made.begun(made.tensors(search), embedding, clips, steps=1)
    assert again.first_loss == pytest.approx(search.best_loss, abs=1e-3)
