"""Whether a second source carries our voice, told from meter readings."""

import math

import pytest
from rtvc_obs.doubling import Doubles, levels_db

OURS = "voice"
QUIET = -math.inf
SPEECH = [QUIET, *(-20 + 8 * math.sin(look * 1.3) + 4 * math.cos(look * 0.7) for look in range(30))]
OTHER_TALK = [-25 + 8 * math.sin(look * 0.9 + 2) - 5 * math.cos(look * 1.9) for look in range(31)]


def watched(**others):
    doubles = Doubles(OURS)
    for look, level in enumerate(SPEECH):
        doubles.look({OURS: level} | {name: course[look] for name, course in others.items()})
    return doubles


@pytest.mark.parametrize("louder_db", [-12, 0, 6])
@pytest.mark.parametrize("looks_late", [0, 1, 3])
def test_a_copy_is_found_however_loud_and_a_little_late(louder_db, looks_late):
    copy = [*[QUIET] * looks_late, *(level + louder_db for level in SPEECH)][: len(SPEECH)]
    assert watched(desktop=copy).found() == ("desktop",)


@pytest.mark.parametrize(
    "other",
    [OTHER_TALK, [QUIET] * 31, [-30.0] * 31],
    ids=["somebody else", "muted", "a hum"],
)
def test_other_sound_is_no_copy(other):
    assert watched(mic=other).found() == ()


def test_nothing_is_said_before_half_a_second_was_seen():
    doubles = Doubles(OURS)
    for level in SPEECH[:8]:
        doubles.look({OURS: level, "desktop": level})
    assert doubles.found() == ()


def test_a_source_that_gives_no_sound_for_half_a_second_is_silent():
    doubles = Doubles(OURS)
    for _ in range(9):
        doubles.look({OURS: QUIET})
    assert not doubles.silent
    doubles.look({OURS: QUIET})
    assert doubles.silent
    assert not watched().silent


def test_levels_are_the_peaks_after_the_fader():
    event = {
        "inputs": [
            {"inputName": "a", "inputLevelsMul": [[0.01, 0.1, 0.9], [0.01, 0.05, 0.9]]},
            {"inputName": "muted", "inputLevelsMul": [[0, 0, 0.9]]},
            {"inputName": "gone", "inputLevelsMul": []},
        ]
    }
    assert levels_db(event) == {"a": pytest.approx(-20), "muted": QUIET, "gone": QUIET}
