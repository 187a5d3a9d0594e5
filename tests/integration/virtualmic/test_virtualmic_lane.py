"""The lane "mic" spoken into the device on real servers, and the commands that look after it."""

import json
import threading

import pytest
from integration.daemon_process import Home
from mic_side import heard
from rtvc_virtualmic import bench
from rtvc_virtualmic.adapter import LANE, LOST, UNHEARD, Settings, play
from sound_server import LIMIT_S, RATE_HZ, until
from typer.testing import CliRunner

from rtvc_bridge.cli.mic import app
from rtvc_bridge.engine import Engine
from rtvc_bridge.levels import Levels
from rtvc_bridge.testing import humming, policy, tone_voice

pytestmark = pytest.mark.mic

ADAPTER = """
[adapters.virtualmic]
volume_db = -6.0
monitor = "speaker"
"""


@pytest.fixture
def home(tmp_path):
    """A home whose daemon speaks into the microphone and a loudspeaker."""
    home = Home.made(tmp_path / "daemon")
    settings = home.folder / "config.toml"
    settings.write_text(settings.read_text() + ADAPTER)
    return home


def playing(home):
    return "mic" in json.loads(home.run("status", "--json").stdout)["players"]


def test_the_lane_is_spoken_through_it_until_it_is_skipped(server, recorded):
    stop = threading.Event()
    with Engine(humming(), policy()) as engine:
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


def reason(home):
    """Return what the daemon tells of the microphone while it runs, "" if nothing."""
    adapters = json.loads(home.run("status", "--json").stdout)["adapters"]
    mic = next(each for each in adapters if each["name"] == "virtualmic")
    return mic["reason"] or "" if mic["state"] == "running" else str(mic)


def test_the_daemon_says_a_line_into_the_microphone_and_the_loudspeaker(server, recorded, home):
    server.add_output("speaker")
    with home.daemon():
        until(lambda: playing(home))
        microphone, loudspeaker = recorded(), recorded("speaker.monitor")
        home.run("say", "A line to be heard by everybody. " * 4, "--voice", "alba", "--lane", LANE)
        assert heard(microphone) == pytest.approx(220, abs=3)
        assert heard(loudspeaker) == pytest.approx(220, abs=3)


def test_the_daemon_finds_a_sound_server_that_starts_later(server, recorded, home):
    server.stop()
    with home.daemon():
        until(lambda: "failed" in home.run("status", "--json").stdout)
        server.start()
        server.add_output("speaker")
        until(lambda: playing(home))
        microphone = recorded()
        home.run("say", "A line to be heard by everybody. " * 4, "--voice", "alba", "--lane", LANE)
        assert heard(microphone) == pytest.approx(220, abs=3)


def test_the_status_says_what_keeps_a_running_microphone_from_being_heard(server, recorded, home):
    with home.daemon():
        until(lambda: playing(home))
        until(lambda: 'no output "speaker" to listen on' in reason(home))
        until(lambda: UNHEARD in reason(home))
        server.add_output("speaker")
        until(lambda: reason(home) == UNHEARD)
        server.stop()
        until(lambda: reason(home) == LOST)
        server.start()
        server.add_output("speaker")
        until(lambda: reason(home) == UNHEARD)
        recorded()
        until(lambda: not reason(home))


def test_the_test_fails_when_the_daemon_speaks_into_another_microphone(server, tmp_path):
    home = Home.made(tmp_path / "daemon")
    settings = home.folder / "config.toml"
    settings.write_text(settings.read_text() + '[adapters.virtualmic]\ndevice = "another"\n')
    with home.daemon():
        until(lambda: playing(home))
        as_json = home.run("mic", "test", "--json")
        plain = home.run("mic", "test")
    report = json.loads(as_json.stdout)
    assert (report["heard"], report["well"], report["sentence"]) == (True, False, None)
    assert "not heard at this microphone" in report["instead"]
    assert (as_json.returncode, plain.returncode) == (3, 3)
    assert "They can hear you" not in plain.stdout


def test_the_test_says_a_sentence_through_the_daemon_and_finds_it_well(server, home):
    server.add_output("speaker")
    with home.daemon():
        until(lambda: playing(home))
        done = home.run("mic", "test", "--json")
        words = home.run("mic", "test").stdout
    report = json.loads(done.stdout)
    assert report["heard"], done.stderr
    assert (report["well"], report["instead"], done.returncode) == (True, None, 0)
    assert report["sentence"]["voice"] == "alba"
    assert report["sentence"]["seconds"] > 0.5
    assert report["sentence"]["after_first_audio_ms"] < report["sentence"]["heard_ms"]
    assert '"alba" was heard' in words


def test_the_test_says_that_without_a_daemon_there_is_no_sentence(server, home):
    assert "no daemon runs" in home.run("mic", "test").stdout


def test_the_test_says_that_a_daemon_without_the_adapter_says_no_sentence(server, tmp_path):
    home = Home.made(tmp_path / "plain")
    with home.daemon():
        assert "No sentence was heard: " in home.run("mic", "test").stdout


def test_the_benchmark_measures_the_microphone_that_is_there(server):
    figures = bench.measured(steady_s=3.0, bursts=5)
    assert (figures.bursts, figures.lost_bursts) == (5, 0)
    assert 0 < figures.heard_ms <= figures.heard_p95_ms
