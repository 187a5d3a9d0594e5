"""The queue, adapters, latency and log in the terminal screen."""

import pytest
from integration.tui_standin import StandIn, adapter, bridge, drive, shown, until

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
        await until(pilot, lambda: "4 in the queue." in shown(app))
        await pilot.press(*keys)
        await until(pilot, lambda: until_call in daemon.calls)

    drive(app, script)
    return daemon.calls[before:]


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
        (["down", "down", "down", "u"], ("promote", 4)),
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
        await until(pilot, lambda: "4 in the queue." in shown(app))
        await pilot.press("space")
        await until(pilot, lambda: "Paused: speaker." in shown(app))
        await pilot.press("space")
        await until(pilot, lambda: "Paused" not in shown(app))

    drive(app, script)
    assert daemon.calls[-2:] == [("pause", "speaker"), ("resume", "speaker")]


def test_the_cursor_stays_on_its_line_when_those_before_it_go(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await pilot.press("alt+q")
        await until(pilot, lambda: "4 in the queue." in shown(app))
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
        await pilot.press("x", "u", "c", "s")
        await until(pilot, lambda: ("skip", None, None) in daemon.calls)

    drive(app, script)
    assert daemon.calls[before:] == [("skip", None, None)]


def test_a_refusal_of_the_daemon_is_shown_word_for_word(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await pilot.press("alt+q")
        await until(pilot, lambda: "4 in the queue." in shown(app))
        del daemon.lines[1]
        await pilot.press("x")
        await until(pilot, lambda: "There is no line number 1 any more." in shown(app))

    drive(app, script)


def test_a_failed_adapter_is_shown_with_reason_and_restarts(daemon):
    daemon.adapters = [
        adapter("http"),
        adapter("discord", state="failed", reason="The token is wrong.", restarts=3),
    ]
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "failed: discord" in shown(app))
        await pilot.press("alt+a", "down")
        await until(pilot, lambda: "discord: The token is wrong." in shown(app))
        lines = [line.split() for line in shown(app).splitlines()]
        assert ["discord", "failed", "12", "s", "3", *["The", "token", "is", "wrong."]] in lines
        assert "Lanes that are played: mic, speaker." in shown(app)
        daemon.players = []
        await until(pilot, lambda: "No adapter plays any lane" in shown(app))

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
