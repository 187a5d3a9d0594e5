"""Step 2: solve for the tuner from the voices of step 1.

    python models/training/fit.py --packs DIR --voices DIR --encoder FILE --out FILE

Prints the held-out R2 of the five largest style coefficients and of all, and writes the
tuner as safetensors, without what step 3 adds. Same input, same output: nothing is drawn at random.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from voices import stock_space

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.stages.encoder import GE2EEncoder, load_encoder
from rtvc_bridge.stages.style import HALF
from rtvc_bridge.stages.tuner import RidgeTuner, features, line_features, save_tuner
from rtvc_bridge.stages.vocoder import N_STYLED_LAYERS

LIMIT = 3.0
RIDGES = (1.0, 3.0, 10.0, 30.0, 60.0, 100.0, 200.0)
FOLDS = 8

Matrix = NDArray[np.float64]


def heard(file: Path) -> Audio:
    """Return the speech kept in a voice's file."""
    return Audio(np.load(file)["sound"].astype(np.float32), 24_000)


def ridge(x: Matrix, y: Matrix, strength: float) -> tuple[Matrix, Matrix]:
    """Return weight and bias that minimise |x w + b - y|^2 + strength |w|^2."""
    x0, y0 = x.mean(axis=0), y.mean(axis=0)
    xc = x - x0
    w = np.linalg.solve(xc.T @ xc + strength * np.eye(x.shape[1]), xc.T @ (y - y0))
    return w, y0 - x0 @ w


def held_out(x: Matrix, y: Matrix, strength: float, who: NDArray[np.int_]) -> Matrix:
    """Return y [n, m] as maps predict it that never saw a row of the same number in `who` [n]."""
    guess = np.empty_like(y)
    folds = who % FOLDS
    for fold in range(FOLDS):
        w, b = ridge(x[folds != fold], y[folds != fold], strength)
        guess[folds == fold] = x[folds == fold] @ w + b
    return guess


def held_out_r2(x: Matrix, y: Matrix, strength: float) -> Matrix:
    """Return R2 per coefficient, each voice predicted by a map that never saw it."""
    guess = held_out(x, y, strength, np.arange(len(x)))
    r2: Matrix = 1 - ((guess - y) ** 2).sum(axis=0) / ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    return r2


def drawn_voices(folder: Path, encoder: GE2EEncoder) -> tuple[Matrix, Matrix]:
    """Return what the tuner reads of every drawn voice, and what it should answer."""
    x, y = [], []
    for file in track(sorted(folder.glob("drawn-*.npz")), "embedding"):
        clip = heard(file)
        x.append(features(encoder.embed(clip), [clip]))
        y.append(np.load(file)["z"])
    return np.asarray(x, np.float64), np.asarray(y, np.float64)


def main() -> None:
    """Fit, report and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", type=Path, required=True, help="folder of Kokoro voice packs")
    parser.add_argument("--voices", type=Path, required=True, help="folder made by voices.py")
    parser.add_argument("--encoder", type=Path, required=True, help="GE2E weights, safetensors")
    parser.add_argument("--out", type=Path, required=True, help="the tuner to write")
    args = parser.parse_args()
    names, mean, basis, z = stock_space(args.packs)
    encoder = load_encoder(args.encoder)
    x, y = drawn_voices(args.voices, encoder)
    scores = {strength: held_out_r2(x, y, strength) for strength in RIDGES}
    for strength, r2 in scores.items():
        largest = " ".join(f"{value:.2f}" for value in r2[:5])
        print(f"ridge {strength:6.1f}: largest five {largest}; all {r2.mean():.3f}")
    best = max(scores, key=lambda strength: scores[strength].mean())
    w, b = ridge(x, y, best)
    stock = [
        encoder.embed(joined(heard(f) for f in sorted(args.voices.glob(f"stock-{name}-*.npz"))))
        for name in names
    ]
    count = len(basis)
    save_tuner(
        RidgeTuner(
            mean=mean,
            basis=basis,
            weight=w.astype(np.float32),
            bias=b.astype(np.float32),
            feature_mean=np.zeros(x.shape[1], np.float32),
            components=np.zeros((x.shape[1], 0), np.float32),
            z_bias=np.zeros(count, np.float32),
            z_map=np.zeros((0, count), np.float32),
            offset_bias=np.zeros(N_STYLED_LAYERS * HALF, np.float32),
            offset_map=np.zeros((0, N_STYLED_LAYERS * HALF), np.float32),
            line_weight=np.zeros((len(line_features(x[0])), x.shape[1]), np.float32),
            line_bias=np.zeros(x.shape[1], np.float32),
            limit=LIMIT,
            stock_names=tuple(names),
            stock_styles=(mean + z @ basis).astype(np.float32),
            stock_embeddings=np.stack(stock),
        ),
        args.out,
    )
    print(f"{args.out.name}: {len(x)} voices, ridge {best}, R2 {scores[best].mean():.3f}")


if __name__ == "__main__":
    main()
