"""The HTTP adapter for tests: served for real on a free port, in front of a humming engine."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from rtvc_bridge import config, http, paths
from rtvc_bridge.audio import Audio
from rtvc_bridge.engine import Engine
from rtvc_bridge.enrolment import SpeechDetector
from rtvc_bridge.enrolment.spoken import Check
from rtvc_bridge.levels import Levels
from rtvc_bridge.pipeline import Pipeline
from rtvc_bridge.plugins import AdapterState, AdapterStatus, Host, Reload
from rtvc_bridge.safety.challenges import Challenges
from rtvc_bridge.safety.policy import Policy
from rtvc_bridge.safety.spoken import Evidence
from rtvc_bridge.safety.verdict import Verdict
from rtvc_bridge.schedule import Limits
from rtvc_bridge.testing import humming, keep_key, policy, tone_voice
from rtvc_bridge.voices import VoiceStore

SOON_S = 60.0  # a limit on failure, not a wait
ROOMY = Limits(user=2000, lane=2000, total=2000)
RELOADED = Reload(applied=("adapters.http",), refused=("engine",))


@dataclass
class Daemon:
    """What the adapter sees of the daemon, for a test to set and to look at."""

    engine: Engine
    voices: VoiceStore
    ready: bool = True
    reload: Reload = RELOADED
    reloads: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    announced: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    token_file: str = ""
    settings_file: Path | None = None
    levels: Levels = field(default_factory=Levels)
    shown: config.Settings = field(default_factory=config.Settings)
    consent: Check | None = None
    adapters: tuple[AdapterStatus, ...] = (AdapterStatus("http", AdapterState.RUNNING, 0.0),)

    def announce(self, url: str, token_file: str) -> None:
        self.url, self.token_file = url, token_file
        self.announced.set()

    def host(self) -> Host:
        return Host(
            engine=self.engine,
            voices=self.voices,
            settings=self.shown,
            ready=lambda: self.ready,
            adapters=lambda: self.adapters,
            announce=self.announce,
            stop=self.stopped.set,
            reload=self._reload,
            levels=self.levels,
            settings_file=self.settings_file,
            consent=self.consent,
        )

    def _reload(self) -> Reload:
        self.reloads += 1
        return self.reload

    def token(self) -> str:
        return Path(self.token_file).read_text(encoding="ascii")

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token()}"}

    def client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.url, headers=self.headers(), timeout=SOON_S, trust_env=False
        )


def pitch_hz(audio: Audio) -> float:
    """Return the strongest frequency in `audio`."""
    strengths = np.abs(np.fft.rfft(audio.samples))
    return float(np.argmax(strengths) * audio.rate_hz / len(audio.samples))


@contextmanager
def served(
    folder: Path,
    settings: http.Settings | None = None,
    *,
    pipeline: Pipeline | None = None,
    voices: VoiceStore | None = None,
    rules: Policy | None = None,
    **more: Any,
) -> Iterator[Daemon]:
    """Serve the API from a thread of its own; RTVC_HOME must be set by the test.

    `rules` are what the engine asks; `more` are further fields of the Daemon.
    """
    if voices is None:
        voices = VoiceStore(folder / "voices")
        voices.add(tone_voice("alba", 220.0))
    keep_key(paths.data_dir())
    with Engine(pipeline or humming(), rules or policy(), limits=ROOMY) as engine:
        daemon = Daemon(engine, voices, **more)
        loop = asyncio.new_event_loop()
        task = loop.create_task(http.run(daemon.host(), settings or http.Settings(port=0)))
        thread = threading.Thread(target=_live, args=(loop, task), name="http-under-test")
        thread.start()
        try:
            assert daemon.announced.wait(SOON_S)
            yield daemon
        finally:
            loop.call_soon_threadsafe(task.cancel)
            thread.join(SOON_S)
            assert not thread.is_alive()


def _live(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    try:
        loop.run_until_complete(asyncio.wait({task}))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def check_that_hears(words: Sequence[str]) -> Check:
    """Return what judges spoken consent, and hears `words` in whatever is handed in."""
    return Check(
        challenges=Challenges(time.monotonic),
        embed=humming().embed,
        listen=lambda _audio, _language: Evidence(" ".join(words), Verdict(0.0, 8.0)),
        detector=SpeechDetector(),
    )
