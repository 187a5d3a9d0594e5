"""The terminal screen with the real client, HTTP API and engine, which hums."""

import pytest
from http_host import served
from integration.tui_standin import drive, shown, until
from textual.widgets import Input
from tui_pictures import pictures

from rtvc_bridge.client import Client
from rtvc_bridge.tui import BridgeApp, Plain

pytestmark = [pytest.mark.tui, pytest.mark.http]


@pytest.fixture
def daemon(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path / "home"))
    with served(tmp_path) as daemon:
        yield daemon


@pytest.fixture
def spoken(daemon):
    """What a player of the default lane gets."""
    lines: list[str] = []

    def play(utterance):
        lines.append(utterance.text)

    end = daemon.engine.play_lane("speaker", play)
    yield lines
    end()


@pytest.fixture
def connect(daemon):
    return lambda: Client(daemon.url, daemon.token())


def test_a_line_typed_into_the_screen_reaches_the_player_of_its_lane(connect, spoken):
    app = BridgeApp(connect)

    async def script(pilot):
        await until(pilot, lambda: "Voice alba" in shown(app))
        await pilot.press(*"Hello", "enter")
        await until(pilot, lambda: "✓ Hello  alba · first sound after" in shown(app))
        await pilot.press("alt+q", "s")
        await until(pilot, lambda: "Nothing is being said" in shown(app))
        await pilot.press("alt+a")
        await until(pilot, lambda: "http     running" in shown(app))
        await pilot.press("alt+l")
        await until(pilot, lambda: " ms " in shown(app))

    drive(app, script)
    assert spoken == ["Hello"]


def test_a_lane_without_a_player_is_named_and_its_lines_refused(connect):
    app = BridgeApp(connect)

    async def script(pilot):
        await until(pilot, lambda: "Nothing plays the lane “speaker”" in shown(app))
        await until(pilot, lambda: "Voice alba" in shown(app))
        await pilot.press(*"Hi", "enter")
        await until(pilot, lambda: app.query_one("#line", Input).value == "Hi")

    drive(app, script)


def test_voices_are_renamed_exported_deleted_and_imported(connect, daemon, tmp_path):
    app = BridgeApp(connect)

    async def script(pilot):
        await until(pilot, lambda: "Voice alba" in shown(app))
        await pilot.press("alt+v")
        await until(pilot, lambda: "v revoke for good" in shown(app))
        await pilot.press("r")
        await until(pilot, lambda: "Rename alba" in shown(app))
        await pilot.press("ctrl+u", *"zoe", "enter")
        await until(pilot, lambda: daemon.voices.names() == ["zoe"])
        await until(pilot, lambda: "zoe" in shown(app))
        await pilot.press("x")
        await until(pilot, lambda: "Export zoe" in shown(app))
        app.screen.query_one(Input).value = str(tmp_path / "zoe.voice")
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "zoe.voice").exists())
        await pilot.press("d")
        await until(pilot, lambda: "Delete the voice “zoe”" in shown(app))
        await pilot.press("right", "enter")
        await until(pilot, lambda: daemon.voices.names() == [])
        await pilot.press("i")
        await until(pilot, lambda: "Import a voice" in shown(app))
        app.screen.query_one(Input).value = str(tmp_path / "zoe.voice")
        await pilot.press("enter")
        await until(pilot, lambda: daemon.voices.names() == ["zoe"])

    drive(app, script)


def test_one_key_stops_the_engine_and_lets_it_go_on(connect, daemon):
    app = BridgeApp(connect, lift_after_s=0.0)

    async def script(pilot):
        await until(pilot, lambda: "Voice alba" in shown(app))
        await pilot.press("ctrl+g")
        await until(pilot, lambda: daemon.engine.queue.halted)
        await until(pilot, lambda: "Everything is stopped - ^g to go on" in shown(app))
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "Everything is stopped" not in shown(app))

    drive(app, script)
    assert not daemon.engine.queue.halted


def test_a_voice_is_shared_and_revoked(connect, daemon):
    app = BridgeApp(connect)

    async def script(pilot):
        await until(pilot, lambda: "Voice alba" in shown(app))
        await pilot.press("alt+v")
        await until(pilot, lambda: "v revoke for good" in shown(app))
        await pilot.press("g", "enter")
        await until(pilot, lambda: "Who else may use alba?" in shown(app))
        await pilot.press(*"everyone", "enter")
        await until(pilot, lambda: "also: everyone" in shown(app))
        await pilot.press("v")
        await until(pilot, lambda: "Revoke for good" in shown(app))
        await pilot.press("right", "enter")
        await until(pilot, lambda: "No voices yet." in shown(app))

    drive(app, script)
    assert daemon.voices.names() == []


def test_the_plain_mode_speaks_through_the_same_client(connect, spoken):
    written: list[str] = []
    Plain(connect, written.append).run(["Hello", "/voices", "/status"])
    assert spoken == ["Hello"]
    assert written[1].startswith("Line 1, ")
    assert written[2] == "alba, speaker alba, chosen"
    assert "Lane speaker is played." in written


def test_the_pictures_for_the_readme_show_the_real_screens(tmp_path, monkeypatch):
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("RTVC_HOME", str(tmp_path / "home"))
    pictures(tmp_path / "pictures")
    speak, queue, voices = (
        (tmp_path / "pictures" / f"{name}.svg").read_text(encoding="utf-8")
        for name in ("speak", "queue", "voices")
    )
    assert "welcome" in speak
    assert "speaking" in queue
    assert "Carla" in voices
