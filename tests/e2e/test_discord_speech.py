"""Typed words, through Discord, in the ear of somebody in the channel: right words, right
voice, and marked as synthetic."""

import asyncio

import numpy as np
import pytest
from discord_loopback import Kind
from discord_running import in_loop, stage
from rtvc_discord import Kind as Ending

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.bench.words import spelled_out
from rtvc_bridge.engine import Engine
from rtvc_bridge.enrolment import Clip, read_clip
from rtvc_bridge.safety.consent import attested
from rtvc_bridge.safety.verdict import THRESHOLD
from rtvc_bridge.stages.watermark import load_watermark
from rtvc_bridge.testing import policy
from rtvc_bridge.worker import Worker

pytestmark = [pytest.mark.models, pytest.mark.discord]

LINE = "Please leave the blue box on the chair, and then come back here."
LIKENESS = 0.9
MADE_S = 120.0  # a limit on failure, not a wait


@pytest.fixture(autouse=True)
def _home(artifact, tmp_path, monkeypatch):
    for name in ("kokoro-82m", "ge2e", "whisper-base", "perth"):
        artifact(name)
    monkeypatch.setenv("RTVC_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def worker(artifact):
    artifact("kokoro-82m")
    artifact("ge2e")
    with Worker("rtvc_bridge.stages.assemble:three_stage", {}) as process:
        process.wait_ready()
        yield process


@pytest.fixture(scope="module")
def voice(worker, artifact):
    audio = read_clip(artifact("demo-speech")).audio
    clip = Clip.of(Audio(audio.samples[: 12 * audio.rate_hz], audio.rate_hz))
    with Engine(worker, policy()) as engine:
        return engine.enrol(
            [clip], name="reader", consent=attested("The reader"), keep_clips=False
        ).voice


@pytest.fixture(scope="module")
def recogniser(artifact):
    pytest.importorskip("faster_whisper")
    from rtvc_bridge.bench.words import Recogniser

    return Recogniser(artifact("whisper-base"))


@pytest.fixture(scope="module")
def detector(artifact):
    return load_watermark(artifact("perth"))[1]


@in_loop
async def test_the_far_end_understands_the_words_and_knows_the_voice_and_that_it_is_synthetic(
    tmp_path, worker, voice, recogniser, detector
):
    async with stage(tmp_path, pipeline=worker) as on:
        (server,) = on.servers
        file = joined(await asyncio.to_thread(list, on.engine.say(LINE, voice, lane="file")))
        line = server.say(LINE, voice)
        await asyncio.to_thread(line.wait, MADE_S)  # a slow computer would leave holes in it
        await server.join()
        outcome = await server.outcome(line)
        assert outcome.kind is Ending.SPOKEN
        await server.heard.until_quiet()
        assert server.heard.counts[Kind.PLAIN] == 0
        heard = server.heard.sound()
        words = await asyncio.to_thread(recogniser.words, heard)
        assert spelled_out(words) == spelled_out(LINE)
        as_heard = await asyncio.to_thread(on.engine.embed, heard)
        as_made = await asyncio.to_thread(on.engine.embed, file)
        assert float(np.dot(as_heard, as_made)) > LIKENESS
        verdict = await asyncio.to_thread(detector.verdict, heard)
        assert verdict.score >= THRESHOLD
