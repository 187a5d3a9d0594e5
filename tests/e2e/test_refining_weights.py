"""Refinement on the real weights: through the worker, as the program does it."""

from dataclasses import replace
from threading import Event

import numpy as np
import pytest
import torch

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.enrolment import read_clip
from rtvc_bridge.pipeline import PIPELINE_NAME, Delivery
from rtvc_bridge.stages.assemble import tuner_file
from rtvc_bridge.stages.campplus import load_campplus
from rtvc_bridge.stages.pitch import median_f0_hz
from rtvc_bridge.stages.tuner import load_tuner
from rtvc_bridge.voices import Consent
from rtvc_bridge.worker import Worker, refinements

pytestmark = pytest.mark.models

CONSENT = Consent("the reader", "2026-01-01T00:00:00Z")
LINE = "The train was late again because of the heavy snow."


@pytest.fixture(scope="module")
def clip(artifact):
    recording = read_clip(artifact("demo-speech")).audio
    return Audio(recording.samples[: 10 * recording.rate_hz], recording.rate_hz)


@pytest.fixture(scope="module")
def worker(artifact):
    for name in ("kokoro-82m", "ge2e", "perth", "distilmos", "campplus"):
        artifact(name)
    with Worker("rtvc_bridge.stages.assemble:three_stage", {}) as worker:
        worker.wait_ready()
        yield worker


def spoken(worker, voice):
    return joined(worker.speak(LINE, voice, Delivery(), stop=Event()))


def semitones(sound):
    f0_hz = median_f0_hz([sound])
    assert f0_hz is not None
    return 12 * np.log2(f0_hz)


def test_a_clone_speaks_within_a_semitone_and_a_half_of_its_speaker(worker, clip):
    voice = worker.enrol([clip], name="reader", consent=CONSENT)
    assert voice.tensors[PIPELINE_NAME]["pitch_semitones"].shape == (1,)
    assert 0.8 <= voice.tensors[PIPELINE_NAME]["pace"][0] <= 1.25
    assert abs(semitones(spoken(worker, voice)) - semitones(clip)) < 1.5


def test_the_second_encoder_tells_a_speaker_from_the_nearest_stock_voice(worker, clip, artifact):
    network = load_campplus(artifact("campplus"))
    voice = worker.enrol([clip], name="reader", consent=CONSENT)
    _, tensors = load_tuner(tuner_file()).nearest_stock(voice.embedding)
    stock = replace(voice, tensors={PIPELINE_NAME: tensors})
    samples = torch.from_numpy(clip.at(16_000).samples)
    first, second = (network(half) for half in samples.chunk(2))
    other = network(torch.from_numpy(spoken(worker, stock).at(16_000).samples))
    assert float(first @ second) > 0.5
    assert float(first @ other) < float(first @ second) - 0.2


@pytest.mark.timeout(900)
def test_a_few_steps_make_a_clone_more_alike(worker, clip):
    voice = worker.enrol([clip], name="reader", consent=CONSENT)
    steps = list(refinements(worker.run, voice, [clip], steps=4))
    assert [each.done for each in steps] == [0, 1, 2, 3, 4]
    assert steps[-1].best_loss < steps[0].best_loss
    refined = steps[-1].voice
    kept, found = (each.tensors[PIPELINE_NAME] for each in (voice, refined))
    assert 0 < np.abs(found["decoder_offsets"] - kept["decoder_offsets"]).max() < 0.2
    assert found["syllables_per_s"] == kept["syllables_per_s"]
    assert refined.id == voice.id
    embedding = worker.embed(clip)
    before, after = (worker.embed(spoken(worker, each)) for each in (voice, refined))
    assert after @ embedding > before @ embedding
