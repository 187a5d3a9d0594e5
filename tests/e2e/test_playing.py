"""`say` through a real PulseAudio server, recorded back from the other side."""

import subprocess
import sys
import wave

import numpy as np
import pytest
from sound_server import LIMIT_S, RATE_HZ, private_server

from rtvc_bridge.testing import keep_key, tone_voice
from rtvc_bridge.voices import VoiceStore

pytestmark = pytest.mark.mic


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A PulseAudio of our own whose only output is called "ear"."""
    with private_server("pulse", tmp_path / "sound", monkeypatch) as server:
        server.start()
        server.add_output("ear")
        yield server


def heard_while(command, file):
    """Return the samples that came out of the sink while `command` ran."""
    recorder = subprocess.Popen(
        ["parecord", "-d", "ear.monitor", f"--rate={RATE_HZ}", "--channels=1", str(file)]
    )
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    recorder.terminate()
    recorder.wait(LIMIT_S)
    with wave.open(str(file)) as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32767


def test_a_played_line_comes_out_of_the_sound_server_whole(server, tmp_path, monkeypatch):
    pytest.importorskip("sounddevice")
    monkeypatch.setenv("RTVC_HOME", str(tmp_path / "home"))
    keep_key(tmp_path / "home" / "data")
    VoiceStore(tmp_path / "home" / "data" / "voices").add(tone_voice("alba", 440.0))
    config = tmp_path / "config.toml"
    config.write_text('[models]\npipeline = "humming"\n')
    line = "A line that is long enough to be measured. " * 4  # 1.7 s of humming
    command = [sys.executable, "-m", "rtvc_bridge.cli", "--config", str(config)]
    heard = heard_while([*command, "say", line, "--voice", "alba"], tmp_path / "heard.wav")
    loud = np.flatnonzero(np.abs(heard) > 0.1)
    hum = heard[loud[0] : loud[-1]]
    assert len(hum) / RATE_HZ == pytest.approx(1.72, abs=0.15)
    spectrum = np.abs(np.fft.rfft(hum))
    assert np.argmax(spectrum) * RATE_HZ / len(hum) == pytest.approx(440, abs=3)
