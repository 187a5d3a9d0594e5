"""Speech-like sound through the microphone for half an hour: gaps, drift, memory, threads, files.

Bursts of a tone, 2 s of sound and 1 s of silence, so that it rests and wakes all the time.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.mic import running
from rtvc_virtualmic import VirtualMic
from rtvc_virtualmic.analysis import gaps, strongest_hz
from rtvc_virtualmic.bench import ENGINE_HZ, LOUD
from rtvc_virtualmic.recorder import Recorder
from sound_server import RATE_HZ

SOUND_S = 2.0
PAUSE_S = 1.0
EDGE = 480
RECORDING_S = 60.0
"""A recorder keeps all it hears: a new one now and then, as listeners come and go."""


def burst(mic: VirtualMic, recorder: Recorder) -> tuple[float | None, int, float]:
    """Send one; return how late it came in ms, its gaps, and its length in seconds."""
    at_s = np.arange(round(SOUND_S * ENGINE_HZ)) / ENGINE_HZ
    since, sent_at = recorder.samples, time.monotonic()
    mic.send((0.4 * np.sin(2 * np.pi * 997 * at_s)).astype(np.float32), ENGINE_HZ)
    recorder.wait_for(SOUND_S + PAUSE_S)
    sound = recorder.sound(since)
    at = np.flatnonzero(np.abs(sound) > LOUD)
    if len(at) < RATE_HZ:
        return None, 1, 0.0
    tone = sound[at[0] + EDGE : at[-1] - EDGE]
    late_ms = 1000 * (recorder.came_at(since + int(at[0])) - sent_at)
    return late_ms, gaps(tone, RATE_HZ, strongest_hz(tone, RATE_HZ)), (at[-1] - at[0]) / RATE_HZ


def soak(kind: str, minutes: float) -> dict[str, object]:
    """Return the figures of that long."""
    process = psutil.Process()
    late_ms: list[float] = []
    found = {"bursts": 0, "lost": 0, "gaps": 0, "wrong_length": 0}
    with running(kind), VirtualMic() as mic:
        source = "rtvc_mic"
        mib_before, threads_before, files_before = 0.0, 0, 0
        end_at = time.monotonic() + 60 * minutes
        while time.monotonic() < end_at:
            with Recorder(source) as recorder:
                recorder.wait_for(PAUSE_S)
                while recorder.samples < RECORDING_S * RATE_HZ and time.monotonic() < end_at:
                    late, missing, seconds = burst(mic, recorder)
                    found["bursts"] += 1
                    found["lost"] += late is None
                    found["gaps"] += missing
                    found["wrong_length"] += bool(abs(seconds - SOUND_S) > 0.01)
                    late_ms += [] if late is None else [late]
            if not mib_before:
                mib_before = process.memory_info().rss / 2**20
                threads_before, files_before = process.num_threads(), process.num_fds()
        return {
            **found,
            "first_minute_ms": statistics.median(late_ms[:20]),
            "last_minute_ms": statistics.median(late_ms[-20:]),
            "grown_mib": process.memory_info().rss / 2**20 - mib_before,
            "grown_threads": process.num_threads() - threads_before,
            "grown_files": process.num_fds() - files_before,
            "underruns": mic.stats.underruns,
            "dropped_ms": mic.stats.dropped_ms,
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--server", choices=("pulse", "pipewire"), default="pulse")
    asked = parser.parse_args()
    print(json.dumps({"server": asked.server, **soak(asked.server, asked.minutes)}))  # noqa: T201 - its output
