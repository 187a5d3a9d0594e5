"""Sentences that were given out: for one recording each, and not for long."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from rtvc_bridge.errors import ConsentError
from rtvc_bridge.safety.challenges import Challenges

pytestmark = pytest.mark.trust


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def challenges(clock):
    return Challenges(clock, today=lambda: date(2026, 11, 23), limit_s=120, most_open=3)


def test_a_sentence_is_given_back_once(challenges):
    issued = challenges.issue("Alba")
    assert "Alba" in issued.sentence
    assert "November twenty third" in issued.sentence
    assert challenges.taken(issued.id) == issued
    with pytest.raises(ConsentError, match="was used already"):
        challenges.taken(issued.id)


def test_a_sentence_is_good_until_its_time_is_up(challenges, clock):
    first, second = challenges.issue("Alba"), challenges.issue("Alba")
    clock.now_s = 119.9
    assert challenges.taken(first.id) == first
    clock.now_s = 120.0
    with pytest.raises(ConsentError, match="has expired: there are 120 s"):
        challenges.taken(second.id)


def test_an_id_that_nobody_gave_out_is_unknown(challenges):
    challenges.issue("Alba")
    with pytest.raises(ConsentError, match="unknown here"):
        challenges.taken("guessed")


def test_each_refusal_says_what_to_do(challenges):
    with pytest.raises(ConsentError, match="Ask for a new sentence"):
        challenges.taken("guessed")


def test_only_so_many_wait_and_there_is_room_again_once_they_are_over(challenges, clock):
    for second in (0, 10, 20):
        clock.now_s = second
        challenges.issue("Alba")
    with pytest.raises(ConsentError, match="3 sentences wait to be read; try again in 100 s"):
        challenges.issue("Alba")
    clock.now_s = 120
    assert challenges.issue("Alba")


def test_one_that_was_taken_leaves_room(challenges):
    ids = [challenges.issue("Alba").id for _ in range(3)]
    challenges.taken(ids[1])
    assert challenges.issue("Alba")


def test_ids_cannot_be_guessed_from_each_other(challenges):
    first, second = challenges.issue("Alba").id, challenges.issue("Alba").id
    assert first != second
    assert re.fullmatch(r"[\w-]{22}", first)


def test_of_many_who_hand_in_at_once_one_succeeds(challenges):
    issued = challenges.issue("Alba")

    def attempt(_):
        try:
            return challenges.taken(issued.id) == issued
        except ConsentError:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(64))) == 1


def test_a_recording_that_was_handed_in_before_is_refused(challenges):
    challenges.first_time("ab" * 32)
    challenges.first_time("cd" * 32)
    with pytest.raises(ConsentError, match="handed in before"):
        challenges.first_time("ab" * 32)
