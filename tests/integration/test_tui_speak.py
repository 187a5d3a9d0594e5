"""Speaking from the terminal screen, key by key."""

import pytest
from integration.tui_standin import StandIn, bridge, drive, shown, until
from textual.widgets import Input

from rtvc_bridge.errors import TextRejectedError
from rtvc_bridge.pipeline import EXPRESSION_RANGE, PITCH_RANGE, SPEED_RANGE
from rtvc_bridge.tui.picker import Picker
from rtvc_bridge.tui.speak import EXPRESSIONS, PITCHES, SPEEDS

pytestmark = pytest.mark.tui


@pytest.fixture
def daemon():
    return StandIn()


def typed(app):
    return app.query_one("#line", Input).value


def test_a_typed_line_is_said_in_the_chosen_voice_and_shown_with_its_outcome(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "Voice alba" in shown(app))
        await pilot.press(*"Hi", "space", *"there", "enter")
        await until(pilot, lambda: "▶ Hi there" in shown(app))
        assert typed(app) == ""
        daemon.end(1)
        await until(pilot, lambda: "✓ Hi there  alba · first sound after 310 ms" in shown(app))

    drive(app, script)
    assert ("say", "Hi there", "alba", "speaker", 1.0) in daemon.calls


def test_a_failed_line_is_shown_with_its_reason(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "Voice alba" in shown(app))
        await pilot.press(*"Hi", "enter")
        await until(pilot, lambda: 1 in daemon.lines)
        daemon.end(1, "failed", "The synthesis process died.")
        await until(pilot, lambda: "✗ Hi  alba · The synthesis process died." in shown(app))

    drive(app, script)


def test_voice_lane_and_speed_are_picked_with_the_keyboard(daemon):
    daemon.players.append("mic")
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "Voice alba" in shown(app))
        app.query_one("#voice", Picker).focus()
        for _ in ("voice", "lane", "speed", "pitch", "expression"):
            await pilot.press("enter", "down", "enter", "tab")
        await until(pilot, lambda: app.focused is app.query_one("#line"))
        await pilot.press(*"Hi", "enter")
        await until(pilot, daemon.said)

    drive(app, script)
    assert ("say", "Hi", "bruno", "mic", 1.1) in daemon.calls
    assert daemon.manners == [(1.1, 1.0, 1.25)]


def test_what_is_picked_holds_for_every_line_after_it_even_by_another_daemon(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "Voice alba" in shown(app))
        app.query_one("#pitch", Picker).focus()
        await pilot.press("enter", "down", "down", "enter", "tab", "tab")
        await pilot.press(*"One", "enter")
        await until(pilot, lambda: daemon.said() == ["One"])
        daemon.die()
        await until(pilot, lambda: "not connected" in shown(app))
        daemon.come_back()
        await until(pilot, lambda: "ready" in shown(app))
        await pilot.press(*"Two", "enter")
        await until(pilot, lambda: daemon.said() == ["One", "Two"])

    drive(app, script)
    assert daemon.manners == [(1.0, 2.0, 1.0)] * 2


def test_every_choice_of_the_pickers_is_one_that_the_engine_takes():
    for range_, offered in (
        (SPEED_RANGE, SPEEDS),
        (PITCH_RANGE, PITCHES),
        (EXPRESSION_RANGE, EXPRESSIONS),
    ):
        assert range_[0] <= min(map(float, offered))
        assert max(map(float, offered)) <= range_[1]


def test_a_lane_that_nothing_plays_is_named_before_anything_is_said(daemon):
    daemon.players = ["mic"]
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "Nothing plays the lane “speaker”" in shown(app))
        assert "Played now: mic." in shown(app)
        daemon.players = ["mic", "speaker"]
        await until(pilot, lambda: "Nothing plays" not in shown(app))

    drive(app, script)


def test_a_refused_line_comes_back_with_the_reason(daemon):
    app = bridge(daemon)

    def refuse(*args, **options):
        raise TextRejectedError("That is 612 characters; the limit is 500.")

    daemon.say = refuse

    async def script(pilot):
        await until(pilot, lambda: "Voice alba" in shown(app))
        await pilot.press(*"long", "enter")
        await until(pilot, lambda: "That is 612 characters" in shown(app))
        assert typed(app) == "long"

    drive(app, script)


def test_without_a_voice_the_screen_says_where_to_enrol_one(daemon):
    daemon.known = {}
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "no voice yet" in shown(app) and "ready" in shown(app))
        await pilot.press(*"Hi", "enter")
        await until(pilot, lambda: "There is no voice to say it in" in shown(app))
        assert typed(app) == "Hi"

    drive(app, script)
    assert daemon.said() == []


def test_up_and_down_walk_the_lines_said_before_and_keep_the_one_begun(daemon):
    app = bridge(daemon)
    seen = []

    async def script(pilot):
        await until(pilot, lambda: "Voice alba" in shown(app))
        await pilot.press(*"one", "enter", *"two", "enter", *"thr")
        for key in ("up", "up", "up", "down", "down", "down"):
            await pilot.press(key)
            seen.append(typed(app))

    drive(app, script)
    assert seen == ["two", "one", "one", "two", "thr", "thr"]


def test_function_keys_say_quick_phrases_and_leave_the_line_alone(daemon):
    app = bridge(daemon, phrases=["Hello.", "No, thank you."], phrases_in="my.toml")

    async def script(pilot):
        await until(pilot, lambda: "Voice alba" in shown(app))
        assert "F2 No, thank you." in shown(app)
        await pilot.press(*"half", "f2", "f3", "f1")
        await until(pilot, lambda: len(daemon.said()) == 2)
        await until(pilot, lambda: "F3 has no quick phrase." in shown(app))
        assert "my.toml" in shown(app)
        assert typed(app) == "half"

    drive(app, script)
    assert sorted(daemon.said()) == ["Hello.", "No, thank you."]


def test_say_again_replays_the_last_line_of_this_screen_only(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "Voice alba" in shown(app))
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "Nothing was said yet." in shown(app))
        await pilot.press(*"Mine", "enter")
        await until(pilot, lambda: "▶ Mine" in shown(app))
        daemon.say("Theirs", voice="alba", lane="speaker", user="ann", speed=1.0)
        await until(pilot, lambda: "Theirs" in shown(app))
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(daemon.said()) == 3)

    drive(app, script)
    assert daemon.said() == ["Mine", "Theirs", "Mine"]


def test_escape_hushes_the_lane_that_is_picked(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "Voice alba" in shown(app))
        await pilot.press(*"Hi", "enter")
        await until(pilot, lambda: "▶ Hi" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "- Hi  alba · cancelled" in shown(app))

    drive(app, script)
    assert ("skip", "speaker", None) in daemon.calls


def test_text_that_looks_like_markup_is_shown_as_it_was_typed(daemon):
    app = bridge(daemon, phrases=["[b]bold[/b]"])

    async def script(pilot):
        await until(pilot, lambda: "Voice alba" in shown(app))
        daemon.say("[red]x[/red] [/]", voice="alba", lane="speaker", user="[b]", speed=1.0)
        await until(pilot, lambda: "[red]x[/red] [/]" in shown(app))
        assert "F1 [b]bold[/b]" in shown(app)
        await pilot.press("alt+q")
        await until(pilot, lambda: "alba: [red]x[/red] [/]" in shown(app))

    drive(app, script)
