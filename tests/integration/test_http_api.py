import io
import json
import time
from datetime import datetime

import pytest
import soundfile
from http_host import SOON_S, pitch_hz, served
from unit.test_enrolment import speech

from rtvc_bridge.audio import joined
from rtvc_bridge.engine import Utterance
from rtvc_bridge.plugins import AdapterState, AdapterStatus
from rtvc_bridge.safety import attestation
from rtvc_bridge.testing import KEY, tone_voice
from rtvc_bridge.voices import VoiceStore

pytestmark = pytest.mark.http

LINE = {"text": "Hello there.", "voice": "alba", "lane": "mic"}
PROBLEM = "application/problem+json"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def daemon(home):
    """Served, the lane "mic" played by a test."""
    with served(home) as daemon:
        end = daemon.engine.play_lane("mic", lambda utterance: None)
        yield daemon
        end()


@pytest.fixture
def api(daemon):
    with daemon.client() as client:
        yield client


@pytest.fixture
def waiting(daemon):
    """Three lines that wait: the engine is paused."""
    daemon.engine.queue.pause()
    voice = daemon.voices.get("alba")
    return [
        daemon.engine.say(f"Line {number}.", voice, lane="mic", user=user)
        for number, user in enumerate(("ann", "ann", "bob"))
    ]


def age_s(moment):
    """Seconds since then, as the clock is set now."""
    return time.time() - datetime.fromisoformat(moment).timestamp()


def problem(answer, status, kind):
    document = answer.json()
    assert answer.headers["content-type"] == PROBLEM
    assert (answer.status_code, document["status"]) == (status, status)
    assert document["type"] == kind
    assert document["title"]
    assert document["detail"]
    return document["detail"]


def test_health_tells_whether_sound_can_be_made(daemon, api):
    assert api.get("/v1/health").json() == {"ready": True}
    daemon.ready = False
    problem(api.get("/v1/health"), 503, "about:blank")


def test_status_tells_of_everything(daemon, api, waiting):
    daemon.engine.queue.pause("mic")
    since = time.monotonic() - 3600
    daemon.adapters = (AdapterStatus("mic", AdapterState.FAILED, since, 2, "No device."),)
    status = api.get("/v1/status").json()
    assert age_s(status["adapters"][0].pop("since")) == pytest.approx(3600, abs=SOON_S)
    assert status["ready"] is True
    assert status["pipeline"] == "three-stage"
    assert sorted(status["paused"], key=str) == [None, "mic"]
    assert status["players"] == ["mic"]
    assert [line["text"] for line in status["queue"]] == ["Line 0.", "Line 1.", "Line 2."]
    assert status["adapters"] == [
        {
            "name": "mic",
            "state": "failed",
            "reason": "No device.",
            "restarts": 2,
        }
    ]
    assert [each["reason"] for each in api.get("/v1/adapters").json()] == ["No device."]


def test_a_jump_of_the_clock_moves_no_figure_and_drops_no_line(daemon, api, monkeypatch, waiting):
    voice = daemon.voices.get("alba")
    daemon.adapters = (AdapterStatus("mic", AdapterState.RUNNING, time.monotonic()),)
    short = daemon.engine.say("Soon.", voice, lane="mic", expires_s=2 * SOON_S)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 86_400.0)
    status = api.get("/v1/status").json()
    moments = [*(line["queued_at"] for line in status["queue"]), status["adapters"][0]["since"]]
    assert len(moments) == 5
    assert all(-1.0 < age_s(moment) < SOON_S for moment in moments)
    daemon.engine.queue.resume()
    assert short.wait(SOON_S).state == "done"
    assert api.get("/v1/status").json()["latency"]["mic"]["first_audio_p95_s"] < SOON_S


def test_latency_of_a_lane_is_told_once_it_spoke(daemon, api):
    assert api.get("/v1/status").json()["latency"] == {}
    number = api.post("/v1/say", json=LINE).json()["id"]
    utterance = daemon.engine.queue.find(number)
    assert list(utterance)
    figures = api.get("/v1/status").json()["latency"]["mic"]
    assert figures["count"] == 1
    assert 0 <= figures["first_audio_p50_s"] <= figures["first_delivered_p95_s"]


def test_a_line_is_said_in_its_lane(daemon, api):
    daemon.engine.queue.pause()
    answer = api.post("/v1/say", json=LINE | {"user": "ann", "speed": 1.5})
    assert answer.status_code == 202
    view = answer.json()
    assert (view["text"], view["state"], view["voice"]) == ("Hello there.", "queued", "alba")
    assert (view["lane"], view["user"], view["first_audio_s"]) == ("mic", "ann", None)
    assert api.get("/v1/queue").json()[0]["id"] == view["id"]


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ({"lane": "nowhere"}, 409, "urn:rtvc-bridge:no-player"),
        ({"voice": "nobody"}, 404, "urn:rtvc-bridge:voice-not-found"),
        ({"text": "..."}, 422, "urn:rtvc-bridge:text-rejected"),
        ({"text": "a" * 501}, 422, "urn:rtvc-bridge:text-rejected"),
        ({"speed": 9}, 422, "urn:rtvc-bridge:invalid-request"),
        ({"pitch_semitones": 13}, 422, "urn:rtvc-bridge:invalid-request"),
        ({"expression": -0.1}, 422, "urn:rtvc-bridge:invalid-request"),
        ({"text": None}, 422, "urn:rtvc-bridge:invalid-request"),
        ({"text": "\ud800"}, 422, "urn:rtvc-bridge:text-rejected"),
        ({"user": "\ud800"}, 422, "urn:rtvc-bridge:invalid-request"),
        ({"lane": "mic\n"}, 422, "urn:rtvc-bridge:invalid-request"),
        ({"\ud800": 1}, 422, "urn:rtvc-bridge:invalid-request"),
    ],
)
def test_a_line_that_cannot_be_said_is_refused_with_the_reason(api, change, status, kind):
    body = json.dumps(LINE | change)  # escaped: half a character cannot be sent otherwise
    sent = api.post("/v1/say", content=body, headers={"content-type": "application/json"})
    problem(sent, status, kind)


def test_a_refusal_does_not_repeat_peoples_words(api):
    answer = api.post("/v1/say", json={"text": "my secret", "voice": "alba", "speed": "my secret"})
    assert answer.status_code == 422
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("", []),
        ("?lane=&user=", []),
        ("?lane=other", [0, 1, 2]),
        ("?user=ann", [2]),
        ("?lane=mic&user=bob", [0, 1]),
    ],
)
def test_what_waits_can_be_cleared_by_lane_and_user(daemon, api, waiting, query, left):
    answer = api.delete(f"/v1/queue{query}").json()
    assert answer == {"cancelled": 3 - len(left)}
    assert [line["text"] for line in api.get("/v1/queue").json()] == [f"Line {n}." for n in left]


def test_a_line_can_be_cancelled_and_moved(daemon, api, waiting):
    first, second, other = (utterance.status.id for utterance in waiting)

    def listed():
        return [line["id"] for line in api.get("/v1/queue").json()]

    assert api.post(f"/v1/utterances/{second}/move", json={"before": first}).status_code == 204
    assert listed() == [second, first, other]
    assert api.post(f"/v1/utterances/{second}/move").status_code == 204
    assert listed() == [first, second, other]
    assert api.delete(f"/v1/utterances/{first}").status_code == 204
    assert api.delete(f"/v1/utterances/{first}").status_code == 204
    assert waiting[0].status.state == "cancelled"
    for number, body in ((first, {}), (second, {"before": first}), (second, {"before": other})):
        answer = api.post(f"/v1/utterances/{number}/move", json=body)
        detail = problem(answer, 404, "urn:rtvc-bridge:utterance-not-found")
        assert "does not wait" in detail


@pytest.mark.parametrize("verb", ["", "/replay", "/move"])
def test_a_line_that_never_was_is_not_found(api, verb):
    method = "POST" if verb else "DELETE"
    answer = api.request(method, f"/v1/utterances/999{verb}")
    problem(answer, 404, "urn:rtvc-bridge:utterance-not-found")


def test_a_line_can_be_said_again_while_its_lane_is_played(daemon, api):
    number = api.post("/v1/say", json=LINE).json()["id"]
    again = api.post(f"/v1/utterances/{number}/replay")
    assert again.status_code == 202
    assert again.json()["id"] != number
    assert again.json()["text"] == "Hello there."
    other = daemon.engine.say("Hm.", daemon.voices.get("alba"), lane="http").status.id
    detail = problem(api.post(f"/v1/utterances/{other}/replay"), 409, "urn:rtvc-bridge:no-player")
    assert detail == "Nothing plays the lane 'http'. Choose one of: mic."
    there = api.post(f"/v1/utterances/{other}/replay", json={"lane": "mic"})
    assert (there.status_code, there.json()["lane"]) == (202, "mic")


def test_lanes_are_paused_and_resumed(daemon, api):
    assert api.post("/v1/queue/pause", json={"lane": "mic"}).status_code == 204
    assert api.post("/v1/queue/pause").status_code == 204
    assert daemon.engine.queue.paused == {None, "mic"}
    assert api.post("/v1/queue/resume", json={"lane": None}).status_code == 204
    assert daemon.engine.queue.paused == frozenset()


def test_skip_silences_what_is_heard_and_leaves_what_waits(daemon, api):
    heard = daemon.engine.say("One.", daemon.voices.get("alba"), lane="mic")
    heard.wait(SOON_S)
    daemon.engine.queue.pause()
    later = daemon.engine.say("Two.", daemon.voices.get("alba"), lane="mic")
    assert api.post("/v1/queue/skip", json={"lane": "other"}).json() == {"cancelled": 0}
    assert api.post("/v1/queue/skip").json() == {"cancelled": 1}
    assert list(heard) == []
    assert later.status.state == "queued"


def test_voices_are_listed_shown_renamed_and_deleted(daemon, api):
    daemon.voices.add(tone_voice("berta", 330.0))
    assert [voice["name"] for voice in api.get("/v1/voices").json()] == ["alba", "berta"]
    shown = api.get("/v1/voices/berta").json()
    assert shown["consent"] == {
        "by": "berta",
        "given_at": "2026-01-01T00:00:00Z",
        "level": "attested",
        "spoken": None,
        "owner": "here",
        "uses": [],
        "grants": [],
        "expires_at": "",
    }
    assert shown["trouble"] is None
    assert api.patch("/v1/voices/berta", json={"name": "zoë"}).json() == shown | {"name": "zoë"}
    problem(api.patch("/v1/voices/zoë", json={"name": "alba"}), 409, "urn:rtvc-bridge:voice-name")
    assert api.delete("/v1/voices/zoë").status_code == 204
    problem(api.get("/v1/voices/zoë"), 404, "urn:rtvc-bridge:voice-not-found")


def test_a_voice_goes_out_as_a_file_and_comes_back(api):
    file = api.get("/v1/voices/alba/file")
    assert file.headers["content-type"] == "application/octet-stream"
    upload = {"file": ("alba.voice.safetensors", file.content)}
    problem(api.post("/v1/voices/import", files=upload), 409, "urn:rtvc-bridge:voice-name")
    api.delete("/v1/voices/alba")
    answer = api.post("/v1/voices/import", files=upload, data={"name": "Alba again"})
    assert answer.status_code == 201
    assert answer.json()["name"] == "Alba again"
    damaged = {"file": ("x", file.content[:-1])}
    problem(api.post("/v1/voices/import", files=damaged), 422, "urn:rtvc-bridge:voice-file")


def test_files_that_hold_no_voice_are_listed_and_deleted_by_their_id(daemon, api, home):
    file = home / "voices" / f"{'0' * 32}.voice.safetensors"
    file.write_bytes(b"\x80\x04pickle")
    (damaged,) = api.get("/v1/damaged-voices").json()
    assert (damaged["id"], damaged["file"]) == ("0" * 32, str(file))
    assert damaged["reason"]
    assert [voice["name"] for voice in api.get("/v1/voices").json()] == ["alba"]
    assert api.delete(f"/v1/voices/{damaged['id']}").status_code == 204
    assert api.get("/v1/damaged-voices").json() == []


def recording(seconds=8):
    file = io.BytesIO()
    sound = speech(seconds)
    soundfile.write(file, sound.samples, sound.rate_hz, format="WAV")
    return file.getvalue()


def stated(name, by, key=KEY):
    """The fields of a form that show that `by` agreed to the voice `name`."""
    made = attestation.made(key, name, by)
    form = {"name": name, "consent_by": by}
    return {**form, "attested_at": made.at, "attestation": made.signature}


def test_a_voice_is_made_from_uploaded_recordings(daemon, api):
    clips = [("clips", ("one.wav", recording(), "audio/wav"))]
    form = stated("Cara", "Cara C.") | {"keep_clips": "false"}
    answer = api.post("/v1/voices", data=form, files=clips)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["voice"]["name"] == "Cara"
    assert made["voice"]["consent"]["by"] == "Cara C."
    assert made["voice"]["clip_seconds"] == 0
    assert made["report"]["speech_s"] > 3
    assert {"severity", "message"} >= {key for each in made["report"]["findings"] for key in each}
    assert daemon.voices.names() == ["alba", "Cara"]


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        (stated("alba", "Cara C."), 409, "urn:rtvc-bridge:voice-name"),
        (stated("../x", "Cara C."), 409, "urn:rtvc-bridge:voice-name"),
        (stated("Cara", " "), 403, "urn:rtvc-bridge:consent"),
        ({"keep_clips": "perhaps"}, 422, "urn:rtvc-bridge:invalid-request"),
        ({}, 422, "urn:rtvc-bridge:clip-rejected"),
    ],
)
def test_recordings_that_cannot_make_a_voice_are_refused(daemon, api, change, status, kind):
    clips = [("clips", ("../../noise.wav", b"not a sound", "audio/wav"))]
    form = stated("Cara", "Cara C.") | change
    detail = problem(api.post("/v1/voices", data=form, files=clips), status, kind)
    assert daemon.voices.names() == ["alba"]
    if not change:
        assert "noise.wav" in detail


def test_a_voice_takes_recordings(api):
    form = {"name": "Cara", "consent_by": "Cara C."}
    answer = api.post("/v1/voices", data=form, files={"other": b"x"})
    problem(answer, 422, "urn:rtvc-bridge:invalid-request")


def test_the_daemon_is_stopped_and_reloaded(daemon, api):
    assert api.post("/v1/daemon/reload").json() == {
        "applied": ["adapters.http"],
        "refused": ["engine"],
    }
    assert api.post("/v1/daemon/stop").status_code == 202
    assert daemon.stopped.wait(SOON_S)


def test_the_log_gives_its_last_lines(daemon, api, home):
    assert api.get("/v1/log").json() == {"lines": []}
    (home / "state" / "daemon.log").write_text("".join(f"line {n}\n" for n in range(1000)))
    assert api.get("/v1/log?lines=2").json() == {"lines": ["line 998", "line 999"]}
    assert len(api.get("/v1/log").json()["lines"]) == 200


def test_metrics_count_what_was_said(daemon, api):
    daemon.adapters = (
        AdapterStatus("http", AdapterState.RUNNING, 0.0),
        AdapterStatus("mic", AdapterState.FAILED, 0.0),
    )
    number = api.post("/v1/say", json=LINE).json()["id"]
    assert list(daemon.engine.queue.find(number))
    daemon.engine.queue.find(number).wait(SOON_S)
    answer = api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in (
        'rtvc_utterances_total{lane="mic",state="done"} 1.0',
        'rtvc_first_audio_seconds_count{lane="mic"} 1.0',
        'rtvc_first_delivered_seconds_count{lane="mic"} 1.0',
        'rtvc_adapter_up{adapter="http"} 1.0',
        'rtvc_adapter_up{adapter="mic"} 0.0',
        "rtvc_ready 1.0",
        "rtvc_queue 0.0",
    ):
        assert line in answer.text.splitlines()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/docs", 404), ("PUT", "/v1/queue", 405), ("POST", "/v1/x", 404)],
)
def test_addresses_that_are_not_there_answer_with_problems(api, method, path, status):
    problem(api.request(method, path), status, "about:blank")


def test_everything_but_health_takes_the_token(daemon, api):
    for path, verbs in api.get("/openapi.json").json()["paths"].items():
        for verb in verbs:
            answer = api.request(verb, path, headers={"authorization": "Bearer wrong"})
            assert answer.status_code == (200 if path == "/v1/health" else 401), path


class BrokenStore(VoiceStore):
    """Fails in a way nobody thought of, with somebody's words in the message."""

    def listing(self):
        msg = "my secret"
        raise RuntimeError(msg)


def test_the_unexpected_is_logged_by_place_and_told_without_words(home, caplog):
    with served(home, voices=BrokenStore(home)) as daemon, daemon.client() as client:
        answer = client.get("/v1/voices")
    problem(answer, 500, "about:blank")
    assert "secret" not in answer.text + caplog.text
    assert "GET /v1/voices failed: RuntimeError at" in caplog.text


def test_a_line_has_the_pitch_it_was_asked_for(daemon, api):
    heard: list[Utterance] = []
    end = daemon.engine.play_lane("other", heard.append)
    for octaves in (0, 1):
        line = LINE | {"lane": "other", "pitch_semitones": 12 * octaves, "expression": 0.5}
        api.post("/v1/say", json=line)
    end()
    usual, higher = (pitch_hz(joined(utterance)) for utterance in heard)
    assert higher == pytest.approx(2 * usual, rel=0.02)


def test_a_lane_of_words_uses_the_speed_it_was_asked_for(daemon, api):
    heard: list[Utterance] = []
    end = daemon.engine.play_lane("other", heard.append)
    for speed in (1.0, 2.0):
        api.post("/v1/say", json=LINE | {"lane": "other", "speed": speed})
    end()
    slow, fast = (sum(audio.seconds for audio in utterance) for utterance in heard)
    assert slow == pytest.approx(2 * fast, abs=0.01)
