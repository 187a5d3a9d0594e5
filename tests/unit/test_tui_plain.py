"""The terminal screen in lines, for screen readers."""

import pytest
from integration.tui_standin import StandIn, adapter

from rtvc_bridge.errors import DaemonError
from rtvc_bridge.tui.plain import Plain

pytestmark = pytest.mark.tui


@pytest.fixture
def daemon():
    return StandIn()


@pytest.fixture
def talk(daemon):
    """Type lines and return what was written after the greeting."""

    def type_lines(*lines):
        written: list[str] = []
        Plain(daemon.connect, written.append, phrases=["Hello!", "Yes."]).run(lines)
        return written[1:]

    return type_lines


def test_a_line_is_said_in_the_first_voice(talk, daemon):
    assert talk("Hello there", "", "Again") == ["Line 1, speaking.", "Line 2, queued."]
    assert daemon.calls[0] == ("say", "Hello there", "alba", "speaker", 1.0)


def test_voice_lane_and_speed_hold_for_the_lines_after(talk, daemon):
    daemon.players.append("mic")
    written = talk("/voice bruno", "/lane mic", "/speed 1.2", "Hi", "/voices")
    assert written == [
        "Voice: bruno.",
        "Lane: mic.",
        "Speed: 1.2.",
        "Line 1, speaking.",
        "alba, speaker Alba Reyes",
        "bruno, speaker Alba Reyes, chosen",
    ]
    assert daemon.calls == [("say", "Hi", "bruno", "mic", 1.2)]


def test_what_cannot_be_is_said_in_words(talk, daemon):
    assert talk("/voice zoe") == ["There is no voice 'zoe'. Voices: alba, bruno."]
    for wrong in ("nan", "inf", "9", "-1"):
        assert talk(f"/speed {wrong}") == ["/speed needs a number from 0.5 to 2."]
    assert talk("/speed fast") == ["/speed needs a number from 0.5 to 2."]
    assert talk("/jump") == ["There is no command /jump. /help lists them."]
    assert talk("/cancel 9") == ["Error: There is no line number 9 any more."]
    assert talk("/again") == ["Nothing was said yet."]
    assert talk("/lane mic", "Hi")[1:] == ["Error: No adapter plays 'mic'."]


def test_a_lane_that_nothing_plays_is_named(talk):
    assert talk("/lane mic")[0].startswith("Nothing plays the lane “mic”")


def test_the_queue_is_read_out_line_by_line(talk):
    written = talk("One", "Two", "/queue", "/skip", "/clear all", "/queue")
    assert written[2:] == [
        "1, speaking, lane speaker, screen: One",
        "2, queued, lane speaker, screen: Two",
        "1 silenced.",
        "1 cancelled.",
        "Nothing is being said and nothing waits.",
    ]


def test_verbs_of_the_queue_reach_the_daemon(talk, daemon):
    written = talk("One", "/cancel 1", "/pause", "/resume", "/pause all", "/again")
    assert written == ["Line 1, speaking.", *["Done."] * 4, "Line 2."]
    assert daemon.calls[1:-1] == [
        ("cancel", 1),
        ("pause", "speaker"),
        ("resume", "speaker"),
        ("pause", None),
        ("replay", 1),
    ]


def test_a_waiting_line_moves_up_and_down(talk, daemon):
    written = talk("One", "Two", "Three", "/up 3", "/down 3", "/up 1", "/up much")
    assert written[3:] == [
        "Line 3 is now number 2 in the queue.",
        "Line 3 is now number 3 in the queue.",
        "It stays: lines pass waiting ones of the same lane and user.",
        "/up needs a number.",
    ]
    assert daemon.calls[3:] == [("move", 3, 2), ("move", 3, None)]


def test_everything_is_stopped_and_goes_on(talk, daemon):
    written = talk("One", "/panic", "/status", "/lift")
    assert written[1:4] == [
        "1 silenced.",
        "Everything is stopped. /lift lets it go on.",
        "Daemon: everything is stopped · ready.",
    ]
    assert written[-1] == "Done."
    assert daemon.calls[1:] == [("halt",), ("lift",)]


def test_held_lines_are_read_out_approved_and_denied(talk, daemon):
    for text in ("First", "Second"):
        daemon.hold(text, user="ann", reason="It has a word in it.")
    written = talk("/queue", "/held", "/approve 1", "/deny 2 rude", "/deny 2", "/held", "/deny x")
    assert written == [
        "Nothing is being said and nothing waits.",
        "2 lines wait for a moderator. /held lists them.",
        "1, lane speaker, ann: First",
        "Held: It has a word in it.",
        "2, lane speaker, ann: Second",
        "Held: It has a word in it.",
        *["Done."] * 2,
        "Error: Line 2 is not held.",
        "Nothing waits for a moderator.",
        "/deny needs a number.",
    ]
    assert daemon.calls[2:] == [("approve", 1), ("deny", 2, "rude"), ("deny", 2, "")]


def test_a_voice_that_cannot_be_used_is_read_out_with_the_reason(talk, daemon):
    daemon.known["bruno"]["trouble"] = "It was imported."
    assert talk("/voices")[-1] == "bruno cannot be used: It was imported."


def test_pitch_and_expression_hold_for_the_lines_after(talk, daemon):
    written = talk("/pitch -2", "/expression 1.5", "/speed 0.9", "Hi", "/pitch low")
    assert written[:2] == ["Pitch: -2 semitones.", "Expression: 1.5."]
    assert written[-1] == "/pitch needs a number from -12 to 12."
    assert daemon.manners == [(0.9, -2.0, 1.5)]


def test_quick_phrases_are_listed_and_said_by_number(talk, daemon):
    written = talk("/phrases", "/2", "/3")
    assert written == [
        "/1: Hello!",
        "/2: Yes.",
        "Line 1, speaking.",
        "There is no quick phrase 3. /phrases lists them.",
    ]
    assert daemon.said() == ["Yes."]


def test_the_status_tells_of_adapters_latency_and_the_lane(talk, daemon):
    daemon.adapters.append(adapter("obs", state="failed", reason="OBS does not run."))
    daemon.latency = {"speaker": {"first_audio_p50_s": 0.31}}
    assert talk("/status") == [
        "Daemon: ready · failed: obs.",
        "Adapter http: running",
        "Adapter speaker: running",
        "Adapter obs: failed: OBS does not run.",
        "Lane speaker: first sound after 310 ms, half of the time.",
        "Lane speaker is played.",
    ]


def test_without_a_daemon_it_says_how_to_start_one_and_finds_it_later(daemon):
    daemon.up = False
    written: list[str] = []

    def lines():
        yield "Hi"
        daemon.come_back()
        yield "Hi"

    Plain(daemon.connect, written.append).run(lines())
    assert written[1:] == [
        "No daemon is running. Start one in another terminal: rtvc-bridge run",
        "Line 1, speaking.",
    ]


def test_a_daemon_that_cannot_be_used_is_an_error_in_words():
    def refuse():
        raise DaemonError("A daemon runs (pid 7), but its token cannot be read.")

    written: list[str] = []
    Plain(refuse, written.append).run(["Hi"])
    assert written[1:] == ["Error: A daemon runs (pid 7), but its token cannot be read."]


def test_quit_ends_and_nothing_after_it_is_said(talk, daemon):
    assert talk("/quit", "Hi") == []
    assert daemon.calls == []


def test_help_names_every_command(talk):
    text = talk("/help")[0]
    for name in Plain(lambda: None, print)._commands:
        assert name in text
