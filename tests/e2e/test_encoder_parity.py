"""Our speaker encoder against Resemblyzer's own code, on the same weights and the same speech."""

import sys
import warnings
from types import ModuleType

import numpy as np
import pytest
import soundfile
import torch

from rtvc_bridge.audio import Audio
from rtvc_bridge.stages.encoder import load_encoder, loud_enough, partial_count
from rtvc_bridge.stages.mel import mel_filters

pytestmark = pytest.mark.models

MOST_ERROR = 1e-5
"""Largest difference allowed in any of the 256 numbers; 1.3e-7 was measured."""


@pytest.fixture(autouse=True)
def one_thread():
    """LSTMs on two threads crawl while another program computes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def encoder(artifact):
    return load_encoder(artifact("ge2e"))


@pytest.fixture(scope="module")
def peer(artifact):
    """Resemblyzer's VoiceEncoder and audio modules, without webrtcvad, which only trims."""
    pytest.importorskip("librosa")
    code, weights = artifact("resemblyzer-code"), artifact("ge2e-pretrained")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its imports are of another year
        patch.setitem(sys.modules, "webrtcvad", ModuleType("webrtcvad"))
        patch.syspath_prepend(str(code))
        from resemblyzer import audio
        from resemblyzer.voice_encoder import VoiceEncoder

        yield VoiceEncoder("cpu", verbose=False, weights_fpath=weights), audio


@pytest.fixture(scope="module")
def speech(artifact):
    samples, rate_hz = soundfile.read(artifact("demo-speech"), dtype="float32")
    return Audio(samples, rate_hz).at(16_000)


@pytest.mark.parametrize("seconds", [0.3, 1.0, 1.59, 1.6, 2.9, 3.0, 10.0, 44.0])
@pytest.mark.parametrize("gain", [1.0, 0.01])
def test_the_d_vector_is_resemblyzers(encoder, peer, speech, seconds, gain):
    voice_encoder, audio = peer
    clip = Audio(speech.samples[: round(seconds * 16_000)] * np.float32(gain), 16_000)
    theirs = voice_encoder.embed_utterance(
        audio.normalize_volume(clip.samples, -30, increase_only=True)
    )
    ours = encoder.embed(clip)
    np.testing.assert_allclose(ours, theirs, atol=MOST_ERROR)
    assert ours @ theirs > 0.9999


def test_the_d_vector_tells_halves_of_a_reading_from_another_clip(encoder, speech):
    half = len(speech.samples) // 2
    first = encoder.embed(Audio(speech.samples[:half], 16_000))
    second = encoder.embed(Audio(speech.samples[half:], 16_000))
    faster = encoder.embed(Audio(speech.samples[half:], 22_000))  # another, higher voice
    assert first @ second > 0.9
    assert first @ second > first @ faster + 0.1


def test_partials_are_cut_where_resemblyzer_cuts(peer):
    voice_encoder, _ = peer
    for samples in range(1, 200_000, 97):
        slices, _ = voice_encoder.compute_partial_slices(samples, 1.3, 0.75)
        assert partial_count(samples) == len(slices), samples


def test_mel_filters_are_librosas():
    librosa = pytest.importorskip("librosa")
    theirs = librosa.filters.mel(sr=16_000, n_fft=400, n_mels=40)
    np.testing.assert_allclose(mel_filters(16_000, 400, 40), theirs, atol=1e-8)


def test_softening_is_undone_as_resemblyzer_does(peer, speech):
    _, audio = peer
    soft = speech.samples[:32_000] * np.float32(0.01)
    theirs = audio.normalize_volume(soft, -30, increase_only=True)
    np.testing.assert_allclose(loud_enough(soft), theirs, rtol=1e-5)
