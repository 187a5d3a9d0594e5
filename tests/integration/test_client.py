"""The client against the real API, served in front of a humming engine."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import httpx
import pytest
from http_host import SOON_S, pitch_hz, served

from rtvc_bridge import paths
from rtvc_bridge.audio import joined
from rtvc_bridge.client import Client
from rtvc_bridge.daemon import held_state
from rtvc_bridge.engine import State, Utterance
from rtvc_bridge.errors import (
    ClipRejectedError,
    ConsentError,
    DaemonError,
    NoPlayerError,
    StorageError,
    TextRejectedError,
    UserError,
    UtteranceNotFoundError,
    VoiceFileError,
    VoiceNameError,
    VoiceNotFoundError,
)
from rtvc_bridge.testing import humming, policy, tone_voice

pytestmark = pytest.mark.http


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def release(tmp_path):
    """A file; while it is not there, nothing but first sentences is made."""
    return tmp_path / "release"


@pytest.fixture
def daemon(tmp_path, release):
    with served(tmp_path, pipeline=humming(hold_path=str(release))) as daemon:
        yield daemon


@pytest.fixture
def client(daemon):
    with Client(daemon.url, daemon.token()) as client:
        yield client


@pytest.fixture
def played(daemon):
    """What was said into the lane "speaker", which a player has."""
    said: list[Utterance] = []
    end = daemon.engine.play_lane("speaker", said.append)
    yield said
    end()


@pytest.fixture
def ended(daemon):
    """Waits for the state in which the next utterance ends."""
    states = []
    over = threading.Event()

    def note(status):
        if status.ended_at is not None:
            states.append(status.state)
            over.set()

    daemon.engine.on_status(note)

    def wait():
        assert over.wait(SOON_S)
        return states[0]

    return wait


# -- speaking


def test_speech_comes_as_it_is_made(client, release):
    pieces = client.speech("Hello there. And goodbye to you all.", voice="alba")
    first = next(pieces)  # the second sentence is held
    release.touch()
    sound = joined([first, *pieces])
    assert sound.rate_hz == 24_000
    assert sound.seconds == pytest.approx(0.35, abs=0.01)
    assert pitch_hz(sound) == pytest.approx(220, abs=4)


def test_speed_changes_how_long_speech_is(client):
    slow, fast = (joined(client.speech("Hello.", voice="alba", speed=s)).seconds for s in (0.5, 2))
    assert slow == pytest.approx(4 * fast, rel=0.05)


def test_pitch_and_expression_reach_the_sound_and_the_player(client, played):
    usual, higher = (
        joined(client.speech("Hello there.", voice="alba", pitch_semitones=semitones))
        for semitones in (0.0, 12.0)
    )
    assert pitch_hz(higher) == pytest.approx(2 * pitch_hz(usual), rel=0.02)
    client.say("Hello there.", voice="alba", pitch_semitones=-12.0)
    assert pitch_hz(joined(played[0])) == pytest.approx(pitch_hz(usual) / 2, rel=0.02)
    for wrong in ({"pitch_semitones": 13.0}, {"expression": 2.5}):
        with pytest.raises(UserError, match=next(iter(wrong))):
            client.say("Hello there.", voice="alba", **wrong)
        with pytest.raises(UserError, match=next(iter(wrong))):
            list(client.speech("Hello there.", voice="alba", **wrong))


def test_a_voice_that_the_pipeline_cannot_use_is_refused_as_in_process(client, daemon):
    deaf = replace(tone_voice("berta", 330.0), tensors={})
    daemon.voices.add(policy().trust.sign(deaf))
    with pytest.raises(VoiceFileError, match="'berta' was not enrolled for humming"):
        list(client.speech("Hello.", voice="berta"))


def test_whoever_stops_listening_makes_the_daemon_stop_speaking(client, ended):
    pieces = client.speech("Hello. Held back.", voice="alba")
    next(pieces)
    pieces.close()
    assert ended() is State.CANCELLED


def test_a_line_that_is_silenced_midway_is_an_error_and_not_a_short_sound(client):
    pieces = client.speech("Hello. Held back.", voice="alba")
    next(pieces)
    assert client.skip() == 1
    with pytest.raises(DaemonError, match="broke off"):
        list(pieces)


@pytest.mark.parametrize(
    ("text", "voice", "kind", "message"),
    [
        ("", "alba", TextRejectedError, "nothing to say"),
        ("x" * 501, "alba", TextRejectedError, "limit is 500"),
        ("Hello.", "alb", VoiceNotFoundError, "Did you mean 'alba'"),
        ("Hello.", "../etc", VoiceNotFoundError, "no voice"),
    ],
)
def test_what_cannot_be_said_is_refused_as_in_process(client, played, text, voice, kind, message):
    with pytest.raises(kind, match=message):
        list(client.speech(text, voice=voice))
    with pytest.raises(kind, match=message):
        client.say(text, voice=voice)
    assert played == []


def test_half_characters_of_a_command_line_are_not_spoken_and_name_nobody(client, tmp_path):
    whole, half = (
        joined(client.speech(text, voice="alba")).seconds
        for text in ("Hello.", "\udcffHello.\udcff")
    )
    assert half == whole
    with pytest.raises(VoiceNotFoundError):
        list(client.speech("Hello.", voice="alba\udcff"))
    with pytest.raises(VoiceNotFoundError):
        client.delete("alba\udcff")
    with pytest.raises(VoiceNameError):
        client.rename("alba", "berta\udcff")
    file = tmp_path / "copy\udcff"
    client.export("alba", file)
    with pytest.raises(VoiceNameError):
        client.import_(file, "berta\udcff")
    assert client.clear("\udcff", "\udcff") == 0


def test_many_threads_share_a_client(client):
    def said(letters):
        return joined(client.speech("x" * letters, voice="alba")).seconds

    with ThreadPoolExecutor(8) as threads:
        lengths = list(threads.map(said, range(10, 26)))
    assert lengths == pytest.approx([letters / 100 for letters in range(10, 26)], abs=0.002)


# -- the queue


def test_a_line_goes_to_the_player_of_its_lane(client, played):
    line = client.say("Hello.", voice="alba", user="ann")
    assert (line["lane"], line["user"], line["voice"], line["text"]) == (
        "speaker",
        "ann",
        "alba",
        "Hello.",
    )
    assert [utterance.status.id for utterance in played] == [line["id"]]


def test_a_lane_that_nothing_plays_takes_no_line(client):
    with pytest.raises(NoPlayerError, match="'moon'"):
        client.say("Hello.", voice="alba", lane="moon")


def test_the_queue_is_seen_and_steered(client, played):
    client.pause()
    assert client.status()["paused"] == [None]
    first = client.say("One.", voice="alba", user="ann")["id"]
    second = client.say("Two.", voice="alba", user="ann")["id"]
    other = client.say("Three.", voice="alba", user="bob")["id"]
    client.cancel(second)
    assert client.clear(user="ann") == 1
    assert [line["id"] for line in client.queue()] == [other]
    assert client.clear(lane="moon") == 0
    client.resume()
    assert client.status()["paused"] == []
    again = client.replay(first)
    assert (again["text"], again["user"]) == ("One.", "ann")
    assert again["id"] not in (first, second, other)


def test_a_line_is_replayed_where_it_can_be_heard(client, played):
    list(client.speech("Hello.", voice="alba"))
    with pytest.raises(NoPlayerError, match=r"'http'\. Choose one of: speaker"):
        client.replay(1)
    assert client.replay(1, "speaker")["lane"] == "speaker"
    assert played[0].text == "Hello."


def test_a_moved_line_is_spoken_where_it_was_put(client, played):
    client.pause()
    lines = [client.say(text, voice="alba")["id"] for text in ("One.", "Two.", "Three.")]
    client.move(lines[0])
    client.move(lines[2], before=lines[1])
    with closing(client.events()) as events:
        next(events)
        client.resume()
        spoken = [view["id"] for _, view in islice(events, 6) if view["state"] == "done"]
    assert spoken == [lines[2], lines[1], lines[0]]


def test_one_lane_is_paused_and_skipped_by_itself(client, played):
    client.pause("moon")
    assert client.status()["paused"] == ["moon"]
    client.resume("moon")
    client.say("Hello. Held back.", voice="alba")
    next(iter(played[0]))
    assert client.skip(lane="moon") == 0
    assert client.skip(lane="speaker", user="") == 1
    assert played[0].wait(SOON_S).state is State.CANCELLED


@pytest.mark.parametrize("verb", ["cancel", "replay", "move"])
def test_a_line_that_never_was_is_not_found(client, verb):
    with pytest.raises(UtteranceNotFoundError, match="77"):
        getattr(client, verb)(77)


# -- following


def test_events_tell_of_the_daemon_first_and_then_of_every_change(client, played):
    events = client.events()
    name, status = next(events)
    assert (name, status["players"]) == ("hello", ["speaker"])
    line = client.say("Hello.", voice="alba")
    states = []
    while "done" not in states:
        name, view = next(events)
        assert (name, view["id"], view["text"]) == ("status", line["id"], "Hello.")
        states.append(view["state"])
    assert states == ["queued", "speaking", "done"]


def test_closing_a_client_ends_whoever_follows_on_another_thread(client):
    followed, began = [], threading.Event()

    def follow():
        for name, _ in client.events():
            followed.append(name)
            began.set()

    thread = threading.Thread(target=follow)
    thread.start()
    assert began.wait(SOON_S)
    client.close()
    thread.join(SOON_S)
    assert not thread.is_alive()
    assert followed == ["hello"]
    with pytest.raises(DaemonError, match="closed"):
        client.status()
    with pytest.raises(DaemonError, match="closed"):
        next(client.events())


def test_the_rest_of_the_daemon_is_asked_for(client, daemon):
    paths.state_dir().mkdir(exist_ok=True)
    (paths.state_dir() / "daemon.log").write_text("one\ntwo\nthree\n", encoding="utf-8")
    assert client.log(2) == ["two", "three"]
    assert [adapter["name"] for adapter in client.adapters()] == ["http"]
    assert client.reload() == {"applied": ["adapters.http"], "refused": ["engine"]}
    client.stop()
    assert daemon.stopped.wait(SOON_S)


# -- voices


def test_damaged_voices_are_told_and_a_voice_may_be_called_so(client, daemon, tmp_path):
    daemon.voices.add(tone_voice("damaged", 330.0))
    assert client.voice("damaged")["name"] == "damaged"
    file = tmp_path / "voices" / f"{'0' * 32}.voice.safetensors"
    file.write_bytes(b"no voice")
    (damaged,) = client.damaged()
    assert (damaged["file"], bool(damaged["reason"])) == (str(file), True)
    client.delete(damaged["id"])
    assert client.damaged() == []


def test_a_voice_is_renamed_exported_deleted_and_taken_in_again(client, tmp_path):
    file = tmp_path / "copy"
    assert [voice["name"] for voice in client.voices()] == ["alba"]
    client.rename("alba", "Zoë & al. (2+1)")
    assert client.voice("Zoë & al. (2+1)")["consent"]["by"] == "alba"
    client.export("Zoë & al. (2+1)", file)
    assert file.stat().st_mode & 0o77 == 0
    client.delete("Zoë & al. (2+1)")
    assert client.voices() == []
    assert client.import_(file)["name"] == "Zoë & al. (2+1)"
    client.delete("Zoë & al. (2+1)")
    assert client.import_(file, "berta")["name"] == "berta"
    with pytest.raises(VoiceNameError, match="here already"):
        client.import_(file, name="clara")


@pytest.mark.parametrize(
    "name", ["nobody", "", ".", "..", "a/b", "../../etc", "%2e%2e", "?", "\0", "x" * 100_000]
)
def test_a_voice_that_is_not_there_is_not_found_whatever_its_name(client, name, tmp_path):
    for act in (client.voice, client.delete):
        with pytest.raises(VoiceNotFoundError, match="no voice"):
            act(name)
    with pytest.raises(VoiceNotFoundError, match="no voice"):
        client.rename(name, "berta")
    with pytest.raises(VoiceNotFoundError, match="no voice"):
        client.export(name, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    assert [voice["name"] for voice in client.voices()] == ["alba"]


def test_an_export_overwrites_nothing_and_says_what_it_cannot_write(client, tmp_path):
    there = tmp_path / "there"
    there.write_text("mine")
    with pytest.raises(StorageError, match="is there already"):
        client.export("alba", there)
    assert there.read_text() == "mine"
    with pytest.raises(StorageError, match="No such file or directory"):
        client.export("alba", tmp_path / "no" / "such")


def test_files_that_are_no_voice_are_refused(client, tmp_path):
    (tmp_path / "pickle").write_bytes(b"\x80\x04pickle")
    with pytest.raises(VoiceFileError, match="not a sound voice file"):
        client.import_(tmp_path / "pickle")
    with pytest.raises(VoiceFileError, match="Cannot read the voice file none"):
        client.import_(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "clip", "consent_by", "kind", "message"),
    [
        ("berta", "none.wav", "A", ClipRejectedError, "Cannot read .*none.wav"),
        ("berta", "words.wav", "A", ClipRejectedError, "words.wav is not a sound file"),
        ("berta", "words.wav", " ", ConsentError, "who is speaking"),
        ("a/b", "words.wav", "A", VoiceNameError, "name"),
        ("alba", "words.wav", "A", VoiceNameError, "already"),
    ],
)
def test_an_enrolment_is_refused_as_in_process(
    client, tmp_path, name, clip, consent_by, kind, message
):
    (tmp_path / "words.wav").write_text("These are words and not a sound.")
    with pytest.raises(kind, match=message):
        client.enrol(name, [tmp_path / clip], consent_by=consent_by)
    assert [voice["name"] for voice in client.voices()] == ["alba"]


@pytest.mark.models
@pytest.mark.parametrize("keep_clips", [True, False])
def test_a_voice_is_made_of_a_recording(client, artifact, keep_clips):
    clips = [artifact("demo-speech")]
    made = client.enrol("berta", clips, consent_by="The reader", keep_clips=keep_clips)
    assert made["voice"] == client.voice("berta")
    assert made["voice"]["consent"]["by"] == "The reader"
    assert (made["voice"]["clip_seconds"] > 20) is keep_clips
    assert made["report"]["speech_s"] > 20


# -- finding it, and losing it


def test_a_running_daemon_is_found_and_its_token_read(daemon):
    with held_state(paths.state_dir()) as state:
        state.announce(daemon.url, daemon.token_file)
        daemon.ready = False  # it cannot speak just now, and runs all the same
        client = Client.running()
        assert client is not None
        with client:
            assert client.url == daemon.url
            assert client.status()["ready"] is False
    assert Client.running() is None


def test_an_address_at_which_nothing_listens_any_more_is_no_daemon(daemon):
    with held_state(paths.state_dir()) as state:
        state.announce("http://127.0.0.1:1", daemon.token_file)
        assert Client.running() is None


def test_a_token_that_cannot_be_read_is_an_error_and_not_no_daemon(daemon):
    with held_state(paths.state_dir()) as state:
        state.announce(daemon.url, str(Path(daemon.token_file).with_name("gone")))
        with pytest.raises(DaemonError, match="token cannot be read"):
            Client.running()


def test_a_wrong_token_is_refused(daemon):
    with Client(daemon.url, "x" * 40) as client:
        with pytest.raises(DaemonError, match="token"):
            client.status()
        with pytest.raises(DaemonError, match="token"):
            next(client.speech("Hello.", voice="alba"))


def test_no_proxy_sees_the_token(daemon, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with pytest.raises(httpx.HTTPError), httpx.Client(base_url=daemon.url) as proxied:
        proxied.get("/v1/health")
    with held_state(paths.state_dir()) as state:
        state.announce(daemon.url, daemon.token_file)
        client = Client.running()
        assert client is not None
        with client:
            assert client.status()["ready"]


def test_a_daemon_that_ends_midway_is_an_error_for_whoever_listens(tmp_path, release):
    with served(tmp_path, pipeline=humming(hold_path=str(release))) as daemon:
        client = Client(daemon.url, daemon.token())
        pieces = client.speech("Hello. Held back.", voice="alba")
        next(pieces)
        events = client.events()
        next(events)
    with client:
        with pytest.raises(DaemonError, match="broke off"):
            list(pieces)
        with pytest.raises(DaemonError, match=r"ended the stream|broke off"):
            list(events)
        with pytest.raises(DaemonError, match="No daemon answers at http://127"):
            client.status()
