import numpy as np
import pytest

from rtvc_bridge.audio import Audio, joined, silence
from rtvc_bridge.stages.pace import (
    MEAN_NUCLEI_PER_S,
    MEAN_SYLLABLES_PER_S,
    heard_s,
    nuclei,
    spoken_s,
    syllables,
    syllables_per_s,
)
from rtvc_bridge.text import phonemes

RATE_HZ = 16_000


def babble(per_s, *, seconds=10.0):
    """Return a buzz that swells and fades `per_s` times a second, as vowels do."""
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    buzz = np.sum([np.sin(2 * np.pi * 130 * k * at_s) / k for k in range(1, 13)], axis=0)
    swell = 0.55 - 0.45 * np.cos(2 * np.pi * per_s * at_s)
    return Audio((0.1 * buzz * swell).astype(np.float32), RATE_HZ)


@pytest.mark.parametrize(
    ("line", "count"),
    [("cat", 1), ("water", 2), ("beautiful", 3), ("Please call Stella.", 4), ("fly, cow, boy", 3)],
)
def test_a_line_has_as_many_syllables_as_vowels(line, count):
    assert syllables(phonemes(line).symbols) == count


@pytest.mark.parametrize("per_s", [3.0, 4.5, 6.0])
def test_every_swell_is_a_nucleus(per_s):
    found = nuclei([babble(per_s)])
    assert found is not None
    assert found[0] == pytest.approx(per_s, rel=0.03)


def test_pauses_are_no_speech_and_short_gaps_are():
    speech = babble(4.0, seconds=2.0)
    paused = joined([speech, silence(0.6, RATE_HZ), speech]).at(8_000)
    gapped = joined([speech, silence(0.1, RATE_HZ), speech]).at(8_000)
    assert heard_s(paused.samples) == pytest.approx(4.0, abs=0.15)
    assert heard_s(gapped.samples) == pytest.approx(4.1, abs=0.15)


def test_the_pace_does_not_depend_on_pauses():
    speech = babble(4.0, seconds=4.0)
    paused, running = joined([speech, silence(1.0, RATE_HZ), speech]), joined([speech, speech])
    of_paused, of_running = nuclei([paused]), nuclei([running])
    assert of_paused is not None
    assert of_running is not None
    assert of_paused[0] == pytest.approx(of_running[0], rel=0.05)


def test_speech_in_a_curve_is_what_comes_near_the_loud_part():
    levels = np.array([-20.0] * 5 + [0.0] * 10 + [-3.0] * 5 + [-20.0] * 40 + [0.0] * 10)
    assert spoken_s(levels, step_s=0.01, below=6.0) == pytest.approx(0.25, abs=0.011)


def test_quick_speech_is_told_from_slow_the_better_the_more_is_heard():
    slow, quick, short = (
        syllables_per_s([clip]) or 0.0
        for clip in (babble(3.0), babble(6.0), babble(6.0, seconds=2.0))
    )
    assert 0 < slow < MEAN_SYLLABLES_PER_S < short < quick < 6.0


def test_speech_like_most_is_given_the_mean_pace():
    assert syllables_per_s([babble(MEAN_NUCLEI_PER_S)]) == pytest.approx(
        MEAN_SYLLABLES_PER_S, rel=0.03
    )


def test_too_little_speech_a_tone_and_silence_have_no_pace():
    at_s = np.arange(5 * RATE_HZ) / RATE_HZ
    tone = Audio((0.1 * np.sin(2 * np.pi * 500 * at_s)).astype(np.float32), RATE_HZ)
    for clip in (babble(4.0, seconds=1.0), tone, silence(5.0, RATE_HZ), silence(0, RATE_HZ)):
        assert syllables_per_s([clip]) is None
