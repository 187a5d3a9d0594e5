"""Nothing leaves the synthesis process without the watermark, whatever goes wrong with it."""

import threading
from pathlib import Path

import numpy as np
import pytest

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.errors import ModelError
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.testing import humming, tone_voice
from rtvc_bridge.worker import UNMARKED, Worker

pytestmark = pytest.mark.trust

HERE = Path(__file__).parent
PLUGGED_IN = "watermark_factories:plugged_in"
FAULTY = "watermark_factories:faulty"
LINE = "A sentence that is long enough to be hummed for a whole second, and then some more of it."


@pytest.fixture
def factories(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(HERE))


@pytest.fixture
def weights(artifact, factories):
    """The watermark's file, in the cache that the synthesis process will use."""
    return artifact("perth")


@pytest.fixture
def bare_home(tmp_path, monkeypatch, factories):
    """A computer that has no weights and no network."""
    monkeypatch.setenv("RTVC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RTVC_OFFLINE", "1")
    monkeypatch.delenv("RTVC_MODELS", raising=False)
    return tmp_path / "home"


def spoken(pipeline, heard=None):
    heard = [] if heard is None else heard
    voice = tone_voice("alba", 220.0)
    heard.extend(pipeline.speak(LINE, voice, Delivery(), stop=threading.Event()))
    return heard


def refused(factory):
    """Return what `factory`'s worker says instead of speaking; no sound may have come before."""
    heard: list[Audio] = []
    with Worker(factory, {}) as worker, pytest.raises(ModelError) as caught:
        spoken(worker, heard)
    assert not heard
    return str(caught.value)


@pytest.mark.models
def test_a_plug_ins_sound_is_marked_though_the_plug_in_knows_nothing_of_it(weights):
    with Worker(PLUGGED_IN, {}) as worker:
        marked = joined(spoken(worker))
    plain = joined(spoken(humming()))
    assert marked.samples.shape == plain.samples.shape
    mark = marked.samples - plain.samples
    assert np.sqrt(np.mean(mark**2)) > 0.01 * np.sqrt(np.mean(plain.samples**2))


@pytest.mark.models
def test_a_job_that_speaks_gets_marked_sound_too(weights):
    with Worker(PLUGGED_IN, {}) as worker:
        by_job = joined(worker.run(spoken))
    plain = joined(spoken(humming()))
    assert np.abs(by_job.samples - plain.samples).max() > 1e-3


@pytest.mark.models
def test_the_line_fails_with_a_reason_at_the_piece_that_cannot_be_marked(weights):
    heard: list[Audio] = []
    with Worker(FAULTY, {}) as worker, pytest.raises(ModelError, match="no sound is let out"):
        spoken(worker, heard)
    assert all(np.isfinite(piece.samples).all() for piece in heard)


def test_without_the_watermarks_weights_nothing_is_spoken(bare_home):
    assert "rtvc-bridge models pull perth" in refused(PLUGGED_IN)


@pytest.mark.models
@pytest.mark.parametrize("damage", ["cut short", "bytes changed"])
def test_with_damaged_weights_nothing_is_spoken(artifact, bare_home, damage):
    source = artifact("perth").parent
    copy = bare_home / "cache" / "models" / source.name
    copy.mkdir(parents=True)
    for file in source.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    weights = copy / "perth.safetensors"
    content = weights.read_bytes()
    middle = len(content) // 2
    zeroed = content[:4096] + bytes(len(content) - 4096)
    weights.write_bytes(content[:middle] if damage == "cut short" else zeroed)
    assert "perth" in refused(PLUGGED_IN)


def test_without_the_watermarks_module_nothing_is_spoken(bare_home, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['rtvc_bridge.stages.watermark'] = None\n", encoding="utf-8"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{HERE}")
    assert "The watermark cannot be loaded" in refused(PLUGGED_IN)


def test_only_the_humming_pipeline_of_the_tests_goes_unmarked(bare_home):
    assert frozenset({"rtvc_bridge.testing:humming"}) == UNMARKED
    with Worker("rtvc_bridge.testing:humming", {}) as worker:
        assert spoken(worker)
