"""A tuner whose answers can be foretold."""

import numpy as np

from rtvc_bridge.stages.line import KEPT
from rtvc_bridge.stages.tuner import RidgeTuner

SIZE = 256
COEFFICIENTS = 4
LAYERS, HALF = 58, 128


def plain_tuner() -> RidgeTuner:
    """Return one that answers the mean style, whoever speaks, and has learnt nothing else."""
    nothing = np.zeros((1, SIZE), np.float32)
    return RidgeTuner(
        mean=np.zeros(SIZE, np.float32),
        basis=np.eye(SIZE, dtype=np.float32)[:COEFFICIENTS],
        weight=np.zeros((336, COEFFICIENTS), np.float32),
        bias=np.zeros(COEFFICIENTS, np.float32),
        feature_mean=np.zeros(336, np.float32),
        components=np.zeros((336, 0), np.float32),
        z_bias=np.zeros(COEFFICIENTS, np.float32),
        z_map=np.zeros((0, COEFFICIENTS), np.float32),
        offset_bias=np.zeros(LAYERS * HALF, np.float32),
        offset_map=np.zeros((0, LAYERS * HALF), np.float32),
        line_weight=np.zeros((SIZE + len(KEPT), 336), np.float32),
        line_bias=np.zeros(336, np.float32),
        limit=3.0,
        stock_names=("af_heart",),
        stock_styles=nothing,
        stock_embeddings=nothing,
    )
