"""The screen in a real terminal (tmux), on a daemon with real weights."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import soundfile
from integration.daemon_process import Home

from rtvc_bridge import paths
from rtvc_bridge.enrolment import read_clip

pytestmark = [pytest.mark.models, pytest.mark.tui]

SETTINGS = "[adapters.http]\nport = 0\n"
SOON_S = 60.0  # a limit on failure, not a wait
LOOK_S = 0.1


class Terminal:
    """A tmux session of 80 columns and 24 rows."""

    def __init__(self, socket):
        self._tmux = ["tmux", "-S", str(socket)]

    def start(self, home, *command):
        size = ["-x", "80", "-y", "24", "-e", f"RTVC_HOME={home.folder}"]
        subprocess.run([*self._tmux, "new-session", "-d", *size, *command], check=True)

    def keys(self, *keys):
        subprocess.run([*self._tmux, "send-keys", *keys], check=True)

    def text(self):
        shown = subprocess.run(
            [*self._tmux, "capture-pane", "-p"], capture_output=True, text=True, check=False
        )
        return " ".join(shown.stdout.split())

    def shows(self, words):
        """Return once the screen shows `words`."""
        until = time.monotonic() + SOON_S
        while words not in (text := self.text()):
            assert time.monotonic() < until, f"no {words!r} on the screen:\n{text}"
            time.sleep(LOOK_S)  # tmux tells nobody when a program has painted

    def end(self):
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)


@contextmanager
def terminal(folder) -> Iterator[Terminal]:
    opened = Terminal(folder / "tmux")
    try:
        yield opened
    finally:
        opened.end()


@pytest.fixture
def home(tmp_path, artifact):
    artifact("kokoro-82m")
    artifact("ge2e")
    home = Home.made(tmp_path / "home", voices=())
    (home.folder / "config.toml").write_text(SETTINGS, encoding="utf-8")
    (home.folder / "cache").symlink_to(paths.cache_dir())
    return home


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
def test_a_person_at_a_terminal_finds_a_voice_and_is_told_that_nothing_plays(
    home, tmp_path, artifact
):
    audio = read_clip(artifact("demo-speech")).audio
    clip = tmp_path / "reader.wav"
    soundfile.write(clip, audio.samples[: 12 * audio.rate_hz], audio.rate_hz)
    with home.daemon() as daemon, terminal(tmp_path) as screen:
        enrolled = home.run("enrol", "reader", clip, "--consent-by", "The reader")
        assert enrolled.returncode == 0, enrolled.stderr
        screen.start(home, sys.executable, "-m", "rtvc_bridge.cli", "tui")
        screen.shows("Voice reader")
        screen.keys("Good morning, everyone.", "Enter")
        screen.shows("lane is played.")
        screen.keys("M-v")
        screen.shows("The reader")
        screen.keys("C-q")
        assert home.run("status").returncode == 0
        assert daemon.poll() is None
