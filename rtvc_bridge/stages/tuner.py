"""From a speaker's d-vector and long-term spectrum to the style that the other stages read.

The first tuner is an inversion by ridge regression: thousands of voices are drawn from the
space that the synthesizer's stock styles span, each speaks a sentence, and the map from how
it sounds back to where it was drawn is solved for (models/training/). Numpy only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.errors import ModelError
from rtvc_bridge.stages.line import KEPT, is_narrow
from rtvc_bridge.stages.mel import mel_filters
from rtvc_bridge.stages.style import HALF
from rtvc_bridge.voices import Embedding, Tensors

RATE_HZ = 16_000
N_FFT = 1024
HOP = 256
N_BANDS = 80
LOUD_QUANTILE = 0.4
EMBEDDING_GAIN = 16.0
"""Brings the unit-length d-vector to the scale of the spectrum, so one ridge serves both."""

STYLE_SIZE = 256
EMBEDDING_SIZE = 256


def long_term_spectrum(clips: Sequence[Audio]) -> NDArray[np.float32]:
    """Return the speech's mean log-mel spectrum without its level, float32 [80].

    Bands are Slaney mel up to 8 kHz; the quietest 40 % of frames are left out, so that
    pauses and room noise do not count as voice.
    """
    samples = joined(clip.at(RATE_HZ) for clip in clips).samples
    padded = np.pad(samples, (0, max(0, N_FFT - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(N_FFT), axis=1)) ** 2
    energy = power.sum(axis=1)
    loud = power[energy >= np.quantile(energy, LOUD_QUANTILE)]
    filters = mel_filters(RATE_HZ, N_FFT, N_BANDS)
    mean = np.log(loud @ filters.T + 1e-8).mean(axis=0)
    spectrum: NDArray[np.float32] = (mean - mean.mean()).astype(np.float32)
    return spectrum


def features(embedding: Embedding, clips: Sequence[Audio]) -> NDArray[np.float32]:
    """Return what the ridge reads: float32 [336], d-vector then spectrum."""
    read = np.concatenate([EMBEDDING_GAIN * embedding, long_term_spectrum(clips)])
    return read.astype(np.float32)


def line_features(read: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what of the features a telephone lets through, float32 [256 + kept bands]."""
    kept = read[EMBEDDING_SIZE:][KEPT]
    return np.concatenate([read[:EMBEDDING_SIZE], kept - kept.mean()])


@dataclass(frozen=True, slots=True)
class RidgeTuner:
    """Features to style, in one matrix.

    Attributes:
        mean: float32 [256], the mean stock style.
        basis: float32 [n_coefficients, 256], one standard deviation along each direction.
        weight: float32 [336, n_coefficients].
        bias: float32 [n_coefficients].
        feature_mean: float32 [336].
        components: float32 [336, n_components], what of the features less their mean tells real
            speakers apart, each of unit variance.
        z_bias: float32 [n_coefficients], what was learnt on real speakers, added to the ridge's.
        z_map: float32 [n_components, n_coefficients], the same.
        offset_bias: float32 [58 x 128], of the decoder's layers, learnt on them too.
        offset_map: float32 [n_components, 58 x 128], the same.
        line_weight: float32 [256 + kept bands, 336], what a telephone recording's features, as
            `line_features` gives them, say of those the speaker would have without a telephone.
        line_bias: float32 [336], the same.
        limit: How many standard deviations the ridge's coefficient may reach.
        stock_names: The stock voices, in the order of the two below.
        stock_styles: float32 [n_stock, 256].
        stock_embeddings: float32 [n_stock, 256], the encoder's d-vectors of their speech.
    """

    mean: NDArray[np.float32]
    basis: NDArray[np.float32]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    feature_mean: NDArray[np.float32]
    components: NDArray[np.float32]
    z_bias: NDArray[np.float32]
    z_map: NDArray[np.float32]
    offset_bias: NDArray[np.float32]
    offset_map: NDArray[np.float32]
    line_weight: NDArray[np.float32]
    line_bias: NDArray[np.float32]
    limit: float
    stock_names: tuple[str, ...]
    stock_styles: NDArray[np.float32]
    stock_embeddings: NDArray[np.float32]
    embedding_size: int = EMBEDDING_SIZE
    style_size: int = STYLE_SIZE

    def tune(self, embedding: Embedding, clips: Sequence[Audio]) -> Tensors:
        """Return {"style": float32 [256], "decoder_offsets": float32 [58, 128]}."""
        x = features(embedding, clips)
        if is_narrow(x[EMBEDDING_SIZE:]):
            x = line_features(x) @ self.line_weight + self.line_bias
        h = (x - self.feature_mean) @ self.components
        z = np.clip(x @ self.weight + self.bias, -self.limit, self.limit)
        z = z + self.z_bias + h @ self.z_map
        style = self.mean + z @ self.basis
        offsets = (self.offset_bias + h @ self.offset_map).reshape(-1, HALF)
        return {"style": style.astype(np.float32), "decoder_offsets": offsets.astype(np.float32)}

    def nearest_stock(self, embedding: Embedding) -> tuple[str, Tensors]:
        """Return the stock voice whose d-vector is closest: what a product without cloning has."""
        best = int(np.argmax(self.stock_embeddings @ embedding))
        return self.stock_names[best], {"style": self.stock_styles[best]}


def load_tuner(path: Path) -> RidgeTuner:
    """Return the tuner kept in `path`.

    Raises:
        ModelError: If the file is missing or is not such a tuner.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            meta = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
        return RidgeTuner(
            **tensors, limit=float(meta["limit"]), stock_names=tuple(meta["stock_names"].split(","))
        )
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path.name} is not a tuner this version can read: {error}") from error


def save_tuner(tuner: RidgeTuner, path: Path) -> None:
    """Write what `load_tuner` reads.

    Raises:
        OSError: If it cannot be written.
    """
    kept = {each.name: getattr(tuner, each.name) for each in fields(tuner)}
    arrays = {
        name: np.ascontiguousarray(value, np.float32)
        for name, value in kept.items()
        if isinstance(value, np.ndarray)
    }
    save_file(
        arrays,
        path,
        metadata={"limit": str(tuner.limit), "stock_names": ",".join(tuner.stock_names)},
    )
