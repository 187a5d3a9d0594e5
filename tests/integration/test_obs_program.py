"""The adapter with a real OBS, judged by what OBS recorded and by what it says of itself."""

import asyncio
import contextlib
import json
import subprocess
import threading
from dataclasses import replace

import psutil
import pytest
import rtvc_obs
from obs_program import (
    LIMIT_S,
    RATE_HZ,
    desktop,
    free_port,
    missing,
    pactl,
    until,
)
from obs_recording import (
    changes_s,
    closed_captions,
    farthest_s,
    frames_of,
    level_of,
    onsets_s,
    sound_of,
    streams_of,
    strongest_hz,
)
from obs_speaker import TONE_HZ, adapter, speaker
from rtvc_obs.client import connected
from rtvc_obs.phrases import phrases
from rtvc_virtualmic import manage

from rtvc_bridge.errors import ConfigError

pytestmark = pytest.mark.obs

SHORT = "Good evening to you all."
LONG = "Good evening to you all. I paid $23.50 for it, and we say welcome, to the show of today!"
VOICE, CAPTIONS = "RTVC Voice", "RTVC Captions"
STEP_S = 0.08


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """What OBS stands on, with the microphone made before OBS starts, as on a user's computer."""
    if name := missing():
        pytest.skip(f"{name} is not installed")
    pytest.importorskip("pulsectl")
    pytest.importorskip("pasimple")
    folder = tmp_path_factory.mktemp("obs")
    with (
        pytest.MonkeyPatch.context() as patch,
        desktop(folder, patch.setenv, fps=30) as program,
    ):
        manage.install()
        yield program


@pytest.fixture
def obs(desk):
    """A running OBS as after its installation, with its own sound sources muted.

    Each test has one of its own: OBS 29 at times dies of a corrupted heap when sources are removed.
    """
    desk.forget()
    desk.start()
    for name in specials(desk):
        desk.ask("SetInputMute", inputName=name, inputMuted=True)
    yield desk
    desk.stop()


@pytest.fixture
def talker(obs):
    with speaker(obs.folder) as talker:
        yield talker


def inputs(program):
    return [each["inputName"] for each in program.ask("GetInputList")["inputs"]]


def specials(program):
    return [name for name in program.ask("GetSpecialInputs").values() if name]


def caption(program):
    return program.ask("GetInputSettings", inputName=CAPTIONS)["inputSettings"].get("text")


def muted(program, name):
    return program.ask("GetInputMute", inputName=name)["inputMuted"]


def wrong(settings):
    """Return what the doctor says is to be done."""
    return " ".join(each.fix for each in rtvc_obs.findings(settings) if not each.well)


@contextlib.contextmanager
def serving(program, talker, **changes):
    """Run the adapter, connected."""
    told: list[str | None] = []
    host = replace(talker.host, tell=told.append)
    with adapter(host, program.settings(**changes)):
        until(lambda: is_connected(told))
        assert {VOICE, CAPTIONS} <= {*inputs(program)}
        yield


def is_connected(told):
    return any(words and words.startswith("Connected") for words in told)


def assert_in_step(file, lines):
    """Check that the phrases of a recording are read when they are heard."""
    heard = onsets_s(sound_of(file), quiet_s=0.2)
    read = changes_s(*frames_of(file))
    assert len(heard) == sum(len(phrases(line)) for line in lines)
    assert len(read) == len(heard) + len(lines)  # and each line is wiped when it is over
    assert farthest_s(heard, read) < STEP_S


def test_the_voice_is_recorded_whole_with_each_phrase_shown_as_it_is_heard(obs, talker):
    with serving(obs, talker):
        talker.say(SHORT)
        file = obs.record(lambda: (talker.say(LONG), talker.say(SHORT)))
    sound = sound_of(file)
    assert streams_of(file) == {("h264", ""), ("aac", "48000")}
    assert level_of(sound) == pytest.approx(0.45, abs=0.05)
    assert strongest_hz(sound) == pytest.approx(TONE_HZ, abs=3)
    assert len(phrases(LONG)) == 3
    assert_in_step(file, [LONG, SHORT])


def test_without_a_virtual_device_the_voice_comes_over_the_network_card(obs):
    port = free_port()
    with (
        speaker(obs.folder, microphone=False) as talker,
        serving(obs, talker, transport="udp", udp_port=port),
    ):
        talker.say(SHORT, lane="obs")
        file = obs.record(lambda: talker.say(LONG, lane="obs"))
    assert level_of(sound_of(file)) == pytest.approx(0.45, abs=0.05)
    assert_in_step(file, [LONG])


def test_a_line_that_is_skipped_is_wiped_at_once(obs, talker):
    with serving(obs, talker):
        said = threading.Thread(target=talker.say, args=(LONG,))
        said.start()
        until(lambda: caption(obs) in phrases(LONG))
        assert talker.engine.queue.skip() == 1
        until(lambda: caption(obs) == "")
        said.join(LIMIT_S)


def test_an_obs_that_comes_later_or_again_is_found_by_itself(obs, talker):
    obs.stop()
    told: list[str | None] = []
    with adapter(replace(talker.host, tell=told.append), obs.settings()):
        for _ in range(2):
            told.clear()
            obs.start()
            until(lambda: is_connected(told))  # OBS keeps the sources, so they say nothing of it
            assert {VOICE, CAPTIONS} <= {*inputs(obs)}
            for name in specials(obs):
                obs.ask("SetInputMute", inputName=name, inputMuted=True)
            said = threading.Thread(target=talker.say, args=(LONG,))
            said.start()
            until(lambda: caption(obs) in phrases(LONG))
            said.join(LIMIT_S)
            obs.stop()


def test_a_wrong_password_is_said(obs, talker):
    settings = obs.settings()
    obs.folder.joinpath("password").write_text("not this")
    with pytest.raises(ConfigError, match="refuses the password"):
        asyncio.run(rtvc_obs.run(talker.host, settings))
    assert "refuses the password" in wrong(settings)


def test_sources_that_exist_are_used_as_they_are(obs, talker):
    scene = obs.ask("GetCurrentProgramScene")["currentProgramSceneName"]
    font = {"face": "DejaVu Serif", "size": 20}
    for name, kind, settings in (
        ("RTVC my text", "text_ft2_source_v2", {"text": "", "font": font}),
        ("RTVC my voice", "pulse_input_capture", {"device_id": "default"}),
    ):
        obs.ask(
            "CreateInput", sceneName=scene, inputName=name, inputKind=kind, inputSettings=settings
        )
    names = {"caption_source": "RTVC my text", "audio_input": "RTVC my voice"}
    before = inputs(obs)
    told: list[str | None] = []
    host = replace(talker.host, tell=told.append)
    with adapter(host, obs.settings(create=False, **names)):

        def used(name):
            return obs.ask("GetInputSettings", inputName=name)["inputSettings"]

        until(lambda: is_connected(told))
        assert used("RTVC my voice")["device_id"] == "rtvc_mic"
        said = threading.Thread(target=talker.say, args=(LONG,))
        said.start()
        until(lambda: used("RTVC my text")["text"] in phrases(LONG))
        said.join(LIMIT_S)
        assert used("RTVC my text")["font"]["face"] == "DejaVu Serif"
    assert inputs(obs) == before


def test_a_source_that_its_user_removes_is_done_without(obs, talker, caplog):
    with serving(obs, talker):
        obs.ask("RemoveInput", inputName=CAPTIONS)
        until(lambda: f'"{CAPTIONS}" was removed' in caplog.text)
        talker.say(SHORT)
        assert CAPTIONS not in inputs(obs)
        assert VOICE in inputs(obs)


def test_missing_sources_are_named_where_none_may_be_made(obs, talker, caplog):
    with adapter(talker.host, obs.settings(create=False)):
        until(lambda: f'no source called "{CAPTIONS}"' in caplog.text)
        assert VOICE not in inputs(obs)
    assert f'make "{VOICE}" and "{CAPTIONS}" in OBS' in wrong(obs.settings(create=False))


def test_a_second_way_of_the_voice_into_obs_is_found_and_can_be_muted(obs, talker, caplog):
    (special,) = [name for name in specials(obs) if "Mic" in name]
    obs.ask("SetInputSettings", inputName=special, inputSettings={"device_id": "rtvc_mic"})
    obs.ask("SetInputMute", inputName=special, inputMuted=False)
    with serving(obs, talker):
        assert f'mute "{special}" in OBS' in wrong(obs.settings())
        told = f'"{special}" carries the same voice a second time'
        until(lambda: talker.say(LONG) or told in caplog.text)
        assert not muted(obs, special)
    with serving(obs, talker, mute_doubles=True):
        until(lambda: talker.say(LONG) or muted(obs, special))
        assert not muted(obs, VOICE)
        assert wrong(obs.settings()) == ""


def test_a_second_way_through_the_systems_defaults_is_found(obs, talker):
    pactl("set-default-source", "rtvc_mic")
    pactl("set-default-sink", "rtvc_sink")
    with serving(obs, talker):
        assert len(specials(obs)) == 2
        for name in specials(obs):
            obs.ask("SetInputSettings", inputName=name, inputSettings={"device_id": "default"})
            obs.ask("SetInputMute", inputName=name, inputMuted=False)
            assert f'mute "{name}" in OBS' in wrong(obs.settings())
            obs.ask("SetInputMute", inputName=name, inputMuted=True)
        assert wrong(obs.settings()) == ""


def test_the_voice_comes_back_after_the_microphone_was_gone(obs, talker):
    def unmade():
        return [
            line.split("\t")[0]
            for line in pactl("list", "short", "modules").splitlines()
            if "rtvc_mic" in line
        ]

    with serving(obs, talker):
        talker.say(SHORT)
        for module in unmade():
            pactl("unload-module", module)
        until(lambda: unmade())  # the microphone is looked after by its own adapter
        file = obs.record(lambda: [talker.say(LONG) for _ in range(2)])
    last = sound_of(file)[-3 * RATE_HZ :]
    assert level_of(last) == pytest.approx(0.45, abs=0.05)


def test_other_programs_are_told_who_starts_and_stops_speaking(obs, talker):
    told: list[dict[str, object]] = []

    async def listen(ready, enough):
        async with connected("127.0.0.1", obs.port, obs.password) as other:
            ready.set()
            while len(told) < 2:
                event = await other.events.get()
                if event is not None and event.kind == "CustomEvent":
                    told.append(dict(event.data))
        enough.set()

    ready, enough = threading.Event(), threading.Event()
    listener = threading.Thread(target=asyncio.run, args=(listen(ready, enough),))
    listener.start()
    assert ready.wait(LIMIT_S)
    with serving(obs, talker):
        talker.say(SHORT)
        assert enough.wait(LIMIT_S)
    listener.join(LIMIT_S)
    started, stopped = told
    assert started["speaking"]
    assert (started["from"], started["voice"], started["lane"]) == ("rtvc-bridge", "Alba", "mic")
    assert not stopped["speaking"]
    assert SHORT not in json.dumps(told)


@pytest.fixture
def viewer(obs):
    """Who receives the stream: gives the address and the file it is kept in."""
    port, file = free_port(), obs.folder / "stream.flv"
    address = f"rtmp://127.0.0.1:{port}/live"
    receiver = subprocess.Popen(
        ("ffmpeg", "-listen", "1", "-f", "flv", "-i", f"{address}/key", "-c", "copy", str(file)),
        stdin=subprocess.DEVNULL,
    )
    until(lambda: psutil.Process(receiver.pid).net_connections("tcp"))  # it listens
    yield address, file
    receiver.wait(LIMIT_S)


def test_viewers_of_the_stream_get_closed_captions(obs, talker, viewer):
    address, file = viewer
    place = {"server": address, "key": "key"}
    obs.ask(
        "SetStreamServiceSettings", streamServiceType="rtmp_custom", streamServiceSettings=place
    )
    with serving(obs, talker, stream_captions=True):
        obs.ask("StartStream")
        until(lambda: int(obs.ask("GetStreamStatus")["outputTotalFrames"]) > 30)
        talker.say(LONG)
        talker.say(SHORT)
        obs.ask("StopStream")
        until(lambda: not obs.ask("GetStreamStatus")["outputActive"])
    until(lambda: SHORT in closed_captions(file))
    assert closed_captions(file) == [*phrases(LONG), SHORT]
