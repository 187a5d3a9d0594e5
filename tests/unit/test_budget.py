"""Seconds of sound are set aside before and charged after, by anything that can be a key."""

import pytest

from rtvc_bridge.errors import BudgetError
from rtvc_bridge.safety.budget import CHARS_PER_S, HOUR_S, Budget, Share, estimated_s

ANN = Share(("user", "ann"), 600.0, "You have", HOUR_S)
HALL = Share("hall", 900.0, "Everybody here has", HOUR_S)


def test_figures_are_judged_as_the_words_they_are_read_as():
    words = "one hundred twenty-three thousand"
    assert estimated_s("123,000") == pytest.approx(len(words) / CHARS_PER_S, rel=0.1)


def test_an_hour_has_its_share_and_says_in_minutes_when_there_is_more():
    budget = Budget()
    budget.hold(600, [ANN], now=0.0)
    with pytest.raises(BudgetError) as refusal:
        budget.hold(30, [ANN], now=0.0)
    assert str(refusal.value) == (
        "You have had 600 s of speech in an hour, which is the limit. Try again in 3 min."
    )
    with pytest.raises(BudgetError, match=r"in 1 s\."):
        budget.hold(30, [ANN], now=179.0)
    budget.hold(30, [ANN], now=180.0)


def test_one_that_is_used_up_leaves_the_others_untouched():
    budget = Budget()
    budget.hold(880, [HALL], now=0.0)
    with pytest.raises(BudgetError, match="Everybody here has had 900 s"):
        budget.hold(100, [ANN, HALL], now=0.0)
    budget.hold(600, [ANN], now=0.0)


def test_what_was_not_spoken_is_given_back_and_what_was_is_charged():
    budget = Budget()
    held = budget.hold(600, [ANN, HALL], now=0.0)
    budget.settle(held, 100.0)
    budget.hold(500, [ANN, HALL], now=0.0)
    with pytest.raises(BudgetError):
        budget.hold(1, [ANN], now=0.0)


def test_no_bucket_holds_more_than_its_share():
    budget = Budget()
    budget.settle(budget.hold(10, [ANN], now=0.0), 0.0)
    budget.hold(600, [ANN], now=9e9)
    with pytest.raises(BudgetError):
        budget.hold(1, [ANN], now=9e9)
