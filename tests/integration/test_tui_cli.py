"""Starting a daemon for the terminal screen."""

import threading

import pytest

from rtvc_bridge.cli.tui import START_LOG, StartedDaemon
from rtvc_bridge.client import Client
from rtvc_bridge.errors import StorageError
from rtvc_bridge.testing import keep_key, tone_voice
from rtvc_bridge.voices import VoiceStore

pytestmark = pytest.mark.tui

PATIENCE_S = 30.0


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    keep_key(tmp_path / "data")
    VoiceStore(tmp_path / "data" / "voices").add(tone_voice("alba", 220.0))
    return tmp_path


def when(condition):
    """Return what `condition` gives, once it gives something."""
    never = threading.Event()
    for _ in range(round(PATIENCE_S / 0.05)):
        if (value := condition()) is not None:
            return value
        never.wait(0.05)
    raise TimeoutError


def test_a_started_daemon_is_found_and_lives_until_it_is_stopped(home):
    settings = home / "mine.toml"
    settings.write_text(
        '[models]\npipeline = "humming"\n[adapters.http]\nport = 0\n', encoding="utf-8"
    )
    started = StartedDaemon(settings)
    with when(Client.running) as client:
        assert started.problem() is None
        assert [voice["name"] for voice in client.voices()] == ["alba"]
        client.stop()
    when(started.problem)


def test_a_daemon_that_cannot_start_says_why(home):
    settings = home / "wrong.toml"
    settings.write_text("[engine]\nmax = 3\n", encoding="utf-8")
    assert "no such setting" in when(StartedDaemon(settings).problem)


def test_a_start_without_a_place_to_write_is_refused(home):
    (home / "state").mkdir()
    (home / "state" / START_LOG).mkdir()
    with pytest.raises(StorageError, match="Cannot write"):
        StartedDaemon(None)
