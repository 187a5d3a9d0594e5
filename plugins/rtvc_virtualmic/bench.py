"""What the microphone costs and how late it is, on the sound server that is there.

The figures are of a recording program that asks for blocks of 10 ms: sound counts as heard once
that program has it.
"""

import math
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
import psutil
from numpy.typing import NDArray

from rtvc_bridge.audio import FRAME_MS, PCM_RATE_HZ
from rtvc_bridge.errors import DeviceError
from rtvc_virtualmic.analysis import gaps, strongest_hz
from rtvc_virtualmic.manage import recorded_source
from rtvc_virtualmic.mic import VirtualMic
from rtvc_virtualmic.recorder import BLOCK, Recorder

ENGINE_HZ = 24_000
TONE_HZ = 997.0
LEVEL = 0.4
LOUD = 0.05
BURST_S = 0.1
BURSTS = 30
APART_S = (0.35, 0.65)
AHEAD_MS = 100.0
SETTLING_S = 1.0
EDGE_S = 0.1
LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one microphone.

    Attributes:
        heard_ms: From `send` to a recording program, median of all bursts.
        heard_p95_ms: The same, of which 95 in 100 are below.
        bursts: How many were sent.
        lost_bursts: How many of them were not heard.
        steady_s: How long sound was sent without a pause, twice.
        gaps: Places in that where sound was missing.
        gaps_busy: The same with every core kept busy by other programs.
        send_p99_ms: Time that `send` of 20 ms took, busy.
        send_max_ms: The longest, busy.
        send_own_max_ms: The longest that one worked, busy; the rest is waiting for a processor.
        send_idle_max_ms: The longest, without other programs.
        latency_ms: How much the device was handed ahead at the end: more than at the start if
            it ran dry.
        idle_cpu_percent: Of one core, of the program that has the microphone and says nothing.
    """

    heard_ms: float
    heard_p95_ms: float
    bursts: int
    lost_bursts: int
    steady_s: float
    gaps: int
    gaps_busy: int
    send_p99_ms: float
    send_max_ms: float
    send_own_max_ms: float
    send_idle_max_ms: float
    latency_ms: int
    idle_cpu_percent: float


@dataclass(frozen=True, slots=True)
class Steady:
    """How a tone without a pause came through.

    Attributes:
        gaps: Places where sound is missing.
        sends_ms: How long each `send` of 20 ms took.
        sends_own_ms: How long of that it worked.
    """

    gaps: int
    sends_ms: list[float]
    sends_own_ms: list[float]


def measured(device: str | None = None, *, steady_s: float = 60.0, bursts: int = BURSTS) -> Figures:
    """Return the figures of the microphone.

    Args:
        device: Its name; None for the usual one.
        steady_s: How long to look for gaps, twice; half as long, for what it costs idle.
        bursts: How often to measure its latency.

    Raises:
        DeviceError: If there is none, or it cannot be recorded from here.
    """
    source = recorded_source(device)
    with VirtualMic(device=device) as mic:
        idle_cpu_percent = _idle_cpu_percent(steady_s / 2)
        with Recorder(source) as recorder:
            recorder.wait_for(SETTLING_S)
            heard_ms = latencies_ms(mic, recorder, bursts)
            quick = steady(mic, recorder, steady_s)
            with busy():
                slow = steady(mic, recorder, steady_s)
        return Figures(
            heard_ms=statistics.median(heard_ms),
            heard_p95_ms=_quantile(heard_ms, 0.95),
            bursts=bursts,
            lost_bursts=bursts - len(heard_ms),
            steady_s=steady_s,
            gaps=quick.gaps,
            gaps_busy=slow.gaps,
            send_p99_ms=_quantile(slow.sends_ms, 0.99),
            send_max_ms=max(slow.sends_ms),
            send_own_max_ms=max(slow.sends_own_ms),
            send_idle_max_ms=max(quick.sends_ms),
            latency_ms=mic.stats.latency_ms,
            idle_cpu_percent=idle_cpu_percent,
        )


def latencies_ms(mic: VirtualMic, recorder: Recorder, bursts: int) -> list[float]:
    """Return for each burst that was heard how long after its `send` the recorder had it.

    Raises:
        DeviceError: If none was.
    """
    found = []
    for wait_s in np.random.default_rng(0).uniform(*APART_S, bursts):
        recorder.wait_for(float(wait_s))  # out of step with whatever the server does regularly
        since, sent_at = recorder.samples, time.monotonic()
        mic.send(_tone(BURST_S), ENGINE_HZ)
        recorder.wait_for(2 * BURST_S)
        at = np.flatnonzero(np.abs(recorder.sound(since)) > LOUD)
        if len(at):
            found.append(1000 * (recorder.came_at(since + int(at[0])) - sent_at))
    if not found:
        raise DeviceError("Nothing that was sent is heard at the microphone: see `mic test`.")
    return found


def steady(mic: VirtualMic, recorder: Recorder, seconds: float) -> Steady:
    """Return how a tone of that length came through.

    Raises:
        DeviceError: If nothing of it did.
    """
    since = recorder.samples
    took_ms: list[float] = []
    own_ms: list[float] = []
    sound = _tone(seconds)
    size = ENGINE_HZ * FRAME_MS // 1000
    for start in range(0, len(sound), size):
        while mic.stats.queued_ms > AHEAD_MS:
            recorder.wait_for(BLOCK / PCM_RATE_HZ)
        began_at, worked_s = time.perf_counter(), time.thread_time()
        mic.send(sound[start : start + size], ENGINE_HZ)
        own_ms.append(1000 * (time.thread_time() - worked_s))
        took_ms.append(1000 * (time.perf_counter() - began_at))
    recorder.wait_for(SETTLING_S)
    recorded = recorder.sound(since)
    at = np.flatnonzero(np.abs(recorded) > LOUD)
    edge = round(EDGE_S * PCM_RATE_HZ)
    tone = recorded[at[0] + edge : at[-1] - edge] if len(at) else recorded[:0]
    if len(tone) < PCM_RATE_HZ:
        raise DeviceError("What was sent is not heard at the microphone: see `mic test`.")
    return Steady(gaps(tone, PCM_RATE_HZ, strongest_hz(tone, PCM_RATE_HZ)), took_ms, own_ms)


def back_after_s(device: str | None, restart: Callable[[], None]) -> float:
    """Return how long after `restart`, which returns once the server answers, sound is heard.

    Raises:
        DeviceError: If it is not within LIMIT_S.
    """
    source = recorded_source(device)
    with VirtualMic(device=device) as mic:
        restart()
        answered_at = time.monotonic()
        while time.monotonic() < answered_at + LIMIT_S:
            mic.clear()
            mic.send(_tone(1.0), ENGINE_HZ)
            with Recorder(source) as recorder:
                try:
                    recorder.wait_for(2 * BURST_S)
                except DeviceError:
                    continue
                at = np.flatnonzero(np.abs(recorder.sound()) > LOUD)
                if len(at):
                    return recorder.came_at(int(at[0])) - answered_at
    raise DeviceError(f"The microphone is not back {LIMIT_S:.0f} s after the sound server is.")


@contextmanager
def busy() -> Iterator[None]:
    """Keep every core busy."""
    with ExitStack() as burners:
        for _ in range(os.cpu_count() or 1):
            process = burners.enter_context(
                subprocess.Popen([sys.executable, "-c", "while True: pass"])
            )
            burners.callback(process.kill)
        yield


def _idle_cpu_percent(seconds: float) -> float:
    process = psutil.Process()
    before, began_at = sum(process.cpu_times()[:2]), time.monotonic()
    threading.Event().wait(seconds)
    used_s = sum(process.cpu_times()[:2]) - before
    return 100 * used_s / (time.monotonic() - began_at)


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[math.ceil(share * len(values)) - 1]


def _tone(seconds: float) -> NDArray[np.float32]:
    at_s = np.arange(round(seconds * ENGINE_HZ)) / ENGINE_HZ
    return (LEVEL * np.sin(2 * np.pi * TONE_HZ * at_s)).astype(np.float32)
