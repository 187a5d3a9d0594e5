"""What bad recordings leave of a likeness, on the real weights."""

from itertools import islice

import pytest
import soundfile

from rtvc_bridge.audio import Audio
from rtvc_bridge.bench.judges import SECOND_ENCODER, SecondEmbedder
from rtvc_bridge.bench.robustness import Robustness
from rtvc_bridge.enrolment import read_clip
from rtvc_bridge.voices import Consent
from rtvc_bridge.worker import Worker

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def bench(artifact):
    for name in ("kokoro-82m", "ge2e", "perth"):
        artifact(name)
    second = SecondEmbedder(artifact(SECOND_ENCODER))
    with Worker("rtvc_bridge.stages.assemble:three_stage", {}) as worker:
        worker.wait_ready()
        yield Robustness(worker, second, Consent("reader", "2026-01-01T00:00:00Z"))


def speech(folder, recording, speakers):
    """Write ten clips of 3.5 s for each, from one recording, each gain a speaker."""
    samples, rate_hz = recording.samples, recording.rate_hz
    length = round(3.5 * rate_hz)
    for name, gain in speakers.items():
        (folder / name).mkdir(parents=True)
        for place in range(10):
            piece = gain * samples[place * length : (place + 1) * length]
            soundfile.write(folder / name / f"{place}.flac", piece, rate_hz)
    return folder


def test_each_condition_tells_likeness_and_who_was_refused(bench, artifact, tmp_path):
    recording: Audio = read_clip(artifact("demo-speech")).audio
    folder = speech(tmp_path / "speech", recording, {"reader": 1.0, "silent": 0.0})
    conditions = dict(islice(bench.conditions(folder), 2))
    assert list(conditions) == ["clean", "opus_24"]
    for left in conditions.values():
        assert left.refused == 1
        assert left.recorded_s == pytest.approx(10.5, abs=0.1)
        for likeness in (left.ge2e, left.second):
            assert likeness is not None
            assert 0.5 < likeness < 1
        assert left.second != left.ge2e
