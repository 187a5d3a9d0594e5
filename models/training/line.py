"""Step 4: guess what a telephone keeps back of a speaker's features from what it lets through.

    python models/training/line.py --speech DIR --tuner FILE --work DIR --out FILE

Pieces of real speakers' clips go over telephone lines drawn at random; a ridge regression leads
from what is left to the features of the whole clean clip. Prints how much of what tells speakers
apart is right in what the tuner makes of the features: R2, speakers kept apart, of the ridge's
coefficients and of tuning's components.
"""

import argparse
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from channels import RATE_HZ, Drawn, Floats
from fit import RIDGES, Matrix, held_out, ridge
from rich.progress import track
from tune import PIECES, encoder, heard

from rtvc_bridge.audio import Audio
from rtvc_bridge.stages.tuner import RidgeTuner, features, line_features, load_tuner, save_tuner

LOWEST_HZ, HIGHEST_HZ = (80.0, 350.0), (3300.0, 3850.0)
LINE_RATE_HZ = 8_000
LEVEL = 0.06
LEAST_SNR_DB, MOST_SNR_DB = 20.0, 45.0
COMPANDED = 0.6
"""How often the samples are 8 bits wide."""
MU = 255


def over_a_line(samples: Floats, rng: Drawn) -> Floats:
    """Return [n] samples at 16 kHz as they came over a telephone line that `rng` draws."""
    spectrum = np.fft.rfft(samples)
    hz = np.linspace(0, RATE_HZ / 2, len(spectrum))
    spectrum[(hz < rng.uniform(*LOWEST_HZ)) | (hz > rng.uniform(*HIGHEST_HZ))] = 0
    passed = np.fft.irfft(spectrum, len(samples))
    passed = (passed * (LEVEL / (passed.std() + 1e-6))).astype(np.float32)
    left = Audio(passed, RATE_HZ).at(LINE_RATE_HZ).samples
    noise = LEVEL * 10 ** (-rng.uniform(LEAST_SNR_DB, MOST_SNR_DB) / 20)
    left = (left + noise * rng.normal(size=len(left))).astype(np.float32)
    if rng.random() < COMPANDED:
        left = companded(left)
    return Audio(left, LINE_RATE_HZ).at(RATE_HZ).samples


def companded(samples: Floats) -> Floats:
    """Return what mu-law in 8 bits leaves of them (ITU-T G.711, its continuous form)."""
    sizes = np.log1p(MU * np.abs(samples.clip(-1, 1))) / np.log1p(MU)
    sizes = np.round(sizes * 127) / 127
    restored: Floats = (np.sign(samples) * np.expm1(sizes * np.log1p(MU)) / MU).astype(np.float32)
    return restored


def read(file: Path) -> tuple[Floats, Floats]:
    """Return the features of a clip [336], and of its pieces over lines [PIECES, 336]."""
    clip, pieces = heard(file, over_a_line)
    return features(encoder().embed(clip), [clip]), pieces


def known(files: Sequence[Path], work: Path) -> tuple[Matrix, Matrix]:
    """Return the features of clips [n, 336] and pieces [n, PIECES, 336], kept in `work`."""
    kept = work / "lines.npz"
    if not kept.exists():
        work.mkdir(parents=True, exist_ok=True)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(2, context, torch.set_num_threads, (1,)) as pool:
            found = list(track(pool.map(read, files), "speakers", total=len(files)))
        whole, pieces = (np.stack(each) for each in zip(*found, strict=True))
        np.savez(kept, whole=whole, pieces=pieces)
    with np.load(kept) as table:
        return table["whole"].astype(np.float64), table["pieces"].astype(np.float64)


def r2(tuner: RidgeTuner, ours: Matrix, theirs: Matrix) -> tuple[float, float]:
    """Return how right the features [n, 336] are: for the ridge's map, and for tuning's."""
    found = []
    for axes in (tuner.weight, tuner.components):
        right = theirs @ axes
        wrong = ((ours @ axes - right) ** 2).sum()
        found.append(float(1 - wrong / ((right - right.mean(axis=0)) ** 2).sum()))
    return found[0], found[1]


def main() -> None:
    """Fit, report and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speech", type=Path, required=True, help="folder of clips, one a speaker")
    parser.add_argument("--tuner", type=Path, required=True, help="the tuner that tune.py wrote")
    parser.add_argument("--work", type=Path, required=True, help="folder for what is under way")
    parser.add_argument("--out", type=Path, required=True, help="the tuner to write")
    args = parser.parse_args()
    tuner = load_tuner(args.tuner)
    whole, pieces = known(sorted(args.speech.glob("*.flac")), args.work)
    clean = np.repeat(whole, PIECES, axis=0)
    noisy = pieces.reshape(clean.shape)
    left = np.stack([line_features(x) for x in noisy.astype(np.float32)]).astype(np.float64)
    who = np.repeat(np.arange(len(whole)), PIECES)
    scores = {each: r2(tuner, held_out(left, clean, each, who), clean) for each in RIDGES}
    for strength, (first, second) in scores.items():
        print(f"ridge {strength:6.1f}: {first:.3f}, {second:.3f}")
    first, second = r2(tuner, noisy, clean)
    print(f"no guess:     {first:.3f}, {second:.3f}")
    best = max(scores, key=lambda strength: sum(scores[strength]))
    w, b = ridge(left, clean, best)
    weight, bias = w.astype(np.float32), b.astype(np.float32)
    save_tuner(replace(tuner, line_weight=weight, line_bias=bias), args.out)


if __name__ == "__main__":
    main()
