"""`say` through a real PulseAudio server, recorded back from the other side."""

import shutil
import subprocess
import sys
import time
import wave

import numpy as np
import pytest

from rtvc_bridge.testing import tone_voice
from rtvc_bridge.voices import VoiceStore

pytestmark = pytest.mark.mic

RATE_HZ = 48_000
LIMIT_S = 30


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A PulseAudio of our own whose only output is a null sink called "ear"."""
    for program in ("pulseaudio", "pactl", "parecord"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    tmp_path.chmod(0o700)
    for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/native")
    # Debian's ALSA has no sound card here: its default device is PulseAudio's.
    (tmp_path / ".asoundrc").write_text("pcm.!default pulse\nctl.!default pulse\n")
    modules = (
        f"module-native-protocol-unix auth-anonymous=1 socket={tmp_path}/native",
        f"module-null-sink sink_name=ear rate={RATE_HZ} channels=1",
    )
    loads = [word for module in modules for word in ("-L", module)]
    options = ("-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no")
    process = subprocess.Popen(["pulseaudio", *options, *loads], stderr=subprocess.DEVNULL)
    give_up_at = time.monotonic() + LIMIT_S
    while subprocess.run(["pactl", "info"], capture_output=True, check=False).returncode:
        assert time.monotonic() < give_up_at, "PulseAudio did not start"
    yield
    process.terminate()
    process.wait(LIMIT_S)


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
