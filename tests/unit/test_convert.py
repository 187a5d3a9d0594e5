import numpy as np
import onnx
import pytest

from rtvc_bridge.errors import ModelError
from rtvc_bridge.stages.convert import dequantised, kokoro_safetensors, our_name, torch_gates


def test_dequantising_undoes_scale_and_zero_point_column_by_column():
    quantised = np.array([[0, 128], [255, 130]], np.uint8)
    scale, zero_point = np.array([0.5, 2.0], np.float32), np.array([0, 128], np.uint8)
    assert dequantised(quantised, scale, zero_point).tolist() == [[0.0, 0.0], [127.5, 4.0]]


def test_lstm_gates_change_from_iofc_to_ifgo():
    onnx_order = np.repeat(np.array([1, 4, 2, 3], np.float32), 2)
    assert torch_gates(onnx_order).tolist() == [1, 1, 2, 2, 3, 3, 4, 4]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("encoder.bert_encoder.bias", "bert_encoder.bias"),
        (
            "encoder.bert.encoder.albert_layer_groups.0.albert_layers.0.attention.LayerNorm.bias",
            "bert.layer.attention_norm.bias",
        ),
        ("encoder.predictor.F0.1.pool.bias", "predictor.f0_blocks.1.pool.bias"),
        ("encoder.text_encoder.cnn.2.1.gamma", "text_encoder.cnn.2.norm.weight"),
        (
            "decoder.decoder.generator.noise_res.1.adain2.0.fc.bias",
            "decoder.generator.noise_res.1.second.0.norm.fc.bias",
        ),
    ],
)
def test_names_become_ours(theirs, ours):
    assert our_name(theirs) == ours


def other_model() -> bytes:
    graph = onnx.helper.make_graph([], "other", [], [])
    return bytes(onnx.helper.make_model(graph).SerializeToString())


@pytest.mark.parametrize(
    "content", [b"", b"not a model", other_model()], ids=["empty", "garbage", "other model"]
)
def test_a_file_that_is_not_the_model_is_refused_and_leaves_nothing(tmp_path, content):
    source, out = tmp_path / "model.onnx", tmp_path / "out" / "model.safetensors"
    source.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.onnx"):
        kokoro_safetensors(source, out)
    assert not out.parent.exists()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"gone\.onnx"):
        kokoro_safetensors(tmp_path / "gone.onnx", tmp_path / "out.safetensors")
