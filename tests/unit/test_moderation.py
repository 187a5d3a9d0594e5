"""What is not said, or not at once, by whom, when and how much of it."""

from datetime import datetime

import pytest

from rtvc_bridge import config
from rtvc_bridge.config import ModerationSettings
from rtvc_bridge.errors import BudgetError, ConfigError, QuietError, TextRejectedError
from rtvc_bridge.safety.asker import HERE, Asker
from rtvc_bridge.safety.budget import CHARS_PER_S
from rtvc_bridge.safety.moderation import Moderation
from rtvc_bridge.safety.policy import Request
from rtvc_bridge.testing import tone_voice

ANN = Asker("discord", "12", frozenset({"guild:3", "role:9"}))
BOB = Asker("discord", "13", frozenset({"guild:3"}))
VOICE = tone_voice("tone", 200.0)
TEN_S = "word " * int(2 * CHARS_PER_S)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.s = 0.0
        self.day = datetime(2026, 3, 1, 12, 0)

    def __call__(self) -> float:
        return self.s

    def now(self) -> datetime:
        return self.day


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def moderation(clock):
    """Return moderation with the settings given."""
    return lambda **chosen: Moderation(ModerationSettings(**chosen), clock=clock, now=clock.now)


def request(text, asker=ANN, lane="discord:3"):
    return Request(text, VOICE, lane, asker.user, asker)


def test_nothing_chosen_lets_everything_pass(moderation):
    ruling = moderation().ruled(request("any damn thing"))
    assert (ruling.text, ruling.held) == ("any damn thing", None)


@pytest.mark.parametrize("asker", [ANN, HERE])
@pytest.mark.parametrize("text", ["a darn thing", "d-a-r-n", "It cost 12,345 dollars"])
def test_what_is_blocked_is_refused_whoever_asks(moderation, asker, text):
    judge = moderation(block=["darn"], block_patterns=[r"\d{2},\d{3}"])
    with pytest.raises(TextRejectedError, match="not spoken here"):
        judge.ruled(request(text, asker))


def test_the_refusal_does_not_repeat_the_word(moderation):
    with pytest.raises(TextRejectedError) as refusal:
        moderation(block=["darn"]).ruled(request("darn"))
    assert "darn" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A darn thing, DARN!", "A d-word thing, d-word!"),
        ("d.a.r.n da\u0301rn", "d-word d-word"),
        ("go away, darned", "please stay, darned"),
        ("ring 555-1234 now", "ring a number now"),
        ("gröss 😀 darn 😀", "gröss 😀 d-word 😀"),
        ("nothing", "nothing"),
    ],
)
def test_what_is_replaced_is_said_otherwise(moderation, text, said):
    judge = moderation(
        replace={"darn": "d-word", "go away": "please stay"},
        replace_patterns={r"\d{3}-\d{4}": "a number"},
    )
    assert judge.ruled(request(text)).text == said


def test_of_two_that_overlap_the_first_and_longest_is_replaced(moderation):
    judge = moderation(replace={"go": "GO", "go away": "stay", "away with you": "AWAY"})
    assert judge.ruled(request("go away with you")).text == "stay with you"


def test_a_replacement_does_not_smuggle_in_what_is_blocked(moderation):
    judge = moderation(replace={"xyz": "dar"}, block=["darn"])
    with pytest.raises(TextRejectedError):
        judge.ruled(request("xyz-n"))


def test_a_blocked_word_is_refused_even_if_it_is_replaced(moderation):
    with pytest.raises(TextRejectedError):
        moderation(replace={"darn": "dear"}, block=["darn"]).ruled(request("darn"))


@pytest.mark.parametrize("text", ["a darn thing", "call 555"])
def test_what_is_held_says_why(moderation, text):
    judge = moderation(hold=["darn"], hold_patterns=[r"\b\d{3}\b"])
    assert "moderator" in judge.ruled(request(text)).held
    assert judge.ruled(request(text, HERE)).held
    assert judge.ruled(request("fine")).held is None


def test_a_moderators_own_lines_are_not_held(moderation):
    judge = moderation(hold=["darn"], moderators=["discord:role:9"])
    assert judge.ruled(request("darn", ANN)).held is None
    assert judge.ruled(request("darn", BOB)).held


def test_moderators_and_whoever_uses_this_computer_may_moderate(moderation):
    judge = moderation(moderators=["discord:role:9"])
    assert [judge.may_moderate(each) for each in (ANN, BOB, HERE, Asker())] == [
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("hours", "at", "again"),
    [
        (["22:00-07:00"], "22:00", "07:00"),
        (["22:00-07:00"], "23:59", "07:00"),
        (["22:00-07:00"], "00:00", "07:00"),
        (["22:00-07:00"], "06:59", "07:00"),
        (["12:00-13:30"], "12:30", "13:30"),
        (["22:00-02:00", "01:00-07:00"], "23:00", "07:00"),
        (["13:00-14:00", "12:00-13:00"], "12:00", "14:00"),
    ],
)
def test_in_quiet_hours_nothing_is_said_and_when_it_is_again_is(
    moderation, clock, hours, at, again
):
    clock.day = datetime.fromisoformat(f"2026-03-01T{at}")
    judge = moderation(quiet_hours=hours)
    with pytest.raises(QuietError, match=f"Try again from {again} on"):
        judge.ruled(request("hello"))
    clock.day = datetime.fromisoformat(f"2026-03-01T{again}")
    assert judge.ruled(request("hello")).text == "hello"


@pytest.mark.parametrize(
    ("hours", "at"),
    [
        ([], "03:00"),
        (["22:00-07:00"], "07:00"),
        (["22:00-07:00"], "21:59"),
        (["12:00-13:00"], "13:00"),
    ],
)
def test_at_other_times_everything_is_said(moderation, clock, hours, at):
    clock.day = datetime.fromisoformat(f"2026-03-01T{at}")
    assert moderation(quiet_hours=hours).ruled(request("hello")).held is None


def test_hours_that_cover_the_whole_day_promise_no_other_time(moderation):
    judge = moderation(quiet_hours=["00:00-12:00", "12:00-00:00"])
    with pytest.raises(QuietError) as refusal:
        judge.ruled(request("hello"))
    assert "Try again" not in str(refusal.value)


def test_whoever_speaks_through_this_computer_is_not_silenced_at_night(moderation, clock):
    clock.day = datetime(2026, 3, 1, 3, 0)
    assert moderation(quiet_hours=["22:00-07:00"]).ruled(request("help", HERE)).text == "help"
    with pytest.raises(QuietError):
        moderation(quiet_hours=["22:00-07:00"], quiet_here=True).ruled(request("help", HERE))


def test_a_person_has_one_budget_in_all_lanes(moderation):
    judge = moderation(user_seconds=15)
    judge.ruled(request(TEN_S, lane="discord:3"))
    with pytest.raises(BudgetError, match=r"You have had 15 s .* Try again in 20 min"):
        judge.ruled(request(TEN_S, lane="discord:4"))
    judge.ruled(request(TEN_S, BOB))


def test_a_lane_has_a_budget_whoever_speaks(moderation):
    judge = moderation(lane_seconds=15)
    judge.ruled(request(TEN_S, ANN))
    with pytest.raises(BudgetError, match="Everybody here together has had 15 s"):
        judge.ruled(request(TEN_S, BOB))
    judge.ruled(request(TEN_S, BOB, lane="discord:4"))


def test_there_is_room_again_when_the_refusal_says(moderation, clock):
    judge = moderation(user_seconds=15)
    judge.ruled(request(TEN_S))
    clock.s = 1200.0
    judge.ruled(request(TEN_S))


def test_a_line_is_charged_what_it_became(moderation):
    judge = moderation(user_seconds=15)
    asked = request(TEN_S)
    judge.ruled(asked)
    judge.charge(asked, 0.0)
    judge.ruled(asked)
    judge.charge(asked, 15.0)
    with pytest.raises(BudgetError):
        judge.ruled(request("hi"))


def test_a_replaced_line_is_given_back_as_it_was_set_aside(moderation):
    judge = moderation(user_seconds=15, replace={"x": TEN_S})
    ruling = judge.ruled(request("x"))
    with pytest.raises(BudgetError):
        judge.ruled(request("x"))
    judge.charge(request(ruling.text), 0.0)
    judge.ruled(request("x"))


def test_a_refused_line_costs_nothing(moderation):
    judge = moderation(user_seconds=10, block=["darn"])
    with pytest.raises(TextRejectedError):
        judge.ruled(request(f"darn {TEN_S}"))
    judge.ruled(request(TEN_S))


def test_this_computers_own_user_has_no_budget(moderation):
    judge = moderation(user_seconds=5, lane_seconds=5)
    for _ in range(3):
        judge.ruled(request(TEN_S, HERE))
        judge.charge(request(TEN_S, HERE), 10.0)
    judge.ruled(request("hi", ANN))


def test_nothing_binds_those_who_are_exempt(moderation, clock):
    clock.day = datetime(2026, 3, 1, 3, 0)
    judge = moderation(
        block=["darn"],
        replace={"heck": "h-word"},
        hold=["gosh"],
        quiet_hours=["22:00-07:00"],
        user_seconds=1,
        exempt=["discord:user:12"],
    )
    ruling = judge.ruled(request(f"darn heck gosh {TEN_S}", ANN))
    assert (ruling.text, ruling.held) == (f"darn heck gosh {TEN_S}", None)
    with pytest.raises(QuietError):
        judge.ruled(request("hi", BOB))


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"block": ["ok", "?!"]}, r"moderation\.block: number 2, '\?!'"),
        ({"hold_patterns": ["(a"]}, r"moderation\.hold_patterns: number 1, '\(a': missing \)"),
        ({"replace": {"--": "x"}}, r"moderation\.replace: number 1, '--'"),
        ({"replace_patterns": {"(?<=a)b": "x"}}, r"moderation\.replace_patterns: number 1"),
    ],
)
def test_a_wrong_entry_is_named_by_its_list(moderation, table, says):
    with pytest.raises(ConfigError, match=says):
        moderation(**table)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            'quiet_hours = ["22-7"]',
            r"quiet_hours\.0: write \"22:00-07:00\", not '22-7'",
        ),
        ('quiet_hours = ["24:00-07:00"]', "write"),
        ('quiet_hours = ["07:00-07:00"]', "07:00-07:00 ends when it begins"),
        ("user_seconds = -1", r"moderation\.user_seconds: "),
        ('block = [""]', r"moderation\.block\.0: "),
        ('blocked = ["x"]', r"moderation\.blocked: no such setting"),
    ],
)
def test_wrong_settings_are_named_at_load(tmp_path, line, says):
    path = tmp_path / "config.toml"
    path.write_text(f"[moderation]\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        config.load(path)
