import asyncio
import base64
import io
import json
import threading

import httpx
import numpy as np
import openai
import pytest
import soundfile
from http_host import SOON_S, served

from rtvc_bridge.engine import State
from rtvc_bridge.http import Settings
from rtvc_bridge.testing import humming, tone_voice

pytestmark = pytest.mark.http

RATE_HZ = 24_000
LINES = "One. Two. Three."
ASKED = {"model": "rtvc-bridge", "input": LINES, "voice": "alba", "response_format": "pcm"}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def daemon(home):
    with served(home) as daemon:
        yield daemon


@pytest.fixture
def api(daemon):
    with daemon.client() as client:
        yield client


@pytest.fixture
def held(home):
    """Served so that every sentence after the first waits for the file "gate"."""
    with served(home, pipeline=humming(hold_path=str(home / "gate"))) as daemon:
        yield daemon


@pytest.fixture
def official(daemon):
    """The client as OpenAI publishes it."""
    with openai.OpenAI(
        base_url=f"{daemon.url}/v1", api_key=daemon.token(), timeout=SOON_S, max_retries=0
    ) as client:
        yield client


def ended(daemon, number=1):
    return daemon.engine.queue.find(number).wait(SOON_S)


def pitch_hz(samples, rate_hz=RATE_HZ):
    strengths = np.abs(np.fft.rfft(samples))
    return np.fft.rfftfreq(len(samples), 1 / rate_hz)[strengths.argmax()]


def test_the_official_client_gets_a_file_that_plays(official, tmp_path):
    for kind in ("wav", "flac", "opus", "mp3", "pcm"):
        answer = official.audio.speech.create(
            model="tts-1", voice="alba", input=LINES, response_format=kind
        )
        assert len(answer.content) > 500, kind
    wav = official.audio.speech.create(
        model="tts-1", voice="alba", input=LINES, response_format="wav"
    )
    wav.write_to_file(tmp_path / "said.wav")
    sound, rate_hz = soundfile.read(tmp_path / "said.wav")
    assert rate_hz == RATE_HZ
    assert pitch_hz(sound) == pytest.approx(220, abs=10)


def test_the_official_client_gets_mp3_unless_it_asks_otherwise(official):
    answer = official.audio.speech.create(model="tts-1", voice="alba", input=LINES)
    assert answer.response.headers["content-type"] == "audio/mpeg"
    sound, rate_hz = soundfile.read(io.BytesIO(answer.content))
    assert rate_hz == RATE_HZ
    assert pitch_hz(sound) == pytest.approx(220, abs=10)


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_an_answer_says_that_its_sound_is_synthetic(api, stream_format):
    answer = api.post("/v1/audio/speech", json={**ASKED, "stream_format": stream_format})
    assert answer.status_code == httpx.codes.OK
    assert answer.headers["synthetic-speech"] == '?1;by="rtvc-bridge"'


def test_a_file_says_that_it_is_synthetic_and_in_whose_voice(api):
    answer = api.post("/v1/audio/speech", json={**ASKED, "response_format": "wav"})
    with soundfile.SoundFile(io.BytesIO(answer.content)) as file:
        said = file.copy_metadata()
    assert said["comment"] == "Synthetic speech in the cloned voice alba, made by rtvc-bridge"


def test_the_official_client_hears_the_start_before_the_rest_is_made(held, home):
    with (
        openai.OpenAI(base_url=f"{held.url}/v1", api_key=held.token(), max_retries=0) as official,
        official.audio.speech.with_streaming_response.create(
            model="tts-1", voice="alba", input=LINES, response_format="pcm"
        ) as answer,
    ):
        pieces = answer.iter_bytes()
        assert next(pieces)
        assert held.engine.queue.find(1).status.state is State.SPEAKING
        (home / "gate").touch()
        rest = b"".join(pieces)
    assert rest
    assert ended(held).state is State.DONE


def test_the_official_client_takes_speed_and_a_voice_by_its_id(official, daemon):
    voice = {"id": daemon.voices.summary("alba").id}
    long, short = (
        official.audio.speech.create(
            model="rtvc-bridge", voice=voice, input=LINES, response_format="pcm", speed=speed
        ).content
        for speed in (0.5, 2.0)
    )
    assert len(long) == pytest.approx(4 * len(short), rel=0.01)


def test_the_official_client_lists_the_model(official):
    assert [model.id for model in official.models.list()] == ["rtvc-bridge"]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"voice": "nobody"}, openai.NotFoundError, "There is no voice 'nobody'"),
        ({"model": "other"}, openai.NotFoundError, "rtvc-bridge"),
        ({"input": "..."}, openai.UnprocessableEntityError, "nothing to say"),
        ({"speed": 4.0}, openai.UnprocessableEntityError, "0.5 to 2.0"),
        ({"response_format": "aac"}, openai.UnprocessableEntityError, "wav, pcm, flac, opus, mp3"),
    ],
)
def test_the_official_client_raises_its_own_errors(official, change, error, words):
    asked = {"model": "tts-1", "voice": "alba", "input": LINES} | change
    with pytest.raises(error, match=words):
        official.audio.speech.create(**asked)


def test_a_wrong_token_is_an_authentication_error_of_the_official_client(daemon):
    with (
        openai.OpenAI(base_url=f"{daemon.url}/v1", api_key="wrong", max_retries=0) as official,
        pytest.raises(openai.AuthenticationError),
    ):
        official.models.list()


def test_pcm_is_every_sample_that_was_made(daemon, api):
    answer = api.post("/v1/audio/speech", json=ASKED)
    assert answer.headers["content-type"] == "audio/pcm"
    assert answer.headers["cache-control"] == "no-store"
    samples = np.frombuffer(answer.content, "<i2")
    made_s = sum(len(sentence) * 0.01 for sentence in ("One.", "Two.", "Three."))
    assert len(samples) == pytest.approx(made_s * RATE_HZ, abs=2)
    assert pitch_hz(samples) == pytest.approx(220, abs=10)


def test_it_is_said_in_the_lane_http_for_the_user_named(daemon, api):
    api.post("/v1/audio/speech", json=ASKED | {"user": "ann"})
    assert (ended(daemon).lane, ended(daemon).user) == ("http", "ann")
    latency = api.get("/v1/status").json()["latency"]["http"]
    assert latency["count"] == 1
    assert latency["first_delivered_p50_s"] is not None


def test_events_carry_the_same_sound(api):
    plain = api.post("/v1/audio/speech", json=ASKED).content
    answer = api.post("/v1/audio/speech", json=ASKED | {"stream_format": "sse"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [
        json.loads(line.removeprefix("data: "))
        for line in answer.text.splitlines()
        if line.startswith("data: ")
    ]
    *deltas, done = events
    assert {delta["type"] for delta in deltas} == {"speech.audio.delta"}
    assert b"".join(base64.b64decode(delta["audio"]) for delta in deltas) == plain
    assert done["type"] == "speech.audio.done"


def test_hanging_up_midway_stops_the_synthesis(held):
    with held.client() as client:
        with client.stream("POST", "/v1/audio/speech", json=ASKED) as answer:
            next(answer.iter_raw())
        assert ended(held).state is State.CANCELLED


def test_hanging_up_before_the_first_sound_takes_the_line_out_of_the_queue(daemon):
    daemon.engine.queue.pause()
    queued = threading.Event()
    daemon.engine.on_status(lambda status: queued.set())

    async def ask_and_hang_up():
        _, writer = await asyncio.open_connection("127.0.0.1", int(daemon.url[-5:]))
        body = json.dumps(ASKED)
        head = [
            "POST /v1/audio/speech HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {daemon.token()}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        writer.write(("\r\n".join(head) + "\r\n\r\n" + body).encode())
        await asyncio.to_thread(queued.wait, SOON_S)
        writer.close()
        await writer.wait_closed()

    asyncio.run(ask_and_hang_up())
    assert ended(daemon).state is State.CANCELLED


def test_a_line_silenced_by_others_before_its_start_is_told_so(daemon, api):
    daemon.engine.queue.pause()
    daemon.engine.on_status(lambda status: daemon.engine.queue.find(status.id).cancel())
    answer = api.post("/v1/audio/speech", json=ASKED)
    assert answer.status_code == 410
    assert answer.json()["type"] == "urn:rtvc-bridge:cut-off"


def test_a_line_silenced_by_others_midway_is_not_taken_for_whole(held, caplog):
    with held.client() as client, client.stream("POST", "/v1/audio/speech", json=ASKED) as answer:
        pieces = answer.iter_raw()
        next(pieces)
        held.engine.queue.skip()
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            b"".join(pieces)
    assert "failed" not in caplog.text


def test_events_that_are_cut_off_midway_end_with_an_error(held):
    with (
        held.client() as client,
        client.stream("POST", "/v1/audio/speech", json=ASKED | {"stream_format": "sse"}) as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines) == "event: speech.audio.delta"
        held.engine.queue.skip()
        last = [line for line in lines if line.startswith("data: ")][-1]
    assert json.loads(last.removeprefix("data: "))["error"]["message"].startswith("Somebody")


def test_a_line_that_fails_before_its_first_sound_is_no_success(home):
    with served(home, pipeline=humming(fail_on="One")) as daemon, daemon.client() as client:
        answer = client.post("/v1/audio/speech", json=ASKED)
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:rtvc-bridge:worker"
    assert "fault was ordered" not in answer.text


def test_only_so_many_requests_for_sound_are_served_at_once(home):
    with served(home, Settings(port=0, max_streams=1)) as daemon, daemon.client() as client:
        daemon.engine.queue.pause()
        queued = threading.Event()
        daemon.engine.on_status(lambda status: queued.set())
        answers = []
        first = threading.Thread(
            target=lambda: answers.append(client.post("/v1/audio/speech", json=ASKED))
        )
        first.start()
        assert queued.wait(SOON_S)
        refused = client.post("/v1/audio/speech", json=ASKED)
        daemon.engine.queue.resume()
        first.join(SOON_S)
        assert refused.status_code == 429
        assert refused.json()["type"] == "urn:rtvc-bridge:queue-full"
        assert answers[0].status_code == 200
        assert client.post("/v1/audio/speech", json=ASKED).status_code == 200


def test_many_at_once_each_get_their_own_voice_whole(daemon):
    pitches = [200.0 + 20 * number for number in range(20)]
    for number, pitch in enumerate(pitches):
        daemon.voices.add(tone_voice(f"v{number}", pitch))
    heard = {}

    def ask(number):
        asked = ASKED | {"voice": f"v{number}", "user": str(number)}
        with daemon.client() as client:
            heard[number] = client.post("/v1/audio/speech", json=asked).content

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(pitches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON_S)
    for number, pitch in enumerate(pitches):
        sound = np.frombuffer(heard[number], "<i2")
        sentence = sound[: round(0.04 * RATE_HZ)]  # phases jump between sentences
        padded = np.pad(sentence, (0, RATE_HZ - len(sentence)))
        assert pitch_hz(padded) == pytest.approx(pitch, abs=8)
        assert len(sound) == pytest.approx(0.14 * RATE_HZ, abs=2)
