"""How often the watermark is found where speech is heard: in Discord, behind the microphone.

    python tests/benchmarks/watermark.py [--lines N] [--voices N] [--speech DIR [--clips N]]
                                         [--json]

Every line is said by a cloned voice and by stock voices, by the worker that speech comes from.
With a folder of real recordings, pieces of these go the same ways: false alarms. RTVC_HOME, or
this user's cache, must hold the weights.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event

import numpy as np

sys.path.pop(0)  # this folder, in which discord is a benchmark
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.discord import spoken_by
from benchmarks.mic import running
from discord_running import Server, stage
from rtvc_virtualmic import VirtualMic
from rtvc_virtualmic.recorder import Recorder

from rtvc_bridge.audio import PCM_RATE_HZ, Audio, joined
from rtvc_bridge.bench.marking import recordings
from rtvc_bridge.bench.sentences import LINES
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.safety.verdict import THRESHOLD
from rtvc_bridge.stages import assemble
from rtvc_bridge.stages.tuner import load_tuner
from rtvc_bridge.stages.watermark import Detector, load_watermark
from rtvc_bridge.stages.weights import Library
from rtvc_bridge.testing import HummingPipeline
from rtvc_bridge.voices import Voice

SERVERS = 10
MICROPHONES = 6
AFTER_S = 0.3
"""What is recorded after a clip's length, as it comes late."""
MOST_LINES = len(LINES)


@dataclass(frozen=True, slots=True)
class Prepared(HummingPipeline):
    """Speaks sound that is there already; the text is its number."""

    clips: tuple[Audio, ...] = ()

    def speak(self, text: str, voice: Voice, delivery: Delivery, *, stop: Event) -> Iterator[Audio]:
        """Yield that sound."""
        del voice, delivery, stop
        yield self.clips[int(text)]


def spoken(lines: Sequence[str], voices: int) -> list[Audio]:
    """Return every line as the worker says it, in a clone and in stock voices."""
    styles = load_tuner(assemble.tuner_file()).stock_styles[: voices - 1]
    with spoken_by() as (worker, clone):
        stock = [replace(clone, tensors={worker.name: {"style": style}}) for style in styles]
        return [
            joined(worker.speak(line, voice, Delivery(), stop=Event()))
            for voice in (clone, *stock)
            for line in lines
        ]


async def at_the_far_end(clips: Sequence[Audio], folder: Path) -> list[Audio]:
    """Return what somebody in a voice channel hears of each, end-to-end encrypted."""
    os.environ["RTVC_HOME"] = str(folder)
    pipeline = Prepared(clips=tuple(clips))
    async with stage(folder, servers=SERVERS, pipeline=pipeline) as on:
        await asyncio.gather(*(server.join() for server in on.servers))

        async def played(server: Server, first: int) -> list[Audio]:
            return [await _heard(server, n) for n in range(first, len(clips), SERVERS)]

        heard = await asyncio.gather(*(played(each, n) for n, each in enumerate(on.servers)))
    return [sound for sounds in heard for sound in sounds]


async def _heard(server: Server, number: int) -> Audio:
    server.heard.clear()
    await server.outcome(server.say(str(number)))
    await server.heard.until_quiet()
    return server.heard.sound()


def behind_the_microphone(clips: Sequence[Audio]) -> list[Audio]:
    """Return what another program records of each."""
    with running("pulse"), ThreadPoolExecutor(MICROPHONES) as pool:
        shares = [clips[number::MICROPHONES] for number in range(MICROPHONES)]
        names = [f"microphone_{number}" for number in range(MICROPHONES)]
        return [sound for sounds in pool.map(_recorded, names, shares) for sound in sounds]


def _recorded(device: str, clips: Sequence[Audio]) -> list[Audio]:
    sounds = []
    with VirtualMic(device=device) as mic:
        for clip in clips:
            with Recorder(device) as recorder:
                recorder.wait_for(AFTER_S)
                assert mic.send(clip.samples, clip.rate_hz) == len(clip.samples)
                recorder.wait_for(clip.seconds + AFTER_S)
                sounds.append(Audio(recorder.sound(), PCM_RATE_HZ))
    return sounds


def found(detector: Detector, sounds: Sequence[Audio]) -> dict[str, float]:
    """Return in how many of them the mark is found, and the scores at the edges."""
    scores = [detector.verdict(sound).score for sound in sounds]
    low, high = np.quantile(scores, (0.01, 0.99))
    return {
        "clips": float(len(scores)),
        "found": float(np.mean(np.array(scores) >= THRESHOLD)),
        "score_1_percent": float(low),
        "score_99_percent": float(high),
    }


def measured(clips: dict[str, Sequence[Audio]]) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the figures of each kind of clip, each way."""
    _, detector = load_watermark(Library.default().path(assemble.WATERMARK))
    with tempfile.TemporaryDirectory() as folder:
        for name, sounds in clips.items():
            yield f"{name}_as_they_are", found(detector, sounds)
            far = asyncio.run(at_the_far_end(sounds, Path(folder) / name))
            yield f"{name}_at_the_far_end", found(detector, far)
            yield f"{name}_behind_the_microphone", found(detector, behind_the_microphone(sounds))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    number = partial(parser.add_argument, type=int)
    number("--lines", default=MOST_LINES, choices=range(1, MOST_LINES + 1), metavar="N")
    number("--voices", default=10)
    parser.add_argument("--speech", type=Path, metavar="DIR")
    number("--clips", default=500, help="pieces of real recordings")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    logging.disable(logging.ERROR)
    clips: dict[str, Sequence[Audio]] = {"marked": spoken(LINES[: chosen.lines], chosen.voices)}
    if chosen.speech is not None:
        clips["recordings"] = recordings(chosen.speech, chosen.clips)
    for name, figures in measured(clips):
        table = [f"{name:36} {key:18} {value:8.3f}" for key, value in figures.items()]
        sys.stdout.write((json.dumps({name: figures}) if chosen.json else "\n".join(table)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
