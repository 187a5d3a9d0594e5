"""Cloned speech as a viewer of OBS gets it: real weights, a real OBS, and a recogniser."""

import numpy as np
import pytest
from obs_program import desktop, missing, until
from obs_recording import sound_of
from obs_speaker import adapter, speaker

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.engine import Engine
from rtvc_bridge.enrolment import Clip, read_clip
from rtvc_bridge.safety.consent import attested
from rtvc_bridge.testing import policy
from rtvc_bridge.worker import Worker

pytestmark = [pytest.mark.models, pytest.mark.obs]

LINES = (
    "Please leave the blue box on the chair, and then come back here.",
    "The stream starts in ten minutes, so tell your friends to come and join us.",
    "Has anyone seen the keys that I left on the table?",
    "The doctor said that I can go home at the end of the week.",
    "If the weather stays dry, we will walk along the river after lunch.",
)
MARGIN = 0.02  # one of their 65 words


@pytest.fixture
def engine(artifact):
    artifact("kokoro-82m")
    artifact("ge2e")
    with (
        Worker("rtvc_bridge.stages.assemble:three_stage", {}) as process,
        Engine(process, policy()) as engine,
    ):
        process.wait_ready()
        yield engine


@pytest.fixture
def voice(engine, artifact):
    audio = read_clip(artifact("demo-speech")).audio
    clip = Clip.of(Audio(audio.samples[: 12 * audio.rate_hz], audio.rate_hz))
    consent = attested("The reader")
    return engine.enrol([clip], name="reader", consent=consent, keep_clips=False).voice


@pytest.fixture
def recogniser(artifact):
    pytest.importorskip("faster_whisper")
    from rtvc_bridge.bench.words import Recogniser

    return Recogniser(artifact("whisper-base"))


@pytest.fixture
def obs(engine, voice, recogniser, tmp_path, monkeypatch):
    if name := missing():
        pytest.skip(f"{name} is not installed")
    with desktop(tmp_path, monkeypatch.setenv, fps=10) as program:
        program.start()
        yield program


def test_the_words_are_understood_in_a_recording_as_well_as_here(obs, engine, voice, recogniser):
    from rtvc_bridge.bench.words import Heard, error_rate

    here, there = [], []
    with (
        speaker(obs.folder, engine=engine, voice=voice) as talker,
        adapter(talker.host, obs.settings()),
    ):
        until(lambda: "RTVC Voice" in str(obs.ask("GetInputList")))
        for line in LINES:
            sound = joined(engine.say(line, voice, lane="test"))
            here.append(Heard(line, recogniser.words(sound)))
            recorded = sound_of(obs.record(lambda said=line: talker.say(said)))
            assert np.abs(recorded).max() > 0.05
            there.append(Heard(line, recogniser.words(Audio(recorded, 48_000))))
    assert error_rate(there) <= error_rate(here) + MARGIN
