"""The adapter `speaker` on a real PulseAudio server, recorded back from the other side."""

import json
import subprocess
import sys
import wave

import numpy as np
import pytest
from sound_server import LIMIT_S, RATE_HZ, private_server, until

pytestmark = pytest.mark.mic

HOST = """
import asyncio, json, sys
from rtvc_bridge.config import Settings
from rtvc_bridge.engine import Engine
from rtvc_bridge.errors import DeviceError
from rtvc_bridge.plugins import Host
from rtvc_bridge.testing import humming, policy, tone_voice
from rtvc_bridge.voices import VoiceStore
import rtvc_speaker
from pathlib import Path

def say(word):
    print(word, flush=True)

async def main(engine):
    host = Host(
        engine=engine, voices=VoiceStore(Path("voices")), settings=Settings(),
        ready=lambda: True, adapters=tuple, announce=print, stop=print, reload=print,
    )
    settings = rtvc_speaker.Settings.model_validate(json.loads(sys.argv[1]))
    task = None
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        verb, _, text = line.partition(" ")
        if verb == "start":
            task = asyncio.create_task(rtvc_speaker.run(host, settings))
            while not (task.done() or engine.players):
                await asyncio.sleep(0.01)
            say(str(task.exception()) if task.done() else "playing")
        elif verb == "say":
            utterance = engine.say(text, tone_voice("alba", 440.0), lane="speaker")
            while utterance.audible or not utterance.over:
                await asyncio.sleep(0.01)
            say(utterance.status.state)
        elif verb == "await":
            say(str((await asyncio.gather(task, return_exceptions=True))[0]))
        elif verb == "cancel":
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            say(f"cancelled, players: {sorted(engine.players)}")

with Engine(humming(), policy()) as engine:
    asyncio.run(main(engine))
"""


class Running:
    """A process with the adapter in it, told what to do line by line."""

    def __init__(self, settings):
        self._process = subprocess.Popen(
            [sys.executable, "-c", HOST, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # ALSA's complaints
            text=True,
        )

    def tell(self, line):
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(line + "\n")
        stdin.flush()
        return stdout.readline().strip()

    def end(self):
        self._process.communicate("\n", LIMIT_S)
        return self._process.returncode


class Ear:
    """A PulseAudio of our own whose only output is called "ear"."""

    def __init__(self, server):
        self._server = server
        self.kill = server.stop

    def start(self):
        self._server.start()
        self._server.add_output("ear")

    def streams(self):
        return self._server.pactl("list", "short", "sink-inputs")


@pytest.fixture
def server(tmp_path, monkeypatch):
    pytest.importorskip("sounddevice")
    with private_server("pulse", tmp_path / "sound", monkeypatch) as server:
        yield Ear(server)


@pytest.fixture
def host():
    """Starts processes with the adapter in them, and ends them."""
    started = []

    def start(**settings):
        started.append(Running(settings))
        return started[-1]

    yield start
    for each in started:
        assert each.end() == 0


@pytest.fixture
def recorder(tmp_path):
    """Starts recording the sink; what is returned ends that and gives the samples."""
    file = tmp_path / "heard.wav"
    recording = []

    def start():
        command = ["parecord", "-d", "ear.monitor", "--latency-msec=20", f"--rate={RATE_HZ}"]
        process = subprocess.Popen([*command, "--channels=1", str(file)])
        recording.append(process)
        until(lambda: file.exists() and file.stat().st_size > 1000, "nothing is recorded")
        return finish

    def finish():
        process = recording.pop()
        enough = file.stat().st_size + RATE_HZ  # half a second more: what is on its way
        until(lambda: file.stat().st_size > enough)
        process.terminate()
        process.wait(LIMIT_S)
        with wave.open(str(file)) as sound:
            return np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32767

    yield start
    for process in recording:
        process.kill()
        process.wait(LIMIT_S)


def hum_of(samples):
    """Return what is loud, without the pause between lines or where the computer stood still."""
    pieces = samples[: len(samples) // 480 * 480].reshape(-1, 480)
    return pieces[np.abs(pieces).max(axis=1) > 0.1].ravel()


def test_lines_come_out_of_the_sound_server_whole_and_one_after_another(server, host, recorder):
    server.start()
    running = host(volume_db=-6.0)
    assert running.tell("start") == "playing"
    heard = recorder()
    line = "A line that is long enough to be measured. " * 2  # 0.86 s of humming
    assert running.tell(f"say {line}") == "done"
    assert running.tell(f"say {line}") == "done"
    assert running.tell("cancel") == "cancelled, players: []"
    hum = hum_of(heard())
    assert len(hum) / RATE_HZ == pytest.approx(1.72, abs=0.15)
    spectrum = np.abs(np.fft.rfft(hum))
    assert np.argmax(spectrum) * RATE_HZ / len(hum) == pytest.approx(440, abs=3)
    assert np.quantile(np.abs(hum), 0.99) == pytest.approx(0.25, abs=0.02)


def test_the_stream_is_open_while_it_runs_and_closed_once_cancelled(server, host):
    server.start()
    running = host(device="pulse", latency="high")
    assert running.tell("start") == "playing"
    assert server.streams()
    assert running.tell("cancel") == "cancelled, players: []"
    until(lambda: not server.streams())


def test_a_device_that_is_not_there_is_named_with_those_that_are(server, host):
    server.start()
    said = host(device="Loud Box").tell("start")
    assert 'no sound output called "Loud Box"' in said
    assert '"pulse"' in said


def test_a_lost_device_is_an_error_and_the_next_start_plays_again(server, host, recorder):
    server.start()
    running = host()
    assert running.tell("start") == "playing"
    server.kill()
    assert "went away" in running.tell("await")
    assert running.tell("start") != "playing"
    server.start()
    assert running.tell("start") == "playing"
    heard = recorder()
    assert running.tell("say Here it is again, as loud as before.") == "done"
    assert running.tell("cancel") == "cancelled, players: []"
    assert len(hum_of(heard())) / RATE_HZ == pytest.approx(0.36, abs=0.1)


def test_a_sound_server_that_starts_later_is_found(server, host):
    running = host()
    assert "sound output" in running.tell("start")
    server.start()
    assert running.tell("start") == "playing"
