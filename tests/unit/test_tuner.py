from dataclasses import fields, replace

import numpy as np
import pytest
from safetensors.numpy import save_file
from tuners import COEFFICIENTS, HALF, LAYERS, SIZE, plain_tuner

from rtvc_bridge.audio import Audio
from rtvc_bridge.errors import ModelError
from rtvc_bridge.stages.assemble import tuner_file
from rtvc_bridge.stages.tuner import features, load_tuner, save_tuner

RNG = np.random.default_rng(0)
EMBEDDING = np.eye(SIZE, dtype=np.float32)[0]
CLIP = Audio(0.1 * RNG.normal(size=16_000).astype(np.float32), 16_000)


def drawn(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def test_without_what_was_learnt_the_answer_is_the_ridge_alone():
    tensors = replace(plain_tuner(), bias=drawn(COEFFICIENTS)).tune(EMBEDDING, [CLIP])
    assert np.abs(tensors["style"][:COEFFICIENTS]).min() > 0
    assert tensors["decoder_offsets"].shape == (LAYERS, HALF)
    assert not tensors["decoder_offsets"].any()


def test_what_was_learnt_of_real_speakers_is_added_to_the_ridge():
    h, z_map, offset_map = drawn(336, 2), drawn(2, COEFFICIENTS), drawn(2, LAYERS * HALF)
    z_bias, offset_bias = drawn(COEFFICIENTS), drawn(LAYERS * HALF)
    mean = drawn(336)
    tuner = replace(
        plain_tuner(),
        feature_mean=mean,
        components=h,
        z_bias=z_bias,
        z_map=z_map,
        offset_bias=offset_bias,
        offset_map=offset_map,
    )
    tensors = tuner.tune(EMBEDDING, [CLIP])
    heard = (features(EMBEDDING, [CLIP]) - mean) @ h
    np.testing.assert_allclose(
        tensors["style"][:COEFFICIENTS], z_bias + heard @ z_map, rtol=1e-4, atol=1e-4
    )
    expected = (offset_bias + heard @ offset_map).reshape(LAYERS, HALF)
    np.testing.assert_allclose(tensors["decoder_offsets"], expected, rtol=1e-4, atol=1e-3)


def test_only_the_ridge_is_limited():
    bold = replace(
        plain_tuner(),
        bias=np.full(COEFFICIENTS, 9, np.float32),
        z_bias=np.full(COEFFICIENTS, 0.5, np.float32),
    )
    np.testing.assert_allclose(bold.tune(EMBEDDING, [CLIP])["style"][:COEFFICIENTS], 3.5)


def test_a_tuner_is_read_back_as_it_was_written(tmp_path):
    tuner = replace(plain_tuner(), bias=drawn(COEFFICIENTS), stock_names=("a", "b"), limit=2.5)
    save_tuner(tuner, tmp_path / "tuner.safetensors")
    again = load_tuner(tmp_path / "tuner.safetensors")
    for each in fields(tuner):
        np.testing.assert_array_equal(getattr(again, each.name), getattr(tuner, each.name))


def test_a_file_of_an_older_shape_is_refused(tmp_path):
    path = tmp_path / "tuner.safetensors"
    save_file({"mean": drawn(SIZE)}, path, metadata={"limit": "3", "stock_names": "a"})
    with pytest.raises(ModelError, match="is not a tuner"):
        load_tuner(path)


def test_the_shipped_tuner_stays_under_its_size():
    assert tuner_file().stat().st_size < 8e6
    tuner = load_tuner(tuner_file())
    learnt = ("weight", "bias", "z_bias", "z_map", "offset_bias", "offset_map")
    assert sum(getattr(tuner, name).size for name in learnt) < 2e6
    assert tuner.components.shape == (336, 48)
    assert tuner.tune(EMBEDDING, [CLIP])["decoder_offsets"].any()
