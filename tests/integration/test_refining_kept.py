"""A refined voice in the store: signed again, and nothing else about it changed."""

import io
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from rtvc_bridge.cli.assembly import policy_of, voice_store
from rtvc_bridge.cli.refining import keep, refine_kept
from rtvc_bridge.config import Settings
from rtvc_bridge.errors import ClipRejectedError, ModelError
from rtvc_bridge.testing import tone_voice

VOICE = tone_voice("alba", 220.0)
REFINED = {"humming": {"pitch_hz": np.array([225.0], np.float32)}}


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    return Settings.model_validate({"models": {"pipeline": "humming"}})


@pytest.fixture
def stored(settings):
    with policy_of(settings) as policy:
        voice_store(settings).add(policy.trust.sign(VOICE))
    return voice_store(settings)


def test_the_refined_tensors_are_kept_under_a_signature_that_holds(settings, stored):
    keep(settings, replace(VOICE, tensors=REFINED))
    kept = stored.get("alba")
    np.testing.assert_array_equal(kept.tensors["humming"]["pitch_hz"], [225.0])
    with policy_of(settings) as policy:
        policy.trust.check_record(kept)


def test_a_voice_renamed_meanwhile_keeps_its_new_name(settings, stored):
    stored.rename("alba", "alba at home")
    keep(settings, replace(VOICE, tensors=REFINED))
    assert stored.names() == ["alba at home"]


def test_a_voice_without_kept_speech_is_refused_before_anything_starts(settings, stored):
    with pytest.raises(ClipRejectedError, match="No speech is kept in the voice 'alba'"):
        refine_kept(settings, "alba")


def test_a_pipeline_that_cannot_refine_leaves_the_voice_as_it_was(settings, stored, flac):
    with policy_of(settings) as policy:
        stored.update("alba", lambda old: policy.trust.sign(replace(old, clips=(flac,))))
    with pytest.raises(ModelError, match="cannot refine voices"):
        refine_kept(settings, "alba")
    assert stored.get("alba").tensors["humming"]["pitch_hz"] == [220.0]


@pytest.fixture
def flac():
    file = io.BytesIO()
    soundfile.write(file, np.zeros(16_000), 16_000, format="FLAC")
    return file.getvalue()
