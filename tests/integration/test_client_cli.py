"""The commands as a shell sees them while a daemon runs: it does the work, in the same words."""

import json
import os
import re
import signal
import subprocess
import threading
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from http_host import pitch_hz, served
from integration.daemon_process import PROGRAM, SETTINGS, SOON_S, Home

from rtvc_bridge.audio import Audio
from rtvc_bridge.client import Client
from rtvc_bridge.daemon import held_state
from rtvc_bridge.engine import State, Utterance
from rtvc_bridge.errors import DaemonError
from rtvc_bridge.testing import humming, policy, tone_voice

pytestmark = pytest.mark.http


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's folder with settings that hum."""
    home = Home.made(tmp_path / "home", voices=())
    monkeypatch.setenv("RTVC_HOME", str(home.folder))
    return home


@pytest.fixture
def daemon(home):
    """A daemon's API within this process, found by the commands like any other."""
    hold = str(home.folder / "release")
    with (
        held_state(home.folder / "state") as state,
        served(home.folder / "data", pipeline=humming(hold_path=hold)) as daemon,
    ):
        state.announce(daemon.url, daemon.token_file)
        yield daemon


@pytest.fixture
def played(daemon):
    """What was said into the lane "speaker", which a player has."""
    said: list[Utterance] = []
    end = daemon.engine.play_lane("speaker", said.append)
    yield said
    end()


def spoken_by(daemon):
    with Client(daemon.url, daemon.token()) as client:
        latency = client.status()["latency"]
    return latency["http"]["count"] if latency else 0


# -- say


@pytest.mark.parametrize("ending", [".wav", ".opus", ".mp3"])
def test_the_daemon_says_it_and_the_file_has_the_format_its_ending_names(
    daemon, home, tmp_path, ending
):
    out = tmp_path / f"hello{ending}"
    done = home.run("say", "Hello there, dear friends.", "--voice", "alba", "--out", out)
    assert done.returncode == 0, done.stderr
    samples, rate_hz = soundfile.read(out)
    pitch_hz = np.argmax(np.abs(np.fft.rfft(samples))) * rate_hz / len(samples)
    assert pitch_hz == pytest.approx(220, abs=5)
    assert "real-time factor" in done.stderr
    assert spoken_by(daemon) == 1


def test_pitch_is_the_same_by_the_daemon_and_in_the_commands_own_process(daemon, home, tmp_path):
    (home.folder / "release").touch()
    for name, more in (("there", ()), ("here", ("--local",))):
        said = home.run(
            *("say", "Hello there.", "--voice", "alba", "--pitch", "-12", "--expression", "0.5"),
            *("--out", tmp_path / f"{name}.wav", *more),
        )
        assert said.returncode == 0, said.stderr
        samples, rate_hz = soundfile.read(tmp_path / f"{name}.wav", dtype="float32")
        assert pitch_hz(Audio(samples, rate_hz)) == pytest.approx(110.0, rel=0.02)


def test_local_says_it_in_the_commands_own_process(daemon, home, tmp_path):
    out = tmp_path / "hello.wav"
    words = ("say", "Hello.", "--voice", "alba", "--out", out, "--json")
    there, here = home.run(*words), home.run(*words, "--local")
    assert (there.returncode, here.returncode) == (0, 0), there.stderr + here.stderr
    assert json.loads(there.stdout).keys() == json.loads(here.stdout).keys()
    assert spoken_by(daemon) == 1


def test_lines_of_standard_input_go_to_the_daemon_and_bad_ones_are_passed_over(daemon, home):
    words = ("say", "-", "--voice", "alba", "--out", "-")
    done = home.run(*words, input=b"Hello.\n\n\xf0\x9f\x99\x82\nGoodbye.\n\xff\n", text=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout[:4] == b"RIFF"
    assert b"passed over a line" in done.stderr
    assert spoken_by(daemon) == 2


def without_temporary(words):
    return re.sub(r"[0-9a-f]{8}\.part", "", words)


REFUSED = [
    (["say", "Hello.", "--voice", "alb", "--out", "x.wav"], 1),
    (["say", "Hello.", "--voice", "../etc", "--out", "x.wav"], 1),
    (["say", "", "--voice", "alba", "--out", "x.wav"], 1),
    (["say", "x" * 501, "--voice", "alba", "--out", "x.wav"], 1),
    (["say", "Hello.", "--voice", "alba", "--out", "no/such/x.wav"], 3),
    (["say", "Hello.", "--voice", "deaf", "--out", "x.wav"], 1),
    (["voice", "rename", "alba", "a/b"], 1),
    (["voice", "info", "nobody"], 1),
    (["voice", "delete", "nobody", "--yes"], 1),
    (["voice", "export", "alba", "taken"], 3),
    (["voice", "import", "none"], 1),
    (["enrol", "alba", "x.wav", "--consent-by", "A"], 1),
    (["enrol", "berta", "x.wav", "--consent-by", "A"], 1),
    (["enrol", "berta", "x.wav", "--consent-by", " "], 1),
]


@pytest.mark.parametrize(("words", "code"), REFUSED, ids=str)
def test_a_refusal_has_the_same_words_and_code_with_a_daemon_and_without(
    daemon, home, tmp_path, words, code
):
    (tmp_path / "taken").touch()
    deaf = replace(tone_voice("deaf", 330.0), tensors={})
    daemon.voices.add(policy().trust.sign(deaf))
    there = home.run(*words, cwd=tmp_path, stdin=subprocess.DEVNULL)
    here = home.run(*words, "--local", cwd=tmp_path, stdin=subprocess.DEVNULL)
    assert there.stderr.startswith("rtvc-bridge: ")
    assert without_temporary(there.stderr) == without_temporary(here.stderr)
    assert (there.returncode, here.returncode) == (code, code)
    assert not list(tmp_path.glob("*.wav"))


def test_a_daemon_that_ends_midway_is_told_plainly(home):
    with (
        held_state(home.folder / "state") as state,
        served(home.folder / "data", pipeline=humming(hold_path="/nowhere")) as daemon,
    ):
        state.announce(daemon.url, daemon.token_file)
        saying = subprocess.Popen(
            [*PROGRAM, "say", "Hello. Held back.", "--voice", "alba", "--out", "-"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert saying.stdout is not None
        assert saying.stdout.read(4) == b"RIFF"
    _, errors = saying.communicate(timeout=SOON_S)
    assert saying.returncode == 3
    assert errors.decode().startswith("rtvc-bridge: The daemon broke off")
    assert b"Traceback" not in errors


# -- voices


def test_voices_are_looked_after_by_the_daemon(daemon, home, tmp_path):
    file = tmp_path / "alba.voice.safetensors"
    there, here = home.run("voices", "--json"), home.run("voices", "--json", "--local")
    assert json.loads(there.stdout)["voices"][0]["name"] == "alba"
    assert there.stdout == here.stdout
    assert (
        home.run("voice", "info", "alba").stdout
        == home.run("voice", "info", "alba", "--local").stdout
    )
    assert home.run("voice", "rename", "alba", "alba two").returncode == 0
    assert daemon.voices.names() == ["alba two"]
    assert home.run("voice", "export", "alba two", file).returncode == 0
    assert home.run("voice", "delete", "alba two", input="n\n").returncode == 1
    assert home.run("voice", "delete", "alba two", "--yes").returncode == 0
    assert daemon.voices.names() == []
    assert home.run("voice", "import", file, "--name", "alba").stdout == "alba\n"
    assert daemon.voices.names() == ["alba"]


def test_a_damaged_voice_is_named_and_can_be_deleted_by_its_id(daemon, home):
    file = home.folder / "data" / "voices" / f"{'0' * 32}.voice.safetensors"
    file.write_bytes(b"\x80\x04pickle")
    there, here = home.run("voices"), home.run("voices", "--local")
    assert "rtvc-bridge: damaged: " in there.stderr
    assert (there.stdout, there.stderr) == (here.stdout, here.stderr)
    assert home.run("voices", "--json").stdout == home.run("voices", "--json", "--local").stdout
    assert home.run("voice", "delete", "0" * 32, "--yes").returncode == 0
    assert not file.exists()


# -- the queue


def test_a_line_is_queued_in_a_lane_and_the_queue_steered(played, home):
    paused = home.run("queue", "pause", "--json")
    assert json.loads(paused.stdout) == {"paused": [None]}
    said = home.run(
        "say", "-", "--voice", "alba", "--lane", "speaker", "--json", input="One.\nTwo.\n"
    )
    first, second = (json.loads(line)["id"] for line in said.stdout.splitlines())
    moved = home.run("queue", "move", second, "--before", first)
    assert moved.stdout == f"Line {second} goes before line {first}.\n"
    assert home.run("queue", "move", first).stdout == f"Line {first} goes last.\n"
    shown = home.run("queue", "show", "--lane", "speaker")
    assert all(word in shown.stdout for word in ("every lane", "speaker", "alba", "queued", "Two."))
    lines = json.loads(home.run("queue", "show", "--json").stdout)["queue"]
    assert sorted(line["text"] for line in lines) == ["One.", "Two."]
    assert json.loads(home.run("queue", "show", "--user", "bob", "--json").stdout)["queue"] == []
    assert home.run("queue", "cancel", second).returncode == 0
    assert home.run("queue", "clear", "--lane", "speaker").stdout == "Cancelled 1 line.\n"
    assert home.run("queue", "resume").stdout == "Nothing is paused.\n"
    assert "Nothing is being said" in home.run("queue", "show").stdout
    assert [line.status.state for line in played] == [State.CANCELLED] * 2
    assert home.run("queue", "replay", first).stdout == "Queued again as line 3.\n"
    assert played[2].wait(SOON_S).state is State.DONE
    assert json.loads(home.run("queue", "skip", "--json").stdout) == {"cancelled": 1}


def test_a_queued_line_needs_a_voice_and_a_player_and_goes_with_no_file(daemon, home):
    refused = home.run("say", "Hello.", "--voice", "alba", "--lane", "moon")
    assert (refused.returncode, "'moon'" in refused.stderr) == (1, True)
    for more in (["--out", "x.wav"], ["--play"], ["--local"]):
        assert home.run("say", "Hello.", "--voice", "alba", "--lane", "moon", *more).returncode == 2


def test_a_line_that_is_gone_is_refused(daemon, home):
    done = home.run("queue", "move", "77")
    assert done.returncode == 1
    assert done.stderr == "rtvc-bridge: There is no line number 77 any more.\n"


# -- the daemon itself


def test_status_tells_what_runs(played, home):
    home.run("say", "Hello.", "--voice", "alba", "--out", home.folder / "x.wav")
    home.run("queue", "pause", "--lane", "moon")
    told = home.run("status")
    assert told.returncode == 0
    for words in ("ready", "http", "running", "speaker", "0 waiting", "moon", " ms"):
        assert words in told.stdout
    assert json.loads(home.run("status", "--json").stdout)["players"] == ["speaker"]


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["status", "--json"],
        ["stop"],
        ["reload"],
        ["queue", "show"],
        ["say", "Hello.", "--voice", "alba", "--lane", "speaker"],
    ],
)
def test_what_needs_a_daemon_says_how_to_start_one(home, words):
    done = home.run(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("rtvc-bridge: No daemon runs")
    assert "rtvc-bridge run" in done.stderr


def test_a_daemon_reloads_and_stops_when_told_to(daemon_home):
    assert daemon_home.run("reload").stdout == "Nothing has changed.\n"
    config = daemon_home.folder / "config.toml"
    config.write_text(config.read_text() + "\n[engine]\nmax_chars = 7\n")
    assert "started again: engine" in daemon_home.run("reload").stdout
    config.write_text("[engine]\nmax_char = 7\n")
    refused = daemon_home.run("reload")
    assert (refused.returncode, "no such setting" in refused.stderr) == (3, True)
    assert daemon_home.run("stop").stdout == "Stopped.\n"
    config.write_text(SETTINGS)
    with daemon_home.daemon():  # the first no longer holds the lock
        assert daemon_home.run("status").returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_after_a_kill_clients_get_an_error_and_commands_do_without(tmp_path, monkeypatch):
    home = Home.made(tmp_path / "home")
    monkeypatch.setenv("RTVC_HOME", str(home.folder))
    errors: list[str] = []
    with home.daemon() as process, ExitStack() as stack:
        client = Client.running()
        assert client is not None
        stack.enter_context(client)
        events = client.events()
        next(events)

        def speak():
            with pytest.raises(DaemonError) as caught:
                list(client.speech("Hello.", voice="alba"))
            errors.append(str(caught.value))

        process.send_signal(signal.SIGSTOP)  # so that it dies with the request unanswered
        speaking = threading.Thread(target=speak)
        speaking.start()
        process.kill()
        speaking.join(SOON_S)
        with pytest.raises(DaemonError, match="broke off"):
            list(events)
    assert len(errors) == 1
    assert (home.folder / "state" / "daemon.json").exists()
    assert Client.running() is None
    done = home.run("say", "Hello.", "--voice", "alba", "--out", tmp_path / "x.wav")
    assert done.returncode == 0, done.stderr
