"""Recording in the enrolment screen from a real sound server whose microphone hears a reader."""

import subprocess
import time

import numpy as np
import pytest
import soundfile
from integration.tui_standin import StandIn, bridge, drive, shown, until
from sound_server import private_server

from rtvc_bridge.audio import Audio
from rtvc_bridge.enrolment import SpeechDetector, read_clip

pytestmark = [pytest.mark.models, pytest.mark.tui, pytest.mark.mic]

SPOKEN_S = 6.0


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A sound server whose microphone hears what is played into its only output."""
    pytest.importorskip("sounddevice", exc_type=ImportError)
    with private_server("pulse", tmp_path / "sound", monkeypatch) as server:
        server.start()
        server.add_output("room")
        assert server.pactl("set-default-source", "room.monitor") is not None
        yield server


@pytest.fixture
def reader(tmp_path, artifact):
    """A file of someone who reads."""
    audio = read_clip(artifact("demo-speech")).audio
    file = tmp_path / "reader.wav"
    soundfile.write(file, audio.samples[: 40 * audio.rate_hz], audio.rate_hz)
    return file


class Enroller(StandIn):
    """Keeps what it is handed: the files are gone after the call."""

    def __init__(self):
        super().__init__()
        self.recorded: list[Audio] = []

    def enrol(self, name, clips, **options):
        self.recorded.extend(read_clip(clip).audio for clip in clips)
        return super().enrol(name, clips, **options)


def test_a_person_who_speaks_into_the_microphone_is_metered_recorded_and_enrolled(room, reader):
    daemon = Enroller()
    app = bridge(daemon)
    took_s: list[float] = []

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        await pilot.press("alt+v", "e")
        await until(pilot, lambda: "Enrol a voice" in shown(app))
        await pilot.press(*"carla", "ctrl+r")
        await until(pilot, lambda: "Press Enter when you are ready." in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Recording: Enter stops it." in shown(app))
        begun = time.monotonic()
        await until(pilot, lambda: "████" in shown(app))
        await until(pilot, lambda: time.monotonic() - begun > SPOKEN_S)
        await pilot.press("enter")
        took_s.append(time.monotonic() - begun)
        await until(pilot, lambda: "Enter keeps it" in shown(app))
        assert "s or more make a voice" not in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: "1: take-1.wav" in shown(app))
        await pilot.press("tab", "tab", *"Carla", "enter", *"Carla", "space", *"agreed", "ctrl+s")
        await until(pilot, lambda: "carla is enrolled" in shown(app))

    with subprocess.Popen(["paplay", "--device=room", str(reader)]) as speaker:
        try:
            drive(app, script)
        finally:
            speaker.kill()
    (sound,) = daemon.recorded
    assert SPOKEN_S - 2 < sound.seconds < took_s[0] + 2
    assert np.mean(SpeechDetector().probabilities(sound) > 0.5) > 0.5, "no speech was heard"
