"""Kokoro's int8 ONNX file as the float32 safetensors file that our modules read.

The ONNX file holds weights quantised to 8 bits (MatMulInteger, ConvInteger,
DynamicQuantizeLSTM) with weight norm already folded in. Each weight is found
through the node that uses it, because the node's name carries the module's path.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # has no stubs
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from rtvc_bridge.errors import ModelError, StorageError
from rtvc_bridge.stages.conversion import CONVERSION_VERSION

__all__ = ["CONVERSION_VERSION", "kokoro_safetensors", "read_weights"]

_TENSOR_COUNT = 457

_Array: TypeAlias = NDArray[np.generic]
_Weights: TypeAlias = dict[str, NDArray[np.float32]]
_Node: TypeAlias = onnx.NodeProto
_Initialisers: TypeAlias = Mapping[str, onnx.TensorProto]

# The path of a module in the ONNX file -> in ours.
_RENAMES = [
    (r"^decoder\.decoder\.", "decoder."),
    (r"^encoder\.(F0|N|F0_proj|N_proj|shared)\b", r"predictor.\1"),
    (r"^encoder\.", ""),
    (r"^bert\.encoder\.albert_layer_groups\.0\.albert_layers\.0\.", "bert.layer."),
    (r"^bert\.encoder\.embedding_hidden_mapping_in", "bert.widen"),
    (r"^bert\.embeddings\.(word|position|token_type)_embeddings", r"bert.\1"),
    (r"^bert\.embeddings\.LayerNorm", "bert.norm"),
    (r"^bert\.layer\.attention\.LayerNorm", "bert.layer.attention_norm"),
    (r"^bert\.layer\.attention\.", "bert.layer."),
    (r"^bert\.layer\.full_layer_layer_norm", "bert.layer.norm"),
    (r"^(text_encoder\.cnn\.\d)\.0\.", r"\1.conv."),
    (r"^(text_encoder\.cnn\.\d)\.1\.gamma", r"\1.norm.weight"),
    (r"^(text_encoder\.cnn\.\d)\.1\.beta", r"\1.norm.bias"),
    (r"^predictor\.text_encoder\.", "predictor.duration_encoder."),
    (r"^predictor\.duration_proj\.linear_layer", "predictor.duration_proj"),
    (r"\bF0\.(\d)", r"f0_blocks.\1"),
    (r"\bN\.(\d)", r"energy_blocks.\1"),
    (r"\bF0_", "f0_"),
    (r"\bN_", "energy_"),
    (r"\basr_res\.(asr_res\.)?0", "asr_res"),
    (r"\bm_source\.l_linear", "source_mix"),
    (r"\badain(\d)\.(\d)\.fc", r"styled\1.\2.norm.fc"),
    (r"\bconvs(\d)\.(\d)", r"styled\1.\2.conv"),
    (r"\balpha(\d)\.(\d)", r"styled\1.\2.alpha"),
    (r"\bstyled1\b", "first"),
    (r"\bstyled2\b", "second"),
]
_PLAIN_NAME = re.compile(r"^(encoder|decoder)\..*\.(bias|weight|gamma|beta|alpha[12]\.\d)$")
_OPERATION = re.compile(r"/(Conv|Gemm_MatMul|MatMul|LSTM|ConvTranspose|Gather)(_quant.*)?$")


def kokoro_safetensors(onnx_path: Path, out_path: Path) -> None:
    """Write the weights in `onnx_path` to `out_path`, dequantised, whole or not at all.

    Raises:
        ModelError: If `onnx_path` is not the Kokoro model we know.
        StorageError: If `out_path` cannot be written.
    """
    weights = read_weights(onnx_path)
    metadata = {
        "conversion_version": str(CONVERSION_VERSION),
        "source_sha256": _sha256(onnx_path),
    }
    _write(weights, metadata, out_path)


def read_weights(onnx_path: Path) -> _Weights:
    """Return every weight of the model under our modules' names, float32.

    Raises:
        ModelError: If the file cannot be read or is not the Kokoro model we know.
    """
    try:
        graph = onnx.load(onnx_path).graph
    except (OSError, DecodeError) as error:
        raise ModelError(f"{onnx_path} cannot be read as an ONNX file: {error}") from error
    initialisers = {item.name: item for item in graph.initializer}
    weights = {
        our_name(name): _array(item)
        for name, item in initialisers.items()
        if _PLAIN_NAME.match(name)
    }
    for node in graph.node:
        reader = _READERS.get(node.op_type)
        if reader is not None:
            weights.update(reader(node, initialisers))
    if len(weights) != _TENSOR_COUNT:
        found = f"{len(weights)} of the {_TENSOR_COUNT} weights"
        raise ModelError(f"{onnx_path} is not the Kokoro model we know: it holds {found}.")
    return {name: _shaped(name, value) for name, value in weights.items()}


def our_name(name: str) -> str:
    """Return the name our modules use for the ONNX file's dotted `name`."""
    for pattern, replacement in _RENAMES:
        name = re.sub(pattern, replacement, name)
    return name


def torch_gates(stacked: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return [4 * hidden, ...] in torch's gate order (i, f, g, o), given ONNX's (i, o, f, g)."""
    i, o, f, g = np.split(stacked, 4)
    return np.concatenate([i, f, g, o])


def dequantised(
    quantised: _Array, scale: NDArray[np.float32], zero_point: _Array
) -> NDArray[np.float32]:
    """Return (quantised - zero_point) * scale; both broadcast over the last axis."""
    steps = quantised.astype(np.int32) - zero_point.astype(np.int32)
    return (steps * scale).astype(np.float32)


def _path(node: _Node) -> str:
    """Return our name of the module that `node` stands for, for example "decoder.conv_post"."""
    scope = _OPERATION.sub("", node.name).removeprefix("/")
    # "cnn.0/cnn.0.0" repeats its container, "F0.0/conv1" does not.
    scope = re.sub(r"(cnn\.\d)/cnn\.\d", r"\1", scope)
    return our_name(scope.replace("/", ".") + ".").removesuffix(".")


def _array(item: onnx.TensorProto) -> NDArray[np.float32]:
    return np.asarray(onnx.numpy_helper.to_array(item), np.float32)


def _dequantised(node: _Node, initialisers: _Initialisers, zero_point: str) -> _Weights:
    """Return the int8 weight that is the second input of `node`, in ONNX's layout."""
    name = node.input[1]
    if name not in initialisers or not name.endswith("_quantized"):
        return {}
    scale = initialisers[name.removesuffix("_quantized") + "_scale"]
    value = dequantised(
        onnx.numpy_helper.to_array(initialisers[name]),
        _array(scale),
        onnx.numpy_helper.to_array(initialisers[zero_point]),
    )
    return {f"{_path(node)}.weight": value}


def _linear(node: _Node, initialisers: _Initialisers) -> _Weights:
    """Read a MatMulInteger: [in, out] there, [out, in] here."""
    found = _dequantised(node, initialisers, node.input[3])
    # PL-BERT runs one layer twelve times: "query_7" is "query" again.
    return {re.sub(r"_\d+\.weight$", ".weight", name): value.T for name, value in found.items()}


def _convolution(node: _Node, initialisers: _Initialisers) -> _Weights:
    """Read a ConvInteger: [out, in, kernel] in both."""
    return _dequantised(node, initialisers, node.input[3])


def _plain(node: _Node, initialisers: _Initialisers) -> _Weights:
    """Read a Conv, ConvTranspose or MatMul that was left in float32."""
    item = initialisers.get(node.input[1])
    if item is None or "istft" in node.name:
        return {}
    value = _array(item)
    return {f"{_path(node)}.weight": value.T if node.op_type == "MatMul" else value}


def _embedding(node: _Node, initialisers: _Initialisers) -> _Weights:
    """Read a table of embeddings; the node takes a gathered row of it."""
    stem = node.input[1].removesuffix("_scale")
    table, scale, zero_point = (
        onnx.numpy_helper.to_array(initialisers[name])
        for name in (f"{stem}_quantized", *node.input[1:3])
    )
    return {our_name(stem): dequantised(table, scale, zero_point)}


def _lstm(node: _Node, initialisers: _Initialisers) -> _Weights:
    """Read a two-way LSTM: quantised [2, in, 4 * hidden] and biases [2, 8 * hidden]."""
    stem = _path(node)
    weights: _Weights = {}
    arrays = [
        onnx.numpy_helper.to_array(initialisers[node.input[index]])
        for index in (1, 2, 3, 8, 9, 10, 11)
    ]
    w, r, bias, w_scale, w_zero, r_scale, r_zero = arrays
    for way, ending in enumerate(("l0", "l0_reverse")):
        b_w, b_r = np.split(bias[way], 2)
        weights[f"{stem}.weight_ih_{ending}"] = torch_gates(
            dequantised(w[way], w_scale[way], w_zero[way]).T
        )
        weights[f"{stem}.weight_hh_{ending}"] = torch_gates(
            dequantised(r[way], r_scale[way], r_zero[way]).T
        )
        weights[f"{stem}.bias_ih_{ending}"] = torch_gates(b_w)
        weights[f"{stem}.bias_hh_{ending}"] = torch_gates(b_r)
    return weights


_READERS: Mapping[str, Callable[[_Node, _Initialisers], _Weights]] = {
    "MatMulInteger": _linear,
    "ConvInteger": _convolution,
    "Conv": _plain,
    "ConvTranspose": _plain,
    "MatMul": _plain,
    "DequantizeLinear": _embedding,
    "DynamicQuantizeLSTM": _lstm,
}


def _shaped(name: str, value: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `value` laid out for safetensors; snake's alpha becomes [channels, 1]."""
    if name.endswith(".alpha"):
        value = value.reshape(-1, 1)
    return np.ascontiguousarray(value)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(weights: _Weights, metadata: dict[str, str], out_path: Path) -> None:
    """Write beside `out_path`, then put in its place."""
    try:
        out_path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=out_path.parent, prefix=".convert-") as folder:
            half = Path(folder) / out_path.name
            save_file(weights, half, metadata)
            half.replace(out_path)
    except (OSError, SafetensorError) as error:
        raise StorageError(f"{out_path} cannot be written: {error}") from error
