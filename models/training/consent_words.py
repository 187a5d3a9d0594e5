"""Choosing the words of consent sentences: those that speech recognition gets right.

Every candidate is spoken in stock voices, a few words to a line, and heard by the recogniser
that judges consent; a word that was once misheard is out. It can be stopped at any time and
goes on where it was:

    python models/training/consent_words.py hear CANDIDATES HEARD
    python models/training/consent_words.py keep CANDIDATES HEARD rtvc_bridge/safety/words/en.txt

CANDIDATES holds one word a line, HEARD becomes JSON lines. Those of en.txt are the words of the
EFF large word list of five letters or more and four to nine phonemes that Whisper has a token
for, without numbers and common inflections, that sound neither like another of Whisper's words
nor, but for two of them at most, like one that a single phoneme more or less makes of it.
"""

import argparse
import difflib
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import torch

from rtvc_bridge.audio import Audio, joined, silence
from rtvc_bridge.pipeline import Delivery, Pipeline
from rtvc_bridge.stages import assemble
from rtvc_bridge.stages.hearing import WHISPER, Recogniser
from rtvc_bridge.stages.tuner import load_tuner
from rtvc_bridge.stages.weights import Library
from rtvc_bridge.voices import Consent, Voice

WORDS_A_LINE = 8
LINES_AT_ONCE = 4
"""The recogniser takes 30 s at once, whether they are full or not."""
VOICES = ("af_heart", "am_michael", "bf_emma", "am_fenrir", "af_bella", "bm_george")


def hear(candidates: Path, heard: Path, passes: int) -> None:
    """Append to `heard`, for every candidate and voice, whether it was understood."""
    torch.set_num_threads(1)
    pipeline = assemble.three_stage(offline=True)
    recogniser = Recogniser(Library.default(offline=True).path(WHISPER), threads=1)
    known = load_tuner(assemble.tuner_file())
    for number, name in enumerate(VOICES[:passes]):
        at = known.stock_names.index(name)
        voice = Voice(
            id=name,
            name=name,
            embedding=known.stock_embeddings[at],
            consent=Consent(by=name, given_at=""),
            created_at="",
            tensors={pipeline.name: {"style": known.stock_styles[at]}},
        )
        rows = _rows(heard)
        out = {row["word"] for row in rows if not row["right"]}
        done = {row["word"] for row in rows if row["voice"] == name}
        words = [word for word in candidates.read_text("utf-8").split() if word not in out | done]
        random.Random(number).shuffle(words)
        for batch in _batches(words, WORDS_A_LINE * LINES_AT_ONCE):
            understood = recogniser.words(_spoken(pipeline, voice, batch))
            right = _understood(batch, understood)
            with heard.open("a", encoding="utf-8") as file:
                for word in batch:
                    row = {"word": word, "voice": name, "right": word in right}
                    file.write(json.dumps(row) + "\n")
            print(f"{name}: {len(right)} of {len(batch)}", flush=True)


def keep(candidates: Path, heard: Path, target: Path) -> None:
    """Write the candidates that were never misheard to `target`, under the lines of its head."""
    rows = _rows(heard)
    wrong = {row["word"] for row in rows if not row["right"]}
    kept = sorted(set(candidates.read_text("utf-8").split()) - wrong)
    head = [line for line in target.read_text("utf-8").splitlines() if line.startswith("#")]
    target.write_text("\n".join([*head, *kept]) + "\n", "utf-8")
    tried = {row["word"] for row in rows}
    print(f"{len(kept)} words kept, {len(tried.intersection(kept))} of them heard right")


def _spoken(pipeline: Pipeline, voice: Voice, words: Sequence[str]) -> Audio:
    pieces: list[Audio] = []
    for line in _batches(words, WORDS_A_LINE):
        text = ", ".join(line).capitalize() + "."
        pieces += pipeline.speak(text, voice, Delivery(), stop=Event())
        pieces.append(silence(0.3, pieces[-1].rate_hz))
    return joined(pieces)


def _understood(said: Sequence[str], understood: str) -> set[str]:
    letters = "".join(char if char.isalpha() else " " for char in understood.casefold())
    matcher = difflib.SequenceMatcher(None, said, letters.split(), autojunk=False)
    blocks = matcher.get_matching_blocks()
    return {word for block in blocks for word in said[block.a : block.a + block.size]}


def _batches(words: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(words), size):
        yield words[start : start + size]


def _rows(heard: Path) -> list[dict[str, Any]]:
    if not heard.exists():
        return []
    return [json.loads(line) for line in heard.read_text("utf-8").splitlines()]


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    hearing = commands.add_parser("hear")
    hearing.add_argument("candidates", type=Path)
    hearing.add_argument("heard", type=Path)
    hearing.add_argument("--passes", type=int, default=2)
    keeping = commands.add_parser("keep")
    keeping.add_argument("candidates", type=Path)
    keeping.add_argument("heard", type=Path)
    keeping.add_argument("target", type=Path)
    asked = parser.parse_args()
    if asked.command == "hear":
        hear(asked.candidates, asked.heard, asked.passes)
    else:
        keep(asked.candidates, asked.heard, asked.target)


if __name__ == "__main__":
    main()
