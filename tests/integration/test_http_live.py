import asyncio
import json
import logging
import signal
import socket
import threading
from contextlib import ExitStack
from dataclasses import replace

import httpx
import pytest
from http_host import SOON_S, served

from rtvc_bridge import http
from rtvc_bridge.errors import ConfigError, DeviceError, StorageError
from rtvc_bridge.http import Settings
from rtvc_bridge.levels import Levels
from rtvc_bridge.plugins import AdapterState
from rtvc_bridge.testing import humming

pytestmark = pytest.mark.http


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


def events(answer):
    """The events of a stream as (name, data), comments left out."""
    name = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_a_watcher_is_greeted_with_the_status_then_told_of_every_change(daemon, api):
    with api.stream("GET", "/v1/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = events(answer)
        name, hello = next(stream)
        assert name == "hello"
        assert hello.keys() == api.get("/v1/status").json().keys()
        utterance = daemon.engine.say("One.", daemon.voices.get("alba"), lane="mic", user="ann")
        changes = [next(stream) for _ in range(3)]
    assert {name for name, _ in changes} == {"status"}
    assert [view["state"] for _, view in changes] == ["queued", "speaking", "done"]
    assert {(view["id"], view["text"], view["user"]) for _, view in changes} == {
        (utterance.status.id, "One.", "ann")
    }
    assert changes[-1][1]["ended_s"] >= changes[-1][1]["first_audio_s"]


def test_a_watcher_is_told_when_an_adapter_fails(daemon, api):
    with api.stream("GET", "/v1/events") as answer:
        stream = events(answer)
        next(stream)
        failed = replace(daemon.adapters[0], state=AdapterState.FAILED, reason="No device.")
        daemon.adapters = (failed,)
        name, adapters = next(stream)
    assert name == "adapters"
    assert [(each["state"], each["reason"]) for each in adapters] == [("failed", "No device.")]


def test_a_watcher_is_told_how_loud_the_lanes_are_until_they_are_silent(home):
    now = 0.0
    levels = Levels(lambda: now)
    with served(home, levels=levels) as daemon, daemon.client() as api:
        levels.note("mic", 0.5)
        with api.stream("GET", "/v1/events") as answer:
            stream = events(answer)
            next(stream)
            assert [next(stream) for _ in range(2)] == [("levels", {"mic": -6.0})] * 2
            now = 60.0
            while next(stream) != ("levels", {}):
                pass
            daemon.engine.say("One.", daemon.voices.get("alba"), lane="mic")
            assert next(stream)[0] == "status", "silence is told once"


def test_one_watcher_too_many_is_refused_and_a_place_is_free_again_after_one_left(home):
    with served(home, Settings(port=0, max_watchers=1)) as daemon, daemon.client() as api:
        with api.stream("GET", "/v1/events") as answer:
            stream = events(answer)
            next(stream)
            with api.stream("GET", "/v1/events") as refused:
                assert refused.status_code == 429
        while True:
            with api.stream("GET", "/v1/events") as answer:
                if answer.status_code == 200:
                    return


def test_stopping_ends_every_stream_and_leaves_no_thread(home):
    gate = home / "gate"
    before = set(threading.enumerate())
    asked = {"model": "tts-1", "voice": "alba", "input": "One. Two.", "response_format": "pcm"}
    with ExitStack() as streams:
        with served(home, pipeline=humming(hold_path=str(gate))) as daemon:
            api = streams.enter_context(daemon.client())
            watching = events(streams.enter_context(api.stream("GET", "/v1/events")))
            next(watching)
            speech = streams.enter_context(api.stream("POST", "/v1/audio/speech", json=asked))
            pieces = speech.iter_raw()
            next(pieces)
        assert {name for name, _ in watching} <= {"status"}
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            b"".join(pieces)
    assert set(threading.enumerate()) <= before


def test_it_is_started_again_on_the_same_engine_with_the_same_token(home):
    with served(home) as first:
        token = first.token()
        host = first.host()
        loop = asyncio.new_event_loop()
        again = threading.Event()
        second = replace(host, announce=lambda url, file: again.set())
        task = loop.create_task(http.run(second, Settings(port=0)))
        loop.run_until_complete(asyncio.wait({task}, timeout=0.01))
        while not again.is_set():
            loop.run_until_complete(asyncio.sleep(0))
        task.cancel()
        loop.run_until_complete(asyncio.wait({task}))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        assert task.cancelled()
        assert first.token() == token
        with first.client() as api:
            assert api.get("/v1/status").status_code == 200


def run_to_its_error(host, settings):
    asyncio.run(http.run(host, settings))


def test_a_port_that_is_taken_is_named_with_the_setting_to_change(daemon):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        words = rf"Port {port} on 127.0.0.1 is taken .*\[adapters.http\]"
        with pytest.raises(DeviceError, match=words):
            run_to_its_error(daemon.host(), Settings(port=port))


def test_an_address_of_another_computer_is_refused(daemon):
    settings = Settings(host="192.0.2.1", port=0, token="0123456789abcdef")
    with pytest.raises(ConfigError, match=r"Cannot listen on 192.0.2.1 .*\[adapters.http\]"):
        run_to_its_error(daemon.host(), settings)


def test_an_address_file_that_cannot_be_written_ends_it_in_order(daemon):
    def announce(url, token_file):
        msg = "The disk is full."
        raise StorageError(msg)

    before = set(threading.enumerate())
    with pytest.raises(StorageError, match="disk is full"):
        run_to_its_error(replace(daemon.host(), announce=announce), Settings(port=0))
    assert set(threading.enumerate()) <= before


def test_signals_are_left_to_the_daemon(daemon):
    handlers = {}

    async def serve_and_look():
        listening = asyncio.Event()
        host = replace(daemon.host(), announce=lambda url, file: listening.set())
        task = asyncio.create_task(http.run(host, Settings(port=0)))
        await asyncio.wait_for(listening.wait(), SOON_S)
        handlers["during"] = signal.getsignal(signal.SIGTERM)
        task.cancel()
        await asyncio.wait({task})

    handlers["before"] = signal.getsignal(signal.SIGTERM)
    asyncio.run(serve_and_look())
    assert handlers["during"] is handlers["before"]


def test_an_allowed_web_page_may_ask_first_and_then_use_it(home):
    page = "https://mine.example"
    with served(home, Settings(port=0, allowed_origins=(page,))) as daemon, daemon.client() as api:
        first = api.options(
            "/v1/say",
            headers={
                "origin": page,
                "authorization": "",
                "access-control-request-method": "POST",
                "access-control-request-headers": "authorization",
            },
        )
        then = api.get("/v1/status", headers={"origin": page})
    assert (first.status_code, then.status_code) == (200, 200)
    for answer in (first, then):
        assert answer.headers["access-control-allow-origin"] == page


def test_the_log_holds_no_words_and_no_token(daemon, api, caplog):
    caplog.set_level(logging.DEBUG, logger="rtvc_bridge")
    asked = {"model": "tts-1", "voice": "alba", "input": "my secret words"}
    api.post("/v1/audio/speech", json=asked)
    api.post("/v1/audio/speech", json=asked | {"speed": "my secret words"})
    assert "secret" not in caplog.text
    assert daemon.token() not in caplog.text
