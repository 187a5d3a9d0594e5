"""The microphone on real PulseAudio and PipeWire servers, judged by what a recorder gets."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from rtvc_virtualmic import VirtualMic, manage
from rtvc_virtualmic.adapter import LANE, Settings, play
from rtvc_virtualmic.manage import Recorder
from typer.testing import CliRunner

from rtvc_bridge.cli.mic import app
from rtvc_bridge.engine import Engine
from rtvc_bridge.errors import DeviceError
from rtvc_bridge.levels import Levels
from rtvc_bridge.testing import humming, tone_voice

pytestmark = pytest.mark.mic

RATE_HZ = 48_000
LIMIT_S = 20
TONE_HZ = 997.0
KEEPS_SENDING = """
import numpy as np, rtvc_virtualmic
mic = rtvc_virtualmic.VirtualMic()
mic.send(np.full(30 * 48_000, 0.3, np.float32), 48_000)
print("sending", flush=True)
input()
"""


def until(condition):
    """Return once `condition()` holds."""
    give_up_at = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < give_up_at, "it never came to that"
        threading.Event().wait(0.01)  # leaves the processor to what is waited for


def pactl(*arguments):
    done = subprocess.run(["pactl", *arguments], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


class Server:
    """A sound server of our own in a folder of its own."""

    def __init__(self, kind, folder):
        self.kind = kind
        self._folder = folder
        self._processes = []

    def start(self):
        if self.kind == "pulse":
            socket = f"socket={self._folder}/pulse/native"
            self._run(
                *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1"),
                *("--use-pid-file=no", "--log-target=null", "-L"),
                f"module-native-protocol-unix auth-anonymous=1 {socket}",
            )
        else:
            address = f"unix:path={self._folder}/bus"
            self._run("dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={address}")
            until((self._folder / "bus").exists)
            self._run("pipewire")
            until((self._folder / "pipewire-0").exists)
            self._run("wireplumber")
            self._run("pipewire-pulse")
        until(lambda: pactl("info") is not None)
        if self.kind == "pipewire":  # at its usual 512 it loses a quantum now and then by itself
            set_quantum = ["pw-metadata", "-n", "settings", "0", "clock.force-quantum", "1024"]
            subprocess.run(set_quantum, stdout=subprocess.DEVNULL, check=True, timeout=LIMIT_S)

    def stop(self):
        for process in reversed(self._processes):
            process.kill()
            process.wait(LIMIT_S)
        self._processes.clear()
        for name in ("bus", "pipewire-0", "pulse/native"):
            (self._folder / name).unlink(missing_ok=True)

    def _run(self, *command):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._processes.append(process)


PROGRAMS = {
    "pulse": ("pulseaudio", "pactl", "parec"),
    "pipewire": ("pipewire", "wireplumber", "pipewire-pulse", "dbus-daemon", "pactl", "parec"),
}


@pytest.fixture(params=["pulse", "pipewire"])
def server(request, tmp_path, monkeypatch):
    for program in PROGRAMS[request.param]:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    pytest.importorskip("pulsectl")
    pytest.importorskip("pasimple")
    tmp_path.chmod(0o700)
    for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("RTVC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/pulse/native")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    server = Server(request.param, tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def recorded(server):
    """Gives recorders of a source, which end with the test."""
    recorders = []

    def start(source="rtvc_mic"):
        recorder = Recorder(source)
        recorders.append(recorder)
        recorder.wait_for(0.3)
        return recorder

    yield start
    for recorder in recorders:
        recorder.close()


def tone(seconds, rate_hz=RATE_HZ, hz=TONE_HZ):
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (0.4 * np.sin(2 * np.pi * hz * at_s)).astype(np.float32)


def loud(recorder):
    """Return what was recorded from the first to the last loud sample."""
    sound = recorder.sound()
    at = np.flatnonzero(np.abs(sound) > 0.05)
    return sound[at[0] : at[-1] + 1] if len(at) else sound[:0]


def strongest_hz(sound):
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return np.argmax(spectrum) * RATE_HZ / len(sound)


def longest_silence_s(sound):
    quiet = np.concatenate([[0], np.abs(sound) < 1e-3, [0]])
    ends = np.flatnonzero(np.diff(quiet))
    return max(ends[1::2] - ends[::2], default=0) / RATE_HZ


def heard(recorder):
    """Wait until the recorder gets a second of sound, and return its pitch."""
    until(lambda: len(loud(recorder)) > RATE_HZ)
    return strongest_hz(loud(recorder)[-RATE_HZ // 2 :])


@pytest.mark.parametrize("backend", ["pulse", "pacat"])
def test_a_tone_comes_out_whole_at_its_pitch_and_level(server, recorded, backend):
    with VirtualMic(backend=backend) as mic:
        recorder = recorded()
        mic.send(tone(2.0, 24_000), rate_hz=24_000)
        recorder.wait_for(2.5)
        sound = loud(recorder)
    assert len(sound) / RATE_HZ == pytest.approx(2.0, abs=0.01)
    assert strongest_hz(sound) == pytest.approx(TONE_HZ, abs=1)
    assert np.abs(sound[480:-480]).max() == pytest.approx(0.4, abs=0.01)
    assert longest_silence_s(sound) < 0.002


def test_sound_sent_frame_by_frame_has_no_gap(server, recorded):
    sound = tone(2.0, 24_000)
    with VirtualMic() as mic:
        recorder = recorded()
        for start in range(0, len(sound), 480):
            until(lambda: mic.stats.queued_ms < 150)
            mic.send(sound[start : start + 480], rate_hz=24_000)
        recorder.wait_for(0.7)
        assert longest_silence_s(loud(recorder)) < 0.002
        assert mic.stats.dropped_ms == 0


def test_the_first_sound_after_a_long_silence_is_not_lost(server, recorded):
    with VirtualMic() as mic:
        recorder = recorded()
        recorder.wait_for(2.5)
        mic.send(tone(0.3))
        recorder.wait_for(0.8)
        assert len(loud(recorder)) / RATE_HZ == pytest.approx(0.3, abs=0.01)


def test_the_commands_make_it_try_it_and_take_it_away(server):
    def run(*arguments):
        return CliRunner().invoke(app, arguments).stdout

    assert "mic install" in run("status")
    assert 'Pick "RTVC Virtual Microphone"' in run("install")
    report = json.loads(run("test", "--json"))
    assert report["heard"]
    assert report["doubled_ms"] is None
    assert report["rate"] == pytest.approx(1, abs=0.002)
    assert report["level_db"] == pytest.approx(0, abs=1)
    assert "Listening now: nobody." in run("status")
    assert "Removed." in run("remove")
    assert "There was none." in run("remove")


def test_two_microphones_of_one_name_are_one_device(server):
    with VirtualMic() as first, VirtualMic() as second:
        assert first.device == second.device == "RTVC Virtual Microphone"
        assert manage.install() == first.device
        names = [line.split("\t")[1] for line in pactl("list", "short", "sources").splitlines()]
    assert sum(name.startswith("rtvc_mic") for name in names) == 1
    assert sum(name.startswith("rtvc_sink") for name in names) == 1


def test_every_listener_hears_it_and_is_named(server, recorded):
    with VirtualMic() as mic:
        first, second = recorded(), recorded()
        assert len(mic.listeners() or ()) == 2
        mic.send(tone(1.5))
        assert heard(first) == pytest.approx(TONE_HZ, abs=3)
        assert heard(second) == pytest.approx(TONE_HZ, abs=3)


def test_it_is_not_removed_from_a_listener(server, recorded):
    manage.install()
    recorder = recorded()
    with pytest.raises(DeviceError, match="still listens"):
        manage.remove()
    assert manage.status().present
    recorder.close()
    until(lambda: not manage.status().listeners)
    assert manage.remove()
    assert not manage.status().present
    assert not manage.remove()


def test_the_device_outlives_a_killed_program_and_its_listener_hears_silence(server, recorded):
    writer = subprocess.Popen(
        [sys.executable, "-c", KEEPS_SENDING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ),
    )
    assert writer.stdout is not None
    assert writer.stdout.readline()
    recorder = recorded()
    until(lambda: len(loud(recorder)))
    writer.send_signal(signal.SIGKILL)
    writer.communicate(timeout=LIMIT_S)
    recorder.wait_for(1.5)
    assert len(manage.status().listeners or ()) == 1
    assert not recorder.sound()[-RATE_HZ // 2 :].any()


def test_it_comes_back_after_the_server_did(server, recorded):
    with VirtualMic() as mic:
        server.stop()
        server.start()
        until(lambda: mic.stats.reconnects == 1)
        recorder = recorded()
        mic.send(tone(1.5))
        assert heard(recorder) == pytest.approx(TONE_HZ, abs=3)


def test_a_listener_follows_a_device_that_was_removed_and_made_again(server, recorded):
    pactl("load-module", "module-null-sink", "sink_name=speaker")  # its monitor: another input
    with VirtualMic() as mic:
        recorder = recorded()
        recorder.wait_for(1.5)  # it is looked after once a second
        manage.remove(force=True)
        until(lambda: manage.status().listeners)
        mic.send(tone(3.0))
        assert heard(recorder) == pytest.approx(TONE_HZ, abs=3)


def test_the_default_microphone_stays_what_it_was(server):
    pactl("load-module", "module-null-sink", "sink_name=speaker")
    pactl("set-default-sink", "speaker")
    pactl("set-default-source", "speaker.monitor")
    manage.install()
    status = manage.status()
    assert (status.is_default_input, status.is_default_output) == (False, False)


def test_a_monitor_plays_it_on_a_loudspeaker_too(server, recorded):
    pactl("load-module", "module-null-sink", "sink_name=speaker", "rate=48000", "channels=1")
    with VirtualMic(monitor="speaker", monitor_db=-6.0) as mic:
        recorder = recorded("speaker.monitor")
        mic.send(tone(1.5))
        assert heard(recorder) == pytest.approx(TONE_HZ, abs=3)
        assert np.abs(loud(recorder)).max() == pytest.approx(0.2, abs=0.02)


def test_the_lane_is_spoken_through_it_until_it_is_skipped(server, recorded):
    stop = threading.Event()
    with Engine(humming()) as engine:
        adapter = threading.Thread(target=play, args=(engine, Levels(), Settings(), stop))
        adapter.start()
        until(lambda: LANE in engine.players)
        recorder = recorded()
        engine.say("A long line to be heard. " * 16, tone_voice("alba", 440.0), lane=LANE)
        assert heard(recorder) == pytest.approx(440, abs=4)
        assert engine.queue.skip(LANE) == 1
        recorder.wait_for(1.0)
        assert not recorder.sound()[-RATE_HZ // 4 :].any()
        stop.set()
        adapter.join(LIMIT_S)
        assert not engine.players
