"""How loud a lane is: what a meter is told, and when."""

import pytest

from rtvc_bridge.levels import FORGOTTEN_S, WINDOW_S, Levels


class Clock:
    """Seconds that pass when told."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def levels(clock):
    return Levels(clock)


def test_the_loudest_of_the_last_moment_is_told(levels, clock):
    for peak in (0.1, 0.5, 0.25):
        levels.note("mic", peak)
        clock.now += WINDOW_S / 4
    assert levels.read() == {"mic": pytest.approx(-6.02, abs=0.01)}


def test_a_loud_moment_is_forgotten_once_the_next_has_begun(levels, clock):
    levels.note("mic", 1.0)
    clock.now += WINDOW_S
    levels.note("mic", 0.1)
    assert levels.read() == {"mic": pytest.approx(-20.0)}


def test_a_lane_that_gets_no_sound_any_more_is_not_told(levels, clock):
    levels.note("mic", 1.0)
    clock.now += FORGOTTEN_S
    levels.note("speaker", 0.5)
    assert list(levels.read()) == ["speaker"]


@pytest.mark.parametrize("peak", [0.0, 0.0009])
def test_near_silence_is_not_told(levels, peak):
    levels.note("mic", peak)
    assert levels.read() == {}
