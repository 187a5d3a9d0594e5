"""The local API: how soon its first byte comes, and whether many clients or watchers disturb it."""

import asyncio
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import httpx
import psutil

from rtvc_bridge import http
from rtvc_bridge.bench import clients
from rtvc_bridge.bench.clients import Served
from rtvc_bridge.bench.speed import Spread
from rtvc_bridge.config import Settings
from rtvc_bridge.engine import Engine, Status
from rtvc_bridge.plugins import Host, Reload
from rtvc_bridge.voices import Voice, VoiceStore

CLIENTS_S = 60.0
WARM_UP_S = 10.0
WATCHERS = 200
_MANY = 100_000
_JOIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Crowd:
    """What became of many clients at once.

    Attributes:
        answers: Lines that were spoken to their end.
        wrong: Of these, answers of the wrong length or in somebody else's voice.
        refused: Requests that were not answered with sound.
        least, most: Lines of the client that got fewest, and most.
        memory_growth: Of the daemon's process, from after the warm-up to the end, as a fraction.
    """

    answers: int
    wrong: int
    refused: int
    least: int
    most: int
    memory_growth: float


@dataclass(frozen=True, slots=True)
class Door:
    """Where the API is reached."""

    url: str
    token_file: str

    @property
    def headers(self) -> dict[str, str]:
        """What lets a request in."""
        token = Path(self.token_file).read_text(encoding="utf-8").strip()
        return {"Authorization": f"Bearer {token}"}


@contextmanager
def served(engine: Engine, voices: Sequence[Voice]) -> Iterator[Door]:
    """Give the API on a free port."""
    announced: SimpleQueue[Door] = SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        store = VoiceStore(Path(folder))
        for voice in voices:
            store.add(engine.policy.trust.sign(voice))
        host = Host(
            engine=engine,
            voices=store,
            settings=Settings(),
            ready=lambda: engine.ready,
            adapters=tuple,
            announce=lambda url, token_file: announced.put(Door(url, token_file)),
            stop=lambda: None,
            reload=lambda: Reload((), ()),
        )
        settings = http.Settings(port=0, max_streams=_MANY, requests_per_minute=_MANY)
        loop = asyncio.new_event_loop()
        task = loop.create_task(http.run(host, settings))
        thread = threading.Thread(target=_serve, args=(loop, task), name="rtvc-bench-api")
        thread.start()
        try:
            yield announced.get(timeout=_JOIN_S)
        finally:
            loop.call_soon_threadsafe(task.cancel)
            thread.join(_JOIN_S)


def _serve(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    try:
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    finally:
        loop.close()


@asynccontextmanager
async def client(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """Give an HTTP client with its token set."""
    async with httpx.AsyncClient(
        base_url=door.url,
        headers=door.headers,
        limits=httpx.Limits(max_connections=None),
        timeout=None,
    ) as opened:
        yield opened


def first_byte_lag(engine: Engine, voice: Voice, lines: Sequence[str]) -> Spread:
    """Return the seconds from the engine's first audio to the first byte of /v1/audio/speech."""
    made: SimpleQueue[float] = SimpleQueue()

    def listen(status: Status) -> None:
        if status.first_audio_at is not None and status.ended_at is None:
            made.put(status.first_audio_at)

    async def ask(door: Door) -> list[float]:
        lags = []
        async with client(door) as api:
            for line in lines:
                async with api.stream("POST", "/v1/audio/speech", json=_speech(line, voice)) as got:
                    got.raise_for_status()
                    sounds = got.aiter_raw()
                    await anext(sounds)
                    lags.append(time.monotonic() - made.get_nowait())
                    async for _ in sounds:
                        pass
        return lags

    end = engine.on_status(listen)
    try:
        with served(engine, [voice]) as door:
            return Spread.of(asyncio.run(ask(door)))
    finally:
        end()


def watched_first_byte(engine: Engine, voice: Voice, lines: Sequence[str]) -> tuple[Spread, Spread]:
    """Return the first byte's seconds without and with WATCHERS event streams, in turn."""

    async def compare(door: Door) -> tuple[Spread, Spread]:
        alone, crowded = [], []
        async with client(door) as api:
            for line in lines:
                alone.append(await _first_byte_s(api, line, voice))
                async with _watchers(api):
                    # Connecting them took a core, which the vocoder left alone: not measured.
                    await _first_byte_s(api, line, voice)
                    crowded.append(await _first_byte_s(api, line, voice))
                await _first_byte_s(api, line, voice)
        return Spread.of(alone), Spread.of(crowded)

    with served(engine, [voice]) as door:
        return asyncio.run(compare(door))


async def _first_byte_s(api: httpx.AsyncClient, line: str, voice: Voice) -> float:
    """Return how long the first byte took; the rest is read too."""
    began = time.monotonic()
    async with api.stream("POST", "/v1/audio/speech", json=_speech(line, voice)) as got:
        got.raise_for_status()
        sounds = got.aiter_raw()
        await anext(sounds)
        taken = time.monotonic() - began
        async for _ in sounds:
            pass
    return taken


@asynccontextmanager
async def _watchers(api: httpx.AsyncClient) -> AsyncIterator[None]:
    """Hold WATCHERS event streams open, each of which has got its first event."""
    greeted = asyncio.Semaphore(0)

    async def watch() -> None:
        async with api.stream("GET", "/v1/events") as events:
            events.raise_for_status()
            async for _ in events.aiter_raw():
                greeted.release()

    tasks = [asyncio.create_task(watch()) for _ in range(WATCHERS)]
    for _ in tasks:
        await greeted.acquire()
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def crowd(open_engine: Callable[[], AbstractContextManager[Engine]]) -> Crowd:
    """Return what became of CLIENTS clients in CLIENTS_S seconds, on the humming pipeline."""
    with open_engine() as engine, served(engine, clients.voices()) as door:
        command = [sys.executable, "-m", clients.__name__, door.url, door.token_file]
        with subprocess.Popen([*command, str(CLIENTS_S)], stdout=subprocess.PIPE) as asking:
            time.sleep(WARM_UP_S)
            before = psutil.Process().memory_info().rss
            said, _ = asking.communicate()
        growth = psutil.Process().memory_info().rss / before - 1
    results = [Served(**each) for each in json.loads(said)]
    answers = [result.answers for result in results]
    return Crowd(
        sum(answers),
        sum(result.wrong for result in results),
        sum(result.refused for result in results),
        min(answers),
        max(answers),
        round(growth, 3),
    )


def _speech(line: str, voice: Voice) -> dict[str, str]:
    return {"model": "rtvc-bridge", "input": line, "voice": voice.name, "response_format": "pcm"}
