"""How much may be spoken: known before, charged after."""

import pytest
from rtvc_discord.limits import CHARS_PER_S, Allowances, Held, Paces

from rtvc_bridge.errors import BudgetError

TEXT = "x" * 140


def hold(allowances: Allowances, seconds: float, *, now: float = 0.0, user: int = 1) -> Held:
    return allowances.hold(
        seconds, guild=5, user=user, user_per_minute=30, guild_per_minute=50, now=now
    )


def test_a_line_is_judged_by_its_spoken_characters():
    assert Paces().seconds("word " * 28, voice_id="a", speed=1.0) == pytest.approx(
        139 / CHARS_PER_S
    )


def test_figures_count_as_the_words_they_are_read_as():
    paces = Paces()
    as_words = paces.seconds(
        "one hundred twenty-three thousand four hundred", voice_id="a", speed=1
    )
    assert paces.seconds("123,400", voice_id="a", speed=1) == pytest.approx(as_words, rel=0.2)


def test_twice_the_speed_takes_half_the_time():
    paces = Paces()
    slow = paces.seconds("hello there", voice_id="a", speed=1.0)
    assert paces.seconds("hello there", voice_id="a", speed=2.0) == slow / 2


def test_a_voice_that_speaks_slowly_is_judged_slower_from_then_on():
    paces = Paces()
    text = "hello there " * 10
    before = paces.seconds(text, voice_id="slow", speed=1.0)
    for _ in range(40):
        paces.learn(text, 2 * before, voice_id="slow", speed=1.0)
    assert paces.seconds(text, voice_id="slow", speed=1.0) == pytest.approx(2 * before, rel=0.01)
    assert paces.seconds(text, voice_id="other", speed=1.0) == before


def test_a_line_too_short_to_measure_teaches_nothing():
    paces = Paces()
    before = paces.seconds("hello", voice_id="a", speed=1.0)
    paces.learn("hello", 0.9, voice_id="a", speed=1.0)
    assert paces.seconds("hello", voice_id="a", speed=1.0) == before


def test_a_person_may_have_their_share_and_no_more():
    allowances = Allowances()
    hold(allowances, 20)
    hold(allowances, 10)
    with pytest.raises(BudgetError) as refusal:
        hold(allowances, 10)
    assert str(refusal.value) == (
        "You have had 30 s of speech in a minute, which is the limit. Try again in 20 s."
    )


def test_there_is_room_again_when_the_refusal_says():
    allowances = Allowances()
    hold(allowances, 30)
    with pytest.raises(BudgetError):
        hold(allowances, 10, now=19.0)
    hold(allowances, 10, now=20.0)


def test_a_server_has_its_share_whoever_speaks():
    allowances = Allowances()
    hold(allowances, 25, user=1)
    hold(allowances, 25, user=2)
    with pytest.raises(BudgetError) as refusal:
        hold(allowances, 5, user=3)
    assert str(refusal.value).startswith("This server has had 50 s")


def test_a_refused_line_costs_nothing():
    allowances = Allowances()
    hold(allowances, 25, user=1)
    hold(allowances, 20, user=2)
    with pytest.raises(BudgetError):
        hold(allowances, 10, user=3)
    hold(allowances, 5, user=3)


def test_what_was_really_spoken_is_charged():
    allowances = Allowances()
    allowances.settle(hold(allowances, 30), 5.0)
    hold(allowances, 25)
    with pytest.raises(BudgetError):
        hold(allowances, 1)


def test_a_line_that_took_longer_is_charged_in_full():
    allowances = Allowances()
    allowances.settle(hold(allowances, 10), 30.0)
    with pytest.raises(BudgetError):
        hold(allowances, 1)


def test_a_line_longer_than_the_share_waits_for_a_full_share_only():
    allowances = Allowances()
    hold(allowances, 45)
    with pytest.raises(BudgetError):
        hold(allowances, 45, now=60.0, user=1)
    hold(allowances, 45, now=90.0, user=1)
