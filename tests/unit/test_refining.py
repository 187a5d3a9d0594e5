"""The seam of refinement, with a search that takes no networks."""

import io
from dataclasses import dataclass, replace

import numpy as np
import pytest
import soundfile

from rtvc_bridge.cli.refining import followed, kept_speech
from rtvc_bridge.errors import ClipRejectedError, ModelError
from rtvc_bridge.pipeline import Refinement
from rtvc_bridge.testing import tone_voice
from rtvc_bridge.voices import Voice
from rtvc_bridge.worker import Worker, refinements

VOICE = tone_voice("alba", 220.0)


def at(done, loss, *, steps=4):
    return Refinement(VOICE, done, steps, first_loss=1.0, best_loss=loss, state=None)


@dataclass
class Counting:
    """A pipeline whose voice gets better by one step a step."""

    seen: list[Voice]
    name = "counting"

    def refinement(self, voice, clips, *, steps):
        self.seen.append(voice)
        return replace(at(0, 1.0, steps=steps), voice=voice)

    def refined(self, refinement):
        done = refinement.done + 1
        return replace(refinement, done=done, best_loss=1 / (done + 1))


def test_every_step_is_yielded_with_the_start_first():
    pipeline = Counting([])
    steps = list(refinements(lambda job: job(pipeline), VOICE, [], steps=3))
    assert [each.done for each in steps] == [0, 1, 2, 3]
    assert steps[-1].best_loss == 0.25


def test_the_kept_speech_stays_here_and_in_the_voice():
    pipeline = Counting([])
    voice = replace(VOICE, clips=(b"speech",))
    steps = list(refinements(lambda job: job(pipeline), voice, [], steps=1))
    assert pipeline.seen[0].clips == ()
    assert all(each.voice.clips == (b"speech",) for each in steps)


def test_ctrl_c_keeps_the_best_so_far():
    def interrupted():
        yield at(0, 1.0)
        yield at(1, 0.8)
        raise KeyboardInterrupt

    outcome = followed(interrupted(), lambda now: None, longest_s=90)
    assert outcome.stopped
    assert outcome.better
    assert outcome.end.done == 1


def test_ctrl_c_before_anything_was_done_is_not_swallowed():
    def interrupted():
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        followed(interrupted(), lambda now: None, longest_s=90)


def test_no_step_is_begun_when_the_time_is_over():
    times = iter([0.0, 1.0, 50.0, 100.0, 100.0])
    outcome = followed(
        (at(n, 1.0) for n in range(5)), lambda now: None, longest_s=90, clock=lambda: next(times)
    )
    assert outcome.end.done == 2
    assert outcome.stopped
    assert not outcome.better


def test_a_voice_without_speech_cannot_be_refined():
    with pytest.raises(ClipRejectedError, match="No speech is kept"):
        kept_speech(replace(VOICE, clips=()))


def test_a_pipeline_that_cannot_refine_says_so_from_its_process():
    with (
        Worker("rtvc_bridge.testing:humming", {}) as worker,
        pytest.raises(ModelError, match="humming cannot refine voices"),
    ):
        next(refinements(worker.run, VOICE, [], steps=1))


def test_the_speech_kept_is_the_speech_heard():
    file = io.BytesIO()
    soundfile.write(file, np.linspace(-0.5, 0.5, 1600), 16_000, format="FLAC")
    (clip,) = kept_speech(replace(VOICE, clips=(file.getvalue(),)))
    assert clip.rate_hz == 16_000
    assert clip.samples[-1] == pytest.approx(0.5, abs=1e-4)
