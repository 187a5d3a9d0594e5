"""What speaks into a real OBS in tests, and the adapters it needs."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np
import rtvc_obs
import rtvc_virtualmic
from obs_program import LIMIT_S, RATE_HZ, until

from rtvc_bridge import config
from rtvc_bridge import text as front_end
from rtvc_bridge.audio import Audio
from rtvc_bridge.engine import Engine, Heard
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.plugins import Host, Reload
from rtvc_bridge.testing import HummingPipeline, policy, tone_voice
from rtvc_bridge.voices import Voice, VoiceStore

TONE_HZ = 440.0
PAUSE_S = 0.4
SETTLED_S = 0.25
"""After a line is over, until OBS has shown that too."""


class Talking(HummingPipeline):
    """Says each clause as syllables of a tone, 60 ms a letter, and a pause after each.

    Louder and quieter as speech is, so that a second copy of it can be told from a hum.
    """

    def speak(self, text: str, voice: Voice, delivery: Delivery, *, stop: Event) -> Iterator[Audio]:
        """Yield one sound per clause, at 48 kHz."""
        for clause in front_end.clauses(text):
            if stop.is_set():
                return
            at_s = np.arange(round(0.06 * len(clause.text) * RATE_HZ)) / RATE_HZ
            syllables = 0.25 + 0.2 * np.cos(2 * np.pi * 2.5 * at_s)
            sound = syllables * np.sin(2 * np.pi * TONE_HZ * at_s)
            pause = np.zeros(round(PAUSE_S * RATE_HZ))
            yield Audio(np.concatenate([sound, pause]).astype(np.float32), RATE_HZ)


@dataclass
class Speaker:
    """An engine whose lane "mic" is spoken through the real virtual microphone."""

    engine: Engine
    host: Host
    voice: Voice

    def say(self, text: str, *, lane: str = "mic") -> None:
        """Return once `text` was heard in full."""
        ends: list[float] = []
        said = self.engine.say(text, self.voice, lane=lane)

        def heard(moment: Heard) -> None:
            if moment.id == said.status.id and moment.piece is None:
                ends.append(moment.at)

        forget = self.engine.hearing.on_heard(heard)
        until(lambda: ends and time.monotonic() > ends[0] + SETTLED_S)
        forget()


@contextmanager
def speaker(
    folder: Path,
    *,
    microphone: bool = True,
    engine: Engine | None = None,
    voice: Voice | None = None,
) -> Iterator[Speaker]:
    """Give what speaks, with or without a virtual microphone."""
    with contextlib.ExitStack() as ends:
        if engine is None:
            engine = ends.enter_context(Engine(Talking(), policy()))
        host = Host(
            engine=engine,
            voices=VoiceStore(folder / "voices"),
            settings=config.Settings(),
            ready=lambda: True,
            adapters=tuple,
            announce=lambda *_: None,
            stop=lambda: None,
            reload=lambda: Reload((), ()),
        )
        if microphone:
            ends.enter_context(running(rtvc_virtualmic.run(host, rtvc_virtualmic.Settings())))
            until(lambda: "mic" in engine.players)
        yield Speaker(engine, host, voice or tone_voice("Alba", TONE_HZ))


def adapter(host: Host, settings: rtvc_obs.Settings) -> AbstractContextManager[None]:
    """Run the adapter while the block lasts."""
    return running(rtvc_obs.run(host, settings))


@contextmanager
def running(serving: Coroutine[object, object, None]) -> Iterator[None]:
    """Run an adapter as the daemon does, on an event loop of its own."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(serving)
    thread = threading.Thread(target=_live, args=(loop, task), name="adapter-under-test")
    thread.start()
    try:
        yield
        assert not task.done(), task
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(LIMIT_S)


def _live(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    asyncio.set_event_loop(loop)
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
