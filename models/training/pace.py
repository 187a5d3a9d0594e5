"""The constants by which a speaker's pace is told (rtvc_bridge/stages/pace.py and matching.py).

    python models/training/pace.py hear SPEECH WORDS [--clips N]
    python models/training/pace.py fit SPEECH WORDS
    python models/training/pace.py lines SPEECH WORDS

SPEECH holds recordings, one speaker each; `hear` appends what the recogniser understands of them
to WORDS (JSON lines), and goes on where it was. `fit` sets the syllables of these words against
the nuclei that are heard, each clip judged by a fit that never saw it; `lines` has stock voices
say them, to learn how much slower the line is that voices are measured by. The same input
gives the same output.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from rtvc_bridge.audio import Audio
from rtvc_bridge.enrolment import SpeechDetector, read_clip
from rtvc_bridge.enrolment.activity import detected_speech
from rtvc_bridge.pipeline import Synthesizer
from rtvc_bridge.stages import assemble
from rtvc_bridge.stages.device import choose_compute
from rtvc_bridge.stages.hearing import WHISPER, Recogniser
from rtvc_bridge.stages.matching import PACE_LINE, speech_s
from rtvc_bridge.stages.pace import RATE_HZ, heard_s, nuclei, syllables
from rtvc_bridge.stages.synthesizer import load_synthesizer
from rtvc_bridge.stages.tuner import load_tuner
from rtvc_bridge.stages.weights import Library
from rtvc_bridge.text import clauses, phonemes
from rtvc_bridge.voices import Tensors

FOLDS = 10
LEAST_SPEECH_S = 4.0
N_SAID = 6
"""Clips whose words stock voices say."""
BY_SOUND = 1.037
"""Speech is shorter by the sound than by the frames; see matching.SPEECH_ENERGY."""
VOICES = ("af_heart", "am_michael", "bf_emma")

Vector = NDArray[np.float64]


def hear(speech: Path, words: Path, clips: int) -> None:
    """Append to `words` what is understood of every third clip, then of the others."""
    recogniser = Recogniser(Library.default(offline=True).path(WHISPER), threads=1)
    known = {name for name, _ in _rows(words)} if words.exists() else set()
    files = sorted(speech.glob("*.flac"))
    chosen = [file for start in range(3) for file in files[start::3]][:clips]
    for file in track([file for file in chosen if file.name not in known], "hearing"):
        row = {"clip": file.name, "words": recogniser.words(read_clip(file).audio)}
        with words.open("a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")


def fit(speech: Path, words: Path) -> None:
    """Print the line from nuclei to syllables, and how far off it is on clips it never saw."""
    rates, per_s, first, second, half_s = _heard(speech, words).T
    guess, mean = np.empty_like(rates), np.empty_like(rates)
    folds = np.arange(len(rates)) % FOLDS
    for fold in range(FOLDS):
        seen = folds != fold
        guess[~seen] = _line(per_s[seen], rates[seen], per_s[~seen])
        mean[~seen] = rates[seen].mean()
    print(f"{len(rates)} clips; MEAN_SYLLABLES_PER_S {np.exp(rates.mean()):.2f}")
    print(f"MEAN_NUCLEI_PER_S {np.exp(per_s.mean()):.2f}, slope {_slope(per_s, rates):.2f}")
    for name, value in (("by nuclei", guess), ("by the mean", mean)):
        off = np.abs(value - rates)
        print(f"{name}: |log ratio| median {np.median(off):.3f}, 90 % {np.quantile(off, 0.9):.3f}")
    told = float(np.corrcoef(first, second)[0, 1])
    seconds = float(half_s.mean())
    print(f"a clip's halves, {seconds:.1f} s each, correlate by {told:.2f}")
    print(f"HALF_TOLD_S {seconds * (1 / told - 1):.1f}")


def lines(speech: Path, words: Path) -> None:
    """Print how much faster stock voices say running text than the line they are measured by."""
    torch.set_num_threads(1)
    compute = choose_compute(None)
    path = Library.default(offline=True).path(assemble.KOKORO)
    synthesizer = load_synthesizer(path, compute)
    tuner = load_tuner(assemble.tuner_file())
    texts = [text for name, text in _rows(words) if (speech / name).exists()][:N_SAID]
    said = [phonemes(clause.text).symbols for text in texts for clause in clauses(text)]
    line = [phonemes(PACE_LINE).symbols]
    for name in VOICES:
        tensors = {"style": tuner.stock_styles[tuner.stock_names.index(name)]}
        running, ours = (_said_per_s(synthesizer, tensors, each) for each in (said, line))
        print(f"{name}: {ours:.2f} on the line, x {running * BY_SOUND / ours:.3f} on running text")


def _said_per_s(synthesizer: Synthesizer, tensors: Tensors, said: Sequence[str]) -> float:
    """Return the syllables per second of speech of clauses given as phonemes; nothing sounds."""
    spoken = [synthesizer.synthesize(symbols, tensors, speed=1.0) for symbols in said]
    seconds = sum(speech_s(frames, synthesizer.frame_format) for frames in spoken)
    return sum(map(syllables, said)) / seconds


def _heard(speech: Path, words: Path) -> NDArray[np.float64]:
    """Return a row for each clip, [n, 5].

    Logs of the true rate, of nuclei per second, of those in either half; a half's seconds.
    """
    detector = SpeechDetector()
    rows = []
    for name, text in track(list(_rows(words)), "measuring"):
        samples = (
            detected_speech(read_clip(speech / name).audio, detector).audio.at(RATE_HZ).samples
        )
        seconds = heard_s(samples)
        if seconds < LEAST_SPEECH_S:
            continue
        count = sum(syllables(phonemes(clause.text).symbols) for clause in clauses(text))
        parts = (samples, *np.array_split(samples, 2))
        per_s = [nuclei([Audio(part, RATE_HZ)]) for part in parts]
        logs = [np.log(each[0]) for each in per_s if each is not None]
        if len(logs) == len(parts):
            rows.append([np.log(count / seconds), *logs, seconds / 2])
    return np.array(rows)


def _slope(x: Vector, y: Vector) -> float:
    x0, y0 = x - x.mean(), y - y.mean()
    return float(x0 @ y0 / (x0 @ x0))


def _line(x: Vector, y: Vector, at: Vector) -> Vector:
    guess: Vector = y.mean() + _slope(x, y) * (at - x.mean())
    return guess


def _rows(words: Path) -> Iterator[tuple[str, str]]:
    for line in words.read_text("utf-8").splitlines():
        row = json.loads(line)
        yield row["clip"], row["words"]


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("hear", "fit", "lines"):
        command = commands.add_parser(name)
        command.add_argument("speech", type=Path, help="folder of recordings, one speaker each")
        command.add_argument("words", type=Path, help="JSON lines of what is said in them")
        if name == "hear":
            command.add_argument("--clips", type=int, default=80)
    asked = parser.parse_args()
    if asked.command == "hear":
        hear(asked.speech, asked.words, asked.clips)
    elif asked.command == "fit":
        fit(asked.speech, asked.words)
    else:
        lines(asked.speech, asked.words)


if __name__ == "__main__":
    main()
