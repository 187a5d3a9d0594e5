import numpy as np
import pytest

from rtvc_bridge.audio import Audio
from rtvc_bridge.stages.pitch import median_f0_hz, voiced_f0_hz

RATE_HZ = 16_000


def buzz(f0_hz, *, seconds=1.0, rate_hz=RATE_HZ):
    """Return a voice-like tone: twelve harmonics, each softer than the last."""
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    parts = [np.sin(2 * np.pi * f0_hz * k * at_s) / k for k in range(1, 13)]
    return Audio(0.1 * np.sum(parts, axis=0).astype(np.float32), rate_hz)


@pytest.mark.parametrize("f0_hz", [70.0, 110.0, 187.3, 260.0, 390.0])
def test_the_pitch_of_a_buzz_is_found_within_a_tenth_of_a_semitone(f0_hz):
    assert 12 * abs(np.log2(median_f0_hz([buzz(f0_hz)]) / f0_hz)) < 0.1


def test_a_missing_fundamental_is_heard_all_the_same():
    at_s = np.arange(RATE_HZ) / RATE_HZ
    parts = [np.sin(2 * np.pi * 120.0 * k * at_s) for k in range(3, 12)]
    sound = Audio(0.05 * np.sum(parts, axis=0).astype(np.float32), RATE_HZ)
    assert median_f0_hz([sound]) == pytest.approx(120.0, rel=0.01)


def test_a_few_wrong_octaves_do_not_move_the_median():
    clips = [buzz(150.0, seconds=2.0), buzz(300.0, seconds=0.4)]
    assert median_f0_hz(clips) == pytest.approx(150.0, rel=0.01)


def test_noise_and_silence_have_no_pitch():
    noise = np.random.default_rng(0).normal(size=RATE_HZ).astype(np.float32) * 0.1
    assert median_f0_hz([Audio(noise, RATE_HZ)]) is None
    assert median_f0_hz([Audio(np.zeros(RATE_HZ, np.float32), RATE_HZ)]) is None
    assert len(voiced_f0_hz(np.zeros(10, np.float32))) == 0
