"""How fast and how large: real-time factor, first sound, cold start, enrolment, memory."""

import contextlib
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Self

import psutil

from rtvc_bridge.engine import Engine
from rtvc_bridge.enrolment import Clip
from rtvc_bridge.voices import Consent, Voice

LANE = "bench"
SAMPLE_EVERY_S = 0.05
SAMPLES_PER_SCAN = 40


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and 95th percentile of repeated measurements."""

    p50: float
    p95: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Return the spread of `values` (at least two)."""
        return cls(
            round(statistics.median(values), 3),
            round(statistics.quantiles(values, n=20, method="inclusive")[18], 3),
        )


@dataclass(frozen=True, slots=True)
class Timing:
    """One spoken line, in seconds."""

    seconds: float
    first_audio_s: float
    made_in_s: float


def timed(engine: Engine, line: str, voice: Voice) -> Timing:
    """Say one line and return its times."""
    utterance = engine.say(line, voice, lane=LANE)
    seconds = sum(audio.seconds for audio in utterance)
    status = utterance.status
    if status.first_audio_at is None or status.ended_at is None:
        msg = f"a benchmark line failed: {status.reason}"
        raise RuntimeError(msg)
    return Timing(
        seconds, status.first_audio_at - status.queued_at, status.ended_at - status.queued_at
    )


def real_time_factor(engine: Engine, voice: Voice, lines: Sequence[str]) -> Spread:
    """Return time to make over time to hear, per line."""
    timings = [timed(engine, line, voice) for line in lines]
    return Spread.of([timing.made_in_s / timing.seconds for timing in timings])


def first_audio(engine: Engine, voice: Voice, lines: Sequence[str]) -> Spread:
    """Return the seconds from Engine.say to the first sound, per line."""
    return Spread.of([timed(engine, line, voice).first_audio_s for line in lines])


def cold_start(open_engine: Callable[[], AbstractContextManager[Engine]], rounds: int) -> Spread:
    """Return the seconds from nothing to an engine that is ready to speak."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        with open_engine():
            taken.append(time.perf_counter() - began)
    return Spread.of(taken)


def enrolment(engine: Engine, clip: Clip, consent: Consent, rounds: int) -> Spread:
    """Return the seconds that enrolling `clip` takes."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        engine.enrol([clip], name="bench", consent=consent, keep_clips=True)
        taken.append(time.perf_counter() - began)
    return Spread.of(taken)


class PeakMemory:
    """Watches the resident memory of this process and all below it; `mb` is the peak."""

    def __init__(self) -> None:
        self.mb = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="rtvc-memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        """Sample; looking for new processes costs a scan of all, so that is done seldom."""
        this = psutil.Process()
        tree = [this]
        for sample in count():
            if sample % SAMPLES_PER_SCAN == 0:
                tree = [this, *this.children(recursive=True)]
            total = 0
            for process in tree:
                with contextlib.suppress(psutil.NoSuchProcess):
                    total += process.memory_info().rss
            self.mb = max(self.mb, total / 1e6)
            if self._over.wait(SAMPLE_EVERY_S):
                return
