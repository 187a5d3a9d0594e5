"""Every screen as it looks at 80x24; `--snapshot-update` accepts a new look."""

import pytest
from integration.tui_standin import Process, StandIn, adapter, bridge, shown, until

pytestmark = pytest.mark.tui

CHOSEN = "v revoke for good"  # under the chosen voice
PHRASES = ("Hello!", "Yes.", "No, thank you.", "One moment, please.", "Thank you.", "Goodbye!")


@pytest.fixture
def daemon():
    """Two people speak, one of them in a lane that is paused."""
    made = StandIn()
    made.players.append("mic")
    made.adapters.append(
        adapter("obs", state="failed", reason="OBS does not answer on port 4455.", restarts=3)
    )
    made.latency = {
        lane: {
            "count": count,
            "first_audio_p50_s": 0.31,
            "first_audio_p95_s": 0.52,
            "first_delivered_p50_s": 0.33,
            "first_delivered_p95_s": 1.04,
        }
        for lane, count in (("speaker", 12), ("mic", 3))
    }
    for text, lane, user in (
        ("Good evening, and welcome.", "speaker", "screen"),
        ("The build is green again.", "mic", "ann"),
        ("Could you say a little more about the second figure, please?", "speaker", "bob"),
        ("Of course.", "speaker", "screen"),
    ):
        made.say(text, voice="alba", lane=lane, user=user, speed=1.0)
    made.end(1)
    made.paused = ["mic"]
    return made


@pytest.fixture
def looks_as_before(daemon, snap_compare):
    def look(*keys, waits_for, opened="", also="", sign_of_life="ready", **options):
        app = bridge(daemon, phrases=PHRASES, **options)

        async def go(pilot):
            await until(pilot, lambda: sign_of_life in shown(app))
            await pilot.press(*keys[:1])
            await until(pilot, lambda: opened in shown(app))  # later keys act on what it lists
            await pilot.press(*keys[1:])
            await until(pilot, lambda: waits_for in shown(app) and also in shown(app))
            before = ""
            while before != shown(app):  # the key bar is empty while it is made anew
                before = shown(app)
                await pilot.pause()

        return snap_compare(app, terminal_size=(80, 24), run_before=go)

    return look


def test_speak(looks_as_before):
    assert looks_as_before(waits_for="Voice alba")


def test_speak_into_a_lane_that_nothing_plays(looks_as_before, daemon):
    daemon.players = ["mic"]
    assert looks_as_before(waits_for="Nothing plays the lane")


def test_queue(looks_as_before):
    assert looks_as_before(
        *("alt+q", "down"),
        opened="alba: The build is",
        waits_for="alba: Could you say",
        also="screen  12 s  Of course.",
    )


def test_voices(looks_as_before):
    assert looks_as_before("alt+v", waits_for="id alba0000")


def test_enrol(looks_as_before):
    assert looks_as_before(
        "alt+v", "e", *"carla", "ctrl+s", opened=CHOSEN, waits_for="Add a recording"
    )


def test_delete(looks_as_before):
    assert looks_as_before("alt+v", "d", opened=CHOSEN, waits_for="Delete the voice")


def test_import(looks_as_before):
    assert looks_as_before("alt+v", "i", opened=CHOSEN, waits_for="Import a voice")


def test_held(looks_as_before, daemon):
    for text, user, reason in (
        ("You are a scoundrel, sir.", "ann", "It has a word in it that a moderator has to see."),
        ("So are you.", "bob", "It has a word in it that a moderator has to see."),
    ):
        daemon.hold(text, user=user, reason=reason)
    assert looks_as_before(
        *("alt+q", "h"), opened="2 lines wait", waits_for="alba: You are a", also="a Approve"
    )


def test_everything_is_stopped(looks_as_before):
    assert looks_as_before("ctrl+g", waits_for="to go on", also="everything is stopped")


def test_a_voice_that_cannot_be_used(looks_as_before, daemon):
    daemon.known["bruno"]["trouble"] = "The agreement to it ended on 2026-11-20."
    daemon.known["bruno"]["consent"] |= {
        "level": "spoken",
        "spoken": {
            "sentence": "I agree.",
            "words": 1.0,
            "words_least": 0.75,
            "speaker": 0.91,
            "speaker_least": 0.8,
        },
        "grants": ["discord:role:9", "discord:user:12"],
        "expires_at": "2026-11-20T00:00:00Z",
    }
    assert looks_as_before("alt+v", "down", opened=CHOSEN, waits_for="id bruno000")


def test_revoke(looks_as_before):
    assert looks_as_before("alt+v", "v", opened=CHOSEN, waits_for="Revoke for good")


def test_grants(looks_as_before, daemon):
    daemon.known["alba"]["consent"]["grants"] = ["discord:role:9"]
    assert looks_as_before("alt+v", "g", opened=CHOSEN, waits_for="No longer discord:role:9")


def test_adapters(looks_as_before):
    assert looks_as_before(
        *("alt+a", "down", "down"), opened="port 4455", waits_for="obs: OBS does not answer"
    )


def test_latency(looks_as_before):
    assert looks_as_before("alt+l", waits_for="310 ms")


def test_log(looks_as_before):
    assert looks_as_before("alt+o", waits_for="utterance 1 done")


def test_no_daemon(looks_as_before, daemon):
    daemon.up = False
    assert looks_as_before(sign_of_life="Start one now?", waits_for="esc Cancel", start=Process)


def test_light(daemon, snap_compare):
    app = bridge(daemon, phrases=PHRASES)

    async def go(pilot):
        await until(pilot, lambda: "Voice alba" in shown(app))
        app.action_light()
        await until(pilot, lambda: not app.current_theme.dark)
        await pilot.pause()

    assert snap_compare(app, terminal_size=(80, 24), run_before=go)
