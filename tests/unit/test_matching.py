from dataclasses import dataclass

import numpy as np
import pytest

from rtvc_bridge.audio import Audio
from rtvc_bridge.pipeline import FrameFormat, Frames
from rtvc_bridge.stages.matching import MatchedTuner, PitchMatch


@dataclass(frozen=True)
class FlatSynthesizer:
    """Speaks everything at one pitch, gliding in from nothing."""

    f0_hz: float
    alphabet = frozenset("a")
    style_size = 4
    frame_format = FrameFormat(512, 600, 24_000, 2)

    def synthesize(self, phonemes, tensors, *, speed):
        curve = np.full(40, self.f0_hz, np.float32)
        curve[:8] = [0, 0, 0, 15, 30, 45, 60, 70]
        nothing = np.zeros(0, np.float32)
        return Frames(nothing.reshape(512, 0), curve, nothing, np.zeros(0, np.int64))


class FixedTuner:
    embedding_size = 256
    style_size = 4

    def tune(self, embedding, clips):
        return {"style": np.zeros(4, np.float32)}


def buzz(f0_hz):
    at_s = np.arange(16_000) / 16_000
    parts = [np.sin(2 * np.pi * f0_hz * k * at_s) / k for k in range(1, 9)]
    return Audio(0.1 * np.sum(parts, axis=0).astype(np.float32), 16_000)


def test_a_voice_is_given_the_semitones_that_bring_it_to_its_speaker():
    tuner = MatchedTuner(FixedTuner(), PitchMatch(FlatSynthesizer(200.0)))
    tensors = tuner.tune(np.zeros(256, np.float32), [buzz(150.0)])
    assert tensors["pitch_semitones"] == pytest.approx([12 * np.log2(150 / 200)], abs=0.1)
    assert tensors["pitch_semitones"].dtype == np.float32


def test_without_a_pitch_to_match_an_earlier_match_is_taken_off():
    earlier = {"style": np.zeros(4, np.float32), "pitch_semitones": np.ones(1, np.float32)}
    assert set(PitchMatch(FlatSynthesizer(200.0)).matched(earlier, None)) == {"style"}


def test_a_step_of_an_octave_is_taken_for_an_error():
    matched = PitchMatch(FlatSynthesizer(200.0)).matched({"style": np.zeros(4, np.float32)}, 100.0)
    assert "pitch_semitones" not in matched
