"""Loudness as BS.1770 has it, and voices brought to one."""

import math

import numpy as np
import pyloudnorm
import pytest

from rtvc_bridge.audio import Audio, joined, silence
from rtvc_bridge.loudness import (
    CEILING_DB,
    MAX_GAIN_DB,
    TARGET_LUFS,
    Match,
    loudness_lufs,
)

RATE_HZ = 24_000


def noise(seconds, level, rate_hz=RATE_HZ):
    """Speech-like: noise that swells and fades four times a second."""
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    samples = np.random.default_rng(7).standard_normal(len(at_s)) * level
    return Audio((samples * np.sin(4 * np.pi * at_s) ** 2).astype(np.float32), rate_hz)


def tone(seconds, level, hz=997, rate_hz=RATE_HZ):
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return Audio((np.sin(2 * np.pi * hz * at_s) * level).astype(np.float32), rate_hz)


@pytest.mark.parametrize("hz", [60, 100, 300, 997, 3000, 7000])
@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 48_000])
def test_it_agrees_with_pyloudnorm(hz, rate_hz):
    sound = joined([tone(1.5, 0.2, hz, rate_hz), silence(1, rate_hz), noise(2, 0.05, rate_hz)])
    theirs = pyloudnorm.Meter(rate_hz).integrated_loudness(sound.samples)
    assert loudness_lufs(sound) == pytest.approx(theirs, abs=0.3)


def test_a_full_scale_tone_has_the_loudness_that_the_standard_names():
    assert loudness_lufs(tone(2, 1.0, rate_hz=48_000)) == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize("sound", [silence(0, RATE_HZ), silence(2, RATE_HZ), tone(1, 1e-5)])
def test_silence_has_no_loudness_and_stays_as_it_is(sound):
    assert loudness_lufs(sound) == -math.inf
    assert np.array_equal(Match().matched(sound).samples, sound.samples)


@pytest.mark.parametrize("level", [0.03, 0.1, 0.2])
def test_loud_and_soft_voices_come_out_at_one_loudness(level):
    assert loudness_lufs(Match().matched(noise(2, level))) == pytest.approx(TARGET_LUFS, abs=0.1)


def test_a_word_shorter_than_a_block_is_matched_too():
    matched = Match().matched(tone(0.2, 0.05))
    assert loudness_lufs(matched) == pytest.approx(TARGET_LUFS, abs=0.1)


def test_near_silence_is_not_raised_without_end():
    sound = noise(2, 0.001)
    raised = Match().matched(sound).samples / np.where(sound.samples == 0, 1, sound.samples)
    assert 20 * np.log10(raised.max()) == pytest.approx(MAX_GAIN_DB, abs=0.01)


def test_no_sample_passes_the_ceiling():
    click = noise(2, 0.02).samples
    click[1000] = 0.9
    matched = Match().matched(Audio(click, RATE_HZ)).samples
    assert 20 * np.log10(np.abs(matched).max()) == pytest.approx(CEILING_DB, abs=0.01)


def test_a_loud_first_word_does_not_leave_the_rest_soft():
    match = Match()
    match.matched(tone(0.3, 0.3))
    assert loudness_lufs(match.matched(noise(4, 0.05))) == pytest.approx(TARGET_LUFS, abs=2.5)
