"""The queue, latency and log in the terminal screen."""

import threading

import pytest
from integration.tui_standin import StandIn, bridge, drive, shown, until

pytestmark = pytest.mark.tui


@pytest.fixture
def daemon():
    """Someone speaks in two lanes; in the first, two lines of others wait."""
    made = StandIn()
    made.players.append("mic")
    made.latency = {
        "speaker": {
            "count": 12,
            "first_audio_p50_s": 0.31,
            "first_audio_p95_s": 0.52,
            "first_delivered_p50_s": 0.33,
            "first_delivered_p95_s": 1.04,
        }
    }
    for text, lane, user in (
        ("First", "speaker", "ann"),
        ("Second", "mic", "ann"),
        ("Third", "speaker", "bob"),
        ("Fourth", "speaker", "ann"),
    ):
        made.say(text, voice="alba", lane=lane, user=user, speed=1.0)
    return made


def queue_after(daemon, *keys, until_call):
    """Press keys on the queue screen, and return the calls that came of it."""
    app = bridge(daemon)
    before = len(daemon.calls)

    async def script(pilot):
        await until(pilot, lambda: "1 waiting" in shown(app) or "2 waiting" in shown(app))
        await pilot.press("alt+q")
        await until(pilot, lambda: "alba: First" in shown(app))  # chosen: keys act on it
        await pilot.press(*keys)
        await until(pilot, lambda: until_call in daemon.calls)

    drive(app, script)
    return daemon.calls[before:]


def test_what_changes_while_a_slow_status_is_read_is_shown_too(daemon):
    app = bridge(daemon)
    status, asked, answer = daemon.status, threading.Event(), threading.Event()

    def slow():
        told = status()
        asked.set()
        answer.wait(60)
        return told

    async def script(pilot):
        await pilot.press("alt+q")
        await until(pilot, lambda: "Fourth" in shown(app))
        daemon.status = slow
        daemon.end(1)
        await until(pilot, asked.is_set)
        daemon.end(2)
        for _ in range(10):  # longer than changes are gathered for
            await pilot.pause(0.05)
        answer.set()
        await until(pilot, lambda: "Second" not in shown(app))

    drive(app, script)


def test_the_queue_shows_every_line_with_lane_user_and_state(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await pilot.press("alt+q")
        await until(pilot, lambda: "Fourth" in shown(app))
        lines = [line.split() for line in shown(app).splitlines()]
        assert ["▶", "speaking", "speaker", "ann", "12", "s", "First"] in lines
        assert ["▶", "speaking", "mic", "ann", "12", "s", "Second"] in lines
        assert ["·", "queued", "speaker", "bob", "12", "s", "Third"] in lines
        daemon.end(1)
        await until(pilot, lambda: "First" not in shown(app))

    drive(app, script)


@pytest.mark.parametrize(
    ("keys", "call"),
    [
        (["s"], ("skip", "speaker", None)),
        (["down", "s"], ("skip", "mic", None)),
        (["down", "down", "x"], ("cancel", 3)),
        (["c"], ("clear", "speaker", None)),
        (["C"], ("clear", None, None)),
        (["down", "space"], ("pause", "mic")),
        (["P"], ("pause", None)),
    ],
)
def test_a_key_acts_on_the_chosen_line_or_its_lane(daemon, keys, call):
    assert queue_after(daemon, *keys, until_call=call) == [call]


def test_a_paused_lane_is_named_and_the_same_key_lets_it_go_on(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await pilot.press("alt+q")
        await until(pilot, lambda: "alba: First" in shown(app))  # chosen: keys act on it
        await pilot.press("space")
        await until(pilot, lambda: "Paused: speaker." in shown(app))
        await pilot.press("space")
        await until(pilot, lambda: "Paused" not in shown(app))

    drive(app, script)
    assert daemon.calls[-2:] == [("pause", "speaker"), ("resume", "speaker")]


def waiting(app):
    """Return the words of the lines that wait, top to bottom."""
    lines = [line.split() for line in shown(app).splitlines()]
    return [words[-1] for words in lines if words[:2] == ["·", "queued"]]


def test_a_line_moves_past_those_of_its_user_and_never_past_another_s(daemon):
    for text, user in (("Fifth", "bob"), ("Sixth", "ann")):
        daemon.say(text, voice="alba", lane="speaker", user=user)
    app = bridge(daemon)
    before = len(daemon.calls)

    async def script(pilot):
        await pilot.press("alt+q")
        await until(pilot, lambda: waiting(app) == ["Third", "Fourth", "Fifth", "Sixth"])
        await pilot.press(*["down"] * 5, "ctrl+up")
        await until(pilot, lambda: waiting(app) == ["Third", "Sixth", "Fifth", "Fourth"])
        await pilot.press("ctrl+up")
        await until(pilot, lambda: "It cannot go up" in shown(app))
        await pilot.press("ctrl+down")
        await until(pilot, lambda: waiting(app) == ["Third", "Fourth", "Fifth", "Sixth"])
        await until(pilot, lambda: len(daemon.calls) == before + 2)

    drive(app, script)
    assert daemon.calls[before:] == [("move", 6, 4), ("move", 6, None)]


def test_moves_pressed_in_quick_succession_arrive_in_order(daemon):
    for text in ("Fifth", "Sixth", "Seventh"):
        daemon.say(text, voice="alba", lane="speaker", user="ann")
    app = bridge(daemon)
    before = len(daemon.calls)

    async def script(pilot):
        await pilot.press("alt+q")
        await until(pilot, lambda: "Seventh" in shown(app))
        await pilot.press("end", *["down"] * 6, *["ctrl+up"] * 3)
        await until(pilot, lambda: len(daemon.calls) == before + 3)

    drive(app, script)
    assert daemon.calls[before:] == [("move", 7, 6), ("move", 7, 5), ("move", 7, 4)]


def test_a_line_that_ended_before_it_was_moved_is_named(daemon):
    app = bridge(daemon)

    async def script(pilot):
        daemon.say("Fifth", voice="alba", lane="speaker", user="bob")
        await pilot.press("alt+q")
        await until(pilot, lambda: "Fifth" in shown(app))
        await pilot.press(*["down"] * 4)
        move = daemon.move

        def too_late(number, **place):  # with no reading of the status in between
            del daemon.lines[number]
            move(number, **place)

        daemon.move = too_late
        await pilot.press("ctrl+up")
        await until(pilot, lambda: "There is no line number 5 any more." in shown(app))
        await until(pilot, lambda: waiting(app) == ["Third", "Fourth"])

    drive(app, script)


def test_a_line_that_is_spoken_shows_for_how_long(daemon):
    daemon.lines[1]["first_delivered_s"] = 5.0
    app = bridge(daemon)

    async def script(pilot):
        await pilot.press("alt+q")
        await until(pilot, lambda: "Fourth" in shown(app))
        lines = [line.split() for line in shown(app).splitlines()]
        assert ["▶", "speaking", "speaker", "ann", "7", "s", "First"] in lines

    drive(app, script)


def test_the_cursor_stays_on_its_line_when_those_before_it_go(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await pilot.press("alt+q")
        await until(pilot, lambda: "alba: First" in shown(app))  # chosen: keys act on it
        await pilot.press("down", "down")
        await until(pilot, lambda: "alba: Third" in shown(app))
        daemon.end(1)
        await until(pilot, lambda: "3 in the queue." in shown(app))
        assert "alba: Third" in shown(app)
        await pilot.press("x")
        await until(pilot, lambda: ("cancel", 3) in daemon.calls)

    drive(app, script)


def test_an_empty_queue_says_so_and_its_keys_do_no_harm(daemon):
    daemon.lines.clear()
    app = bridge(daemon)
    before = len(daemon.calls)

    async def script(pilot):
        await pilot.press("alt+q")
        await until(pilot, lambda: "Nothing is being said and nothing waits." in shown(app))
        await pilot.press("x", "ctrl+up", "ctrl+down", "c", "s")
        await until(pilot, lambda: ("skip", None, None) in daemon.calls)

    drive(app, script)
    assert daemon.calls[before:] == [("skip", None, None)]


def test_a_refusal_of_the_daemon_is_shown_word_for_word(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await pilot.press("alt+q")
        await until(pilot, lambda: "alba: First" in shown(app))  # chosen: keys act on it
        cancel = daemon.cancel

        def too_late(number):  # with no reading of the status in between
            del daemon.lines[number]
            cancel(number)

        daemon.cancel = too_late
        await pilot.press("x")
        await until(pilot, lambda: "There is no line number 1 any more." in shown(app))

    drive(app, script)


def test_latency_is_shown_per_lane(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await pilot.press("alt+l")
        await until(pilot, lambda: "310 ms" in shown(app))
        lines = [line.split() for line in shown(app).splitlines()]
        assert ["speaker", "12", "310", "ms", "520", "ms", "330", "ms", "1.0", "s"] in lines

    drive(app, script)


def test_the_log_follows_its_end(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await pilot.press("alt+o")
        await until(pilot, lambda: "utterance 1 done" in shown(app))
        daemon.log_lines = [f"line {number}" for number in range(100)]
        await until(pilot, lambda: "line 99" in shown(app))
        assert "utterance 1 done" not in shown(app)

    drive(app, script)
