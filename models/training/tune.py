"""Step 3: tune the tuner end to end, on what real speakers sound like.

    python models/training/tune.py --speech DIR --tuner FILE --work DIR --out FILE

Each step takes a few real speakers. From a piece of a speaker's clip, heard through a channel
drawn at random, the tuner guesses style and decoder offsets; a sentence is spoken with them
through the frozen synthesizer and vocoder, and judged against the whole clean clip by what
refinement listens to. The guess is the ridge's, corrected by a linear map of the features'
largest components among real speakers. Left and taken up again at will; same folder, same result.
"""

import argparse
import math
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from channels import RATE_HZ, Drawn, coloured
from numpy.typing import NDArray
from rich.progress import track

from rtvc_bridge.audio import Audio
from rtvc_bridge.stages.assemble import GE2E, KOKORO, NATURALNESS, SECOND
from rtvc_bridge.stages.campplus import load_campplus
from rtvc_bridge.stages.device import choose_compute
from rtvc_bridge.stages.drafts import Drafts
from rtvc_bridge.stages.encoder import GE2EEncoder, load_encoder
from rtvc_bridge.stages.naturalness import load_naturalness
from rtvc_bridge.stages.objective import Objective
from rtvc_bridge.stages.search import Target
from rtvc_bridge.stages.style import HALF
from rtvc_bridge.stages.synthesizer import load_synthesizer
from rtvc_bridge.stages.tuner import RidgeTuner, features, load_tuner, save_tuner
from rtvc_bridge.stages.vocoder import N_STYLED_LAYERS, load_vocoder
from rtvc_bridge.stages.weights import Library

PIECES = 4
"""Of each speaker, drawn once."""
SHORTEST_S, LONGEST_S = 3.0, 12.0
COMPONENTS = 48
RATES = {"z_bias": 0.01, "z_map": 0.003, "offset_bias": 0.004, "offset_map": 0.0008}
FIRST_DECAY, SECOND_DECAY, TINY = 0.9, 0.999, 1e-8
LAST_RATE = 0.05
NEAR_WEIGHT = 0.003
SMALL_WEIGHT = 1.0
MOST_GRADIENT = 5.0
KEPT = np.float32(0.7)
"""How much of what was learnt is believed: all of it costs naturalness (DNSMOS 2.94 instead of 3.11
on four speakers) and pleases an encoder that did not judge no better (0.75 instead of 0.77)."""
KEEP_EVERY = 10
STEPS = 450
BATCH = 2

SENTENCES = (
    "Please call Stella, and ask her this.",
    "The old mill burned down a year ago.",
    "Would you measure the pleasure?",
    "The boy saw the sun rise.",
    "Rainbows turn light into colors.",
    "I will meet you at the station.",
    "Their house is near the big park.",
    "Nobody knew what had happened.",
    "Take the shoes to the other room.",
    "We thought it would be cheaper.",
)

Floats = NDArray[np.float32]
Parameters = dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Speaker:
    """What is known of one: the features of each piece, and what a draft should sound like."""

    pieces: Floats
    target: Target


@cache
def library() -> Library:
    """Return where the weights are."""
    return Library.default()


@cache
def encoder() -> GE2EEncoder:
    """Return the speaker encoder, once for each process."""
    return load_encoder(library().path(GE2E))


@cache
def objective() -> Objective:
    """Return the judges, once for each process."""
    return Objective(
        encoder().network.utterance,
        lambda: load_campplus(library().path(SECOND)),
        lambda: load_naturalness(library().path(NATURALNESS)),
    )


@cache
def drafts() -> Drafts:
    """Return what speaks, once for each process."""
    compute = choose_compute("cpu")
    kokoro = library().path(KOKORO)
    net, decoder = load_synthesizer(kokoro, compute).net, load_vocoder(kokoro, compute).decoder
    return Drafts(net, decoder, compute)


def heard(file: Path, channel: Callable[[Floats, Drawn], Floats]) -> tuple[Audio, Floats]:
    """Return a clip, and the features of pieces of it over channels, [PIECES, 336]."""
    samples, rate_hz = soundfile.read(file, dtype="float32")
    clip = Audio(samples, rate_hz).at(RATE_HZ)
    rng = np.random.default_rng(list(file.name.encode()))
    pieces = []
    for _ in range(PIECES):
        count = min(len(clip.samples), round(rng.uniform(SHORTEST_S, LONGEST_S) * RATE_HZ))
        start = int(rng.integers(len(clip.samples) - count + 1))
        piece = Audio(channel(clip.samples[start : start + count], rng), RATE_HZ)
        pieces.append(features(encoder().embed(piece), [piece]))
    return clip, np.stack(pieces)


def read(file: Path) -> Speaker:
    """Return what one clip tells of its speaker."""
    clip, pieces = heard(file, coloured)
    return Speaker(pieces, objective().target(encoder().embed(clip), [clip]))


def known(files: Sequence[Path], work: Path, pool: ProcessPoolExecutor) -> list[Speaker]:
    """Return the speakers, from `work` if they were read before."""
    kept = work / "speakers.npz"
    if not kept.exists():
        found = list(track(pool.map(read, files), "speakers", total=len(files)))
        np.savez(
            kept,
            pieces=np.stack([each.pieces for each in found]),
            embedding=np.stack([each.target.embedding for each in found]),
            second=np.stack([each.target.second for each in found]),
            spectrum=np.stack([each.target.spectrum for each in found]),
            f0_hz=np.array([each.target.f0_hz or 0.0 for each in found]),
        )
    with np.load(kept) as table:
        columns = [table[name] for name in ("pieces", "embedding", "second", "spectrum", "f0_hz")]
    return [
        Speaker(pieces, Target(embedding, second, spectrum, float(f0) or None))
        for pieces, embedding, second, spectrum, f0 in zip(*columns, strict=True)
    ]


def components(speakers: Sequence[Speaker]) -> tuple[Floats, Floats]:
    """Return mean [336] and map [336, COMPONENTS] to features of unit variance, uncorrelated."""
    x = np.concatenate([each.pieces for each in speakers])
    mean = x.mean(axis=0)
    _, s, vt = np.linalg.svd(x - mean, full_matrices=False)
    scale = np.sqrt(len(x)) / s[:COMPONENTS]
    return mean, (vt[:COMPONENTS].T * scale).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Example:
    """One draft to be judged."""

    style: Floats
    basis: Floats
    h: Floats
    target: Target
    sentence: str
    channel: int


def graded(example: Example, parameters: Parameters) -> tuple[float, Parameters]:
    """Return the loss of one draft, and its gradients."""
    leaves = {name: torch.from_numpy(value).requires_grad_() for name, value in parameters.items()}
    h = torch.from_numpy(example.h)
    change = leaves["z_bias"] + h @ leaves["z_map"]
    offsets = (leaves["offset_bias"] + h @ leaves["offset_map"]).view(N_STYLED_LAYERS, HALF)
    style = torch.from_numpy(example.style) + change @ torch.from_numpy(example.basis)
    draft = drafts().spoken(example.sentence, style, offsets, f0_hz=example.target.f0_hz)
    judged = objective().loss(draft, example.target, channel=example.channel)
    near = NEAR_WEIGHT * change.square().sum() + SMALL_WEIGHT * offsets.square().mean()
    gradients = torch.autograd.grad(judged + near, list(leaves.values()))
    return float(judged.detach()), {
        name: each.numpy() for name, each in zip(leaves, gradients, strict=True)
    }


def stepped(state: Parameters, gradients: Parameters, step: int, steps: int) -> Parameters:
    """Return parameters and Adam's moments after step number `step`, counted from 1."""
    norm = math.sqrt(sum(float(np.square(value).sum()) for value in gradients.values()))
    share = min(1.0, MOST_GRADIENT / (norm + 1e-6))
    slower = LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * step / steps))
    after = dict(state)
    for name, rate in RATES.items():
        gradient = share * gradients[name]
        first = FIRST_DECAY * state[f"first.{name}"] + (1 - FIRST_DECAY) * gradient
        second = SECOND_DECAY * state[f"second.{name}"] + (1 - SECOND_DECAY) * gradient**2
        way = first / (1 - FIRST_DECAY**step)
        way = way / (np.sqrt(second / (1 - SECOND_DECAY**step)) + TINY)
        after[name] = (state[name] - slower * rate * way).astype(np.float32)
        after[f"first.{name}"], after[f"second.{name}"] = first, second
    return after


def begun(n_coefficients: int) -> Parameters:
    """Return parameters that change nothing yet, and Adam's moments."""
    shapes = {
        "z_bias": (n_coefficients,),
        "z_map": (COMPONENTS, n_coefficients),
        "offset_bias": (N_STYLED_LAYERS * HALF,),
        "offset_map": (COMPONENTS, N_STYLED_LAYERS * HALF),
    }
    parts = ("", "first.", "second.")
    return {part + name: np.zeros(shapes[name], np.float32) for part in parts for name in RATES}


def mean(gradients: Sequence[Parameters]) -> Parameters:
    """Return the mean of several drafts' gradients."""
    return {name: np.mean([each[name] for each in gradients], axis=0) for name in RATES}


def examples(speakers: Sequence[Speaker], tuner: RidgeTuner, step: int) -> Iterator[Example]:
    """Yield what step number `step` listens to."""
    rng = np.random.default_rng(step)
    for place in rng.choice(len(speakers), BATCH, replace=False):
        speaker = speakers[place]
        x = speaker.pieces[rng.integers(PIECES)]
        z = np.clip(x @ tuner.weight + tuner.bias, -tuner.limit, tuner.limit)
        yield Example(
            style=(tuner.mean + z @ tuner.basis).astype(np.float32),
            basis=tuner.basis,
            h=(x - tuner.feature_mean) @ tuner.components,
            target=speaker.target,
            sentence=SENTENCES[rng.integers(len(SENTENCES))],
            channel=int(rng.integers(2**31)),
        )


def tuned(tuner: RidgeTuner, state: Parameters) -> RidgeTuner:
    """Return the tuner with what was learnt."""
    return replace(
        tuner,
        z_bias=KEPT * state["z_bias"],
        z_map=KEPT * state["z_map"],
        offset_bias=KEPT * state["offset_bias"],
        offset_map=KEPT * state["offset_map"],
    )


def resumed(checkpoint: Path, n_coefficients: int) -> tuple[Parameters, int]:
    """Return what an earlier run left, and how many steps that took; else the beginning."""
    if not checkpoint.exists():
        return begun(n_coefficients), 0
    with np.load(checkpoint) as table:
        return {name: table[name] for name in begun(n_coefficients)}, int(table["step"])


def keep(checkpoint: Path, state: Parameters, step: int) -> None:
    """Write what `resumed` reads, all or nothing."""
    temp = checkpoint.with_suffix(".part.npz")
    arrays: dict[str, Any] = {**state, "step": np.array(step)}
    np.savez(temp, **arrays)
    temp.replace(checkpoint)


def main() -> None:
    """Read the speakers, take what steps are left, and write the tuner now and then."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speech", type=Path, required=True, help="folder of clips, one a speaker")
    parser.add_argument("--tuner", type=Path, required=True, help="the tuner that fit.py wrote")
    parser.add_argument("--work", type=Path, required=True, help="folder for what is under way")
    parser.add_argument("--out", type=Path, required=True, help="the tuner to write")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    checkpoint = args.work / "state.npz"
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(args.processes, context, torch.set_num_threads, (1,)) as pool:
        speakers = known(sorted(args.speech.glob("*.flac")), args.work, pool)
        feature_mean, axes = components(speakers)
        tuner = replace(load_tuner(args.tuner), feature_mean=feature_mean, components=axes)
        state, done = resumed(checkpoint, len(tuner.bias))
        losses: list[float] = []
        for step in range(done + 1, args.steps + 1):
            parameters = {name: state[name] for name in RATES}
            batch = list(examples(speakers, tuner, step))
            judged = list(pool.map(graded, batch, [parameters] * len(batch)))
            losses += [loss for loss, _ in judged]
            state = stepped(state, mean([each for _, each in judged]), step, args.steps)
            if step % KEEP_EVERY == 0 or step == args.steps:
                keep(checkpoint, state, step)
                save_tuner(tuned(tuner, state), args.out)
                print(f"step {step}: loss {np.mean(losses[-50:]):.4f}", flush=True)


if __name__ == "__main__":
    main()
