from dataclasses import dataclass

import numpy as np
import pytest

from rtvc_bridge.audio import Audio
from rtvc_bridge.pipeline import FrameFormat, Frames, heard_f0_hz
from rtvc_bridge.stages.matching import (
    PACE_LINE,
    PACE_RANGE,
    MatchedTuner,
    PitchMatch,
)
from rtvc_bridge.stages.pace import syllables, syllables_per_s
from rtvc_bridge.text import phonemes


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
        features = np.zeros((512, 20), np.float32)
        return Frames(features, curve, np.ones(40, np.float32), np.zeros(0, np.int64))


@dataclass(frozen=True)
class EvenSynthesizer:
    """Speaks every symbol for as long, between two silences."""

    symbol_frames: int
    alphabet = frozenset("a")
    style_size = 4
    frame_format = FrameFormat(512, 600, 24_000, 2)

    def synthesize(self, phonemes, tensors, *, speed):
        loud = np.full(2 * self.symbol_frames * len(phonemes), 5.0, np.float32)
        quiet = np.full(40, -9.0, np.float32)
        energy = np.concatenate([quiet, loud, quiet])
        f0_hz = np.full_like(energy, 200.0)
        features = np.zeros((512, len(energy) // 2), np.float32)
        return Frames(features, f0_hz, energy, np.zeros(0, np.int64))


class FixedTuner:
    embedding_size = 256
    style_size = 4

    def tune(self, embedding, clips):
        return {"style": np.zeros(4, np.float32)}


def buzz(f0_hz, *, seconds=1):
    at_s = np.arange(seconds * 16_000) / 16_000
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


def test_pitch_is_that_of_the_points_which_are_heard():
    curve = np.array([200, 210, 190, 200, 90, 90, 90, 0, 0], np.float32)
    energy = np.array([5, 6, 5, 5, 1, 1, 0, 5, 5], np.float32)
    assert heard_f0_hz(curve, energy) == 200
    assert heard_f0_hz(np.zeros(9, np.float32), energy) is None


def own_per_s(symbol_frames):
    symbols = phonemes(PACE_LINE).symbols
    return syllables(symbols) / (len(symbols) * symbol_frames * 0.025)


def test_a_voice_is_given_the_pace_that_brings_it_to_its_speaker():
    wanted = np.array([0.9 * own_per_s(3)], np.float32)
    matched = PitchMatch(EvenSynthesizer(3)).matched({"syllables_per_s": wanted}, None)
    assert matched["pace"] == pytest.approx([0.9], rel=1e-3)
    assert matched["pace"].dtype == np.float32


def test_the_pace_follows_when_the_style_becomes_slower():
    wanted = {"syllables_per_s": np.array([0.8 * own_per_s(3)], np.float32)}
    earlier = PitchMatch(EvenSynthesizer(3)).matched(wanted, None)
    later = PitchMatch(EvenSynthesizer(4)).matched(earlier, None)
    assert later["pace"] / earlier["pace"] == pytest.approx(4 / 3, rel=1e-3)


@pytest.mark.parametrize(("times", "edge"), [(0.2, PACE_RANGE[0]), (5.0, PACE_RANGE[1])])
def test_no_voice_is_slowed_or_hurried_out_of_shape(times, edge):
    wanted = np.array([times * own_per_s(3)], np.float32)
    matched = PitchMatch(EvenSynthesizer(3)).matched({"syllables_per_s": wanted}, None)
    assert matched["pace"] == pytest.approx([edge])


def test_a_pace_without_the_speakers_is_left_as_it_was():
    kept = {"pace": np.array([0.9], np.float32)}
    assert PitchMatch(EvenSynthesizer(3)).matched(kept, 200.0)["pace"] is kept["pace"]


def test_the_pace_heard_in_the_clips_is_kept_beside_what_follows_from_it():
    at_s = np.arange(8 * 16_000) / 16_000
    swelling = buzz(150.0, seconds=8).samples * (0.55 - 0.45 * np.cos(2 * np.pi * 4 * at_s))
    clip = Audio(swelling.astype(np.float32), 16_000)
    tensors = MatchedTuner(FixedTuner(), PitchMatch(EvenSynthesizer(3))).tune(
        np.zeros(256, np.float32), [clip]
    )
    assert tensors["syllables_per_s"] == pytest.approx([syllables_per_s([clip])])
    assert {"style", "pace", "pitch_semitones"} < set(tensors)
