"""Stopping everything, held lines and the speakers' agreements in the terminal screen."""

import numpy as np
import pytest
from integration.tui_standin import StandIn, bridge, drive, shown, until
from textual.widgets import Input

from rtvc_bridge.audio import Audio
from rtvc_bridge.client import VoiceView
from rtvc_bridge.tui.enrol import EnrolScreen
from rtvc_bridge.tui.meter import meter
from rtvc_bridge.tui.sentence import SentenceScreen

pytestmark = pytest.mark.tui

STOPPED = "Everything is stopped - ^g to go on"


class Hum:
    """A recorder that has heard four seconds of a constant."""

    def __init__(self):
        self.stopped = False

    def level_db(self):
        return -6.0

    def stop(self):
        self.stopped = True
        return Audio(np.full(64_000, 0.5, np.float32), 16_000)


@pytest.fixture
def daemon():
    return StandIn()


def words_of(app):
    """Return what is shown as words in a row, however it is wrapped."""
    return " ".join(shown(app).replace("│", " ").split())


def test_one_key_stops_everything_and_after_a_rest_lets_it_go_on(daemon):
    daemon.say("A long speech", voice="alba", lane="speaker", user="ann")
    app = bridge(daemon, lift_after_s=0.0)

    async def script(pilot):
        await until(pilot, lambda: "1 speaking" in shown(app))
        await pilot.press("ctrl+g")
        await until(pilot, lambda: STOPPED in shown(app) and "everything is stopped" in shown(app))
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "stopped" not in shown(app))

    drive(app, script)
    assert daemon.calls[1:] == [("halt",), ("lift",)]


def test_a_key_that_is_hit_again_in_a_hurry_does_not_lift_the_stop(daemon):
    app = bridge(daemon, lift_after_s=3600.0)

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        await pilot.press("ctrl+g", "ctrl+g")
        await until(pilot, lambda: STOPPED in shown(app))
        await pilot.press("ctrl+g", "ctrl+g", *"on", "enter")
        await until(pilot, lambda: daemon.said())

    drive(app, script)
    assert [call for call in daemon.calls if call[0] != "say"] == [("halt",)]


def test_the_key_stops_everything_from_within_a_dialog_too(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        await pilot.press("alt+v", "e")
        await until(pilot, lambda: "Enrol a voice" in shown(app))
        await pilot.press("ctrl+g")
        await until(pilot, lambda: STOPPED in shown(app))

    drive(app, script)
    assert daemon.calls == [("halt",)]


def test_a_stop_and_a_lift_by_someone_else_are_shown(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        daemon.halt()
        await until(pilot, lambda: STOPPED in shown(app))
        daemon.lift()
        await until(pilot, lambda: STOPPED not in shown(app))

    drive(app, script)


def test_without_a_daemon_the_key_says_so(daemon):
    daemon.up = False
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "not connected" in shown(app))
        await pilot.press("ctrl+g")
        await until(pilot, lambda: shown(app).count("No daemon is running.") > 1)

    drive(app, script)


def test_held_lines_are_approved_and_denied_with_the_keyboard(daemon):
    first = daemon.hold("A bad word", user="ann", reason="It has a word in it.")
    second = daemon.hold("Another one", user="bob", reason="It is a quote.")
    daemon.say("Spoken now", voice="alba", lane="speaker", user="eve")
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "2 held" in shown(app))
        await pilot.press("alt+q")
        await until(pilot, lambda: "2 lines wait for a moderator. h: to them." in shown(app))
        await pilot.press("h")
        await until(pilot, lambda: "a Approve" in shown(app))
        assert "x Drop" not in shown(app), "its key would drop another line"
        assert "It has a word in it." in shown(app)
        await pilot.press("x", "a")
        await until(pilot, lambda: "1 line waits for a moderator." in shown(app))
        await until(pilot, lambda: "It is a quote." in shown(app))
        await pilot.press("d")
        await until(pilot, lambda: f"Deny line {second}" in shown(app))
        await pilot.press(*"rude", "enter")
        await until(pilot, lambda: "moderator" not in shown(app) and "x Drop" in shown(app))

    drive(app, script)
    assert daemon.calls[3:] == [("approve", first), ("deny", second, "rude")]


def test_a_held_line_that_someone_else_has_answered_is_refused_in_words(daemon):
    number = daemon.hold("A bad word", user="ann", reason="It has a word in it.")
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "1 held" in shown(app))
        await pilot.press("alt+q")
        await until(pilot, lambda: "1 line waits" in shown(app))
        await pilot.press("h", "d")
        await until(pilot, lambda: "Deny line" in shown(app))
        daemon.deny(number, "rude")
        await pilot.press("enter")
        await until(pilot, lambda: f"Line {number} is not held." in shown(app))

    drive(app, script)


@pytest.fixture
def voices(daemon):
    """Run a script on the voices screen."""

    def run(script):
        app = bridge(daemon)

        async def on_voices(pilot):
            await until(pilot, lambda: "ready" in shown(app))
            await pilot.press("alt+v")
            await until(pilot, lambda: "bruno" in shown(app) and "v revoke" in shown(app))
            await script(app, pilot)

        drive(app, on_voices)

    return run


def test_a_voice_shows_its_agreement_and_why_it_cannot_be_used(voices, daemon):
    daemon.known["alba"]["trouble"] = "The agreement to it ended on 2026-11-20."
    daemon.known["alba"]["consent"] |= {
        "level": "spoken",
        "spoken": {
            "sentence": "I agree.",
            "words": 1.0,
            "words_least": 0.75,
            "speaker": 0.91,
            "speaker_least": 0.8,
        },
        "owner": "discord:user:12",
        "grants": ["discord:role:9"],
        "expires_at": "2026-11-20T00:00:00Z",
    }

    async def script(app, pilot):
        await until(pilot, lambda: "✗ cannot be used" in shown(app))
        told = words_of(app)
        assert "It cannot be used: The agreement to it ended on 2026-11-20." in told
        assert "Owner: discord:user:12 · also: discord:role:9 · until 2026-11-20." in told
        assert "Read aloud: 100% of the words (at least 75%), likeness 0.91" in told
        await pilot.press("down")
        await until(pilot, lambda: "Owner: here · nobody else · without an end." in shown(app))

    voices(script)


@pytest.mark.parametrize(
    ("keys", "revoked"), [(["right", "enter"], True), (["enter"], False), (["escape"], False)]
)
def test_a_voice_is_revoked_only_once_what_happens_is_confirmed(voices, daemon, keys, revoked):
    async def script(app, pilot):
        await pilot.press("v")
        await until(pilot, lambda: "This cannot be undone." in words_of(app))
        await pilot.press(*keys)
        await until(pilot, lambda: "cannot be undone" not in words_of(app))
        if revoked:
            await until(pilot, lambda: "alba is revoked. Lines cut off: 2." in words_of(app))

    voices(script)
    assert (("revoke", "alba") in daemon.calls) is revoked


def test_who_may_use_a_voice_is_added_and_taken_out_again(voices, daemon):
    async def grant(app, pilot, to):
        await pilot.press("g")
        await until(pilot, lambda: "Who may use alba, besides" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Who else may use alba?" in shown(app))
        app.screen.query_one(Input).value = to
        await pilot.press("enter")

    async def script(app, pilot):
        await grant(app, pilot, "the neighbours")
        await until(pilot, lambda: "Say to whom" in shown(app))
        await grant(app, pilot, "discord:role:9")
        await until(pilot, lambda: "also: discord:role:9" in shown(app))
        await pilot.press("g")
        await until(pilot, lambda: "No longer discord:role:9" in shown(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "Owner: here · nobody else" in shown(app))

    voices(script)
    assert daemon.calls == [
        ("grant", "alba", "the neighbours"),
        ("grant", "alba", "discord:role:9"),
        ("withdraw", "alba", "discord:role:9"),
    ]


def test_an_agreement_is_stated_again_and_only_word_for_word(voices, daemon):
    daemon.known["alba"]["trouble"] = "It was imported."

    async def agree(app, pilot, stated):
        await pilot.press("a")
        await until(pilot, lambda: "The agreement to alba, given again" in shown(app))
        list(app.screen.query(Input))[1].value = stated
        await pilot.press("enter")

    async def script(app, pilot):
        await agree(app, pilot, "yes")
        await until(pilot, lambda: "To state it, type" in shown(app))
        assert daemon.calls == []
        await agree(app, pilot, "alba reyes agreed")
        await until(pilot, lambda: "It cannot be used" not in shown(app))

    voices(script)
    assert daemon.calls == [("consent", "alba", "Alba Reyes")]


def test_where_a_statement_is_not_enough_a_sentence_is_offered(voices, daemon):
    daemon.spoken_only = True

    async def script(app, pilot):
        await pilot.press("a")
        await until(pilot, lambda: "given again" in shown(app))
        list(app.screen.query(Input))[1].value = "Alba Reyes agreed"
        await pilot.press("enter")
        await until(pilot, lambda: "by reading a sentence aloud." in words_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: "speak as alba: reading number 1." in words_of(app))

    voices(script)
    assert daemon.calls == [("consent", "alba", "Alba Reyes"), ("sentence", "alba")]


def test_a_misread_sentence_is_refused_in_words_and_another_one_is_read(daemon):
    daemon.mishearings = ["Of the 4 random words of the sentence 1 could be heard."]
    app = bridge(daemon)
    given: list[VoiceView | None] = []
    screen = SentenceScreen[VoiceView](
        "alba",
        lambda to, sentence, file: to.consent(
            "alba", consent_by="Ada", sentence_id=sentence, consent_recording=file
        ),
        record=Hum,
    )

    async def read_aloud(pilot, number):
        await until(pilot, lambda: f"reading number {number}." in words_of(app))
        await until(pilot, lambda: "s left. Enter, then read" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: meter(-6.0, width=40) in shown(app))
        await pilot.press("enter")

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        app.push_screen(screen, given.append)
        await read_aloud(pilot, 1)
        await until(pilot, lambda: "sentence 1 could be heard." in words_of(app))
        await pilot.press("enter")
        await read_aloud(pilot, 2)
        await until(pilot, lambda: given)

    drive(app, script)
    assert [call[1] for call in daemon.calls if call[0] == "read"] == ["s1", "s2"]
    assert given[0] is not None
    assert given[0]["consent"]["by"] == "Ada"
    assert not any(call[2].exists() for call in daemon.calls if call[0] == "read")


def test_a_sentence_whose_time_is_over_lets_go_of_the_microphone(daemon):
    now = [0.0]
    hum = Hum()
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        app.push_screen(
            SentenceScreen("alba", lambda *_: None, record=lambda: hum, clock=lambda: now[0])
        )
        await until(pilot, lambda: "120 s left" in shown(app))
        now[0] = 60.0
        await until(pilot, lambda: "60 s left" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Recording, 60 s left" in shown(app))
        now[0] = 120.0
        await until(pilot, lambda: "The time for this sentence is over." in shown(app))
        assert hum.stopped
        await pilot.press("n")
        await until(pilot, lambda: "reading number 2." in words_of(app))

    drive(app, script)


def test_a_voice_is_enrolled_aloud_where_the_daemon_asks_for_it(daemon, tmp_path):
    daemon.spoken_only = True
    (tmp_path / "a.wav").write_bytes(b"")
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        app.push_screen(EnrolScreen(Hum))
        await until(pilot, lambda: "Enrol a voice" in shown(app))
        typed = {"name": "ada", "files": tmp_path / "a.wav", "speaker": "Ada"}
        for field, value in (typed | {"consent": "Ada agreed"}).items():
            app.screen.query_one(f"#{field}", Input).value = str(value)
        app.screen.query_one("#files").focus()
        await pilot.press("enter")
        await until(pilot, lambda: "1: a.wav" in shown(app))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Read a sentence aloud" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "speak as ada: reading number 1." in words_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: meter(-6.0, width=40) in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)

    drive(app, script)
    assert "ada" in daemon.known
    assert [call[0] for call in daemon.calls] == ["enrol", "sentence", "enrol", "read"]
