"""Figures in words, and the history of typed lines."""

from datetime import UTC, datetime

import pytest
from integration.tui_standin import StandIn, adapter

from rtvc_bridge.tui import words
from rtvc_bridge.tui.enrol import matching
from rtvc_bridge.tui.history import MOST, History

pytestmark = pytest.mark.tui


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "-"),
        (0.0, "0 ms"),
        (0.2404, "240 ms"),
        (3.24, "3.2 s"),
        (240, "4 min"),
        (7200, "2 h"),
    ],
)
def test_a_duration_is_told_in_the_unit_that_fits(seconds, said):
    assert words.duration(seconds) == said


def test_an_age_is_never_negative_when_the_clocks_differ():
    now = datetime(2026, 11, 22, 19, 0, 0, tzinfo=UTC)
    assert words.age("2026-11-22T19:00:05Z", now) == "0 s"
    assert words.age("2026-11-22T18:59:48+00:00", now) == "12 s"
    assert words.age("2026-11-22T18:00:00+00:00", now) == "1 h"


def test_lanes_come_from_players_and_lines_with_the_default_first():
    daemon = StandIn()
    daemon.players = ["mic", "obs"]
    assert words.lanes(daemon.status(), "discord:1") == ["speaker", "discord:1", "mic", "obs"]


def test_a_summary_names_pauses_failures_and_what_is_not_ready():
    daemon = StandIn()
    daemon.paused = [None, "mic"]
    daemon.adapters = [adapter("obs", state="failed")]
    status = daemon.status()
    status["ready"] = False
    told = "not ready: no sound can be made now · failed: obs · paused"
    assert words.summary(status) == told


def test_a_summary_tells_first_that_everything_is_stopped_and_last_what_is_held():
    daemon = StandIn()
    number = daemon.hold("x", user="ann", reason="It has a word in it.")
    daemon.halted = True
    assert words.summary(daemon.status()) == "everything is stopped · ready · 1 held"
    assert words.outcome(daemon.lines[number]) == "held: It has a word in it."


def test_a_line_that_is_made_but_still_listed_is_being_heard():
    daemon = StandIn()
    line = daemon.say("x", voice="alba", lane="speaker", user="", speed=1.0)
    assert words.heard_state(line) == "speaking"
    line["state"] = "done"
    assert words.heard_state(line) == "heard"


def test_an_empty_history_leaves_the_line_alone():
    history = History()
    assert history.up("begun") == "begun"
    assert history.down("begun") == "begun"


def test_a_repeated_line_is_kept_once_and_the_oldest_are_forgotten():
    history = History()
    for number in range(MOST + 10):
        history.add(f"line {number}")
        history.add(f"line {number}")
    walked = [history.up("") for _ in range(MOST + 1)]
    assert walked[:2] == [f"line {MOST + 9}", f"line {MOST + 8}"]
    assert walked[-2:] == ["line 10", "line 10"]


def test_recordings_are_named_one_by_one_or_by_a_pattern(tmp_path):
    for name in ("b.wav", "a.wav", "a[1].wav"):
        (tmp_path / name).touch()
    (tmp_path / "folder.wav").mkdir()
    assert matching(f" {tmp_path / 'a[1].wav'} ") == [tmp_path / "a[1].wav"]
    assert matching(str(tmp_path / "?.wav")) == [tmp_path / "a.wav", tmp_path / "b.wav"]
    assert matching(str(tmp_path / "c.wav")) == []
