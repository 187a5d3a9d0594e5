"""How much the clone sounds like the speaker, by the speaker encoder's own measure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.engine import Engine
from rtvc_bridge.enrolment import read_clip
from rtvc_bridge.stages.tuner import RidgeTuner
from rtvc_bridge.voices import Consent, Embedding, Voice

ENROL = slice(0, 3)
JUDGE = slice(5, 10)
SAID = (
    "We planted tomatoes and beans in the garden behind the house.",
    "The train was late again because of the heavy snow.",
    "Could somebody please help me to carry these boxes up the stairs?",
    "After the long winter, the children were glad to play outside again.",
)


@dataclass(frozen=True, slots=True)
class Likeness:
    """GE2E cosines of one speaker, each against clips that were not enrolled.

    Attributes:
        clone: The cloned voice.
        stock: The stock voice nearest to the speaker: what there would be without cloning.
        real: The speaker's own enrolment clips: the most that can be hoped for.
    """

    speaker: str
    clone: float
    stock: float
    real: float


def speakers(folder: Path) -> list[Path]:
    """Return the speakers' folders: those with enough clips to enrol from and to judge by."""
    return [path for path in sorted(folder.iterdir()) if len(recordings(path)) >= JUDGE.stop]


def likeness(
    folder: Path, engine: Engine, tuner: RidgeTuner, pipeline: str, consent: Consent
) -> Likeness:
    """Enrol a speaker from the first three clips and judge by clips 5 to 9."""
    files = recordings(folder)
    clips = [read_clip(file) for file in files[ENROL]]
    voice = engine.enrol(clips, name=folder.name, consent=consent, keep_clips=False).voice
    judge = engine.embed(_together([read_clip(file).audio for file in files[JUDGE]]))
    _, stock_tensors = tuner.nearest_stock(voice.embedding)
    stock = engine.policy.trust.sign(replace(voice, tensors={pipeline: stock_tensors}))
    return Likeness(
        folder.name,
        clone=_cosine(judge, _spoken_embedding(engine, voice)),
        stock=_cosine(judge, _spoken_embedding(engine, stock)),
        real=_cosine(judge, engine.embed(_together([clip.audio for clip in clips]))),
    )


def mean(rows: Sequence[Likeness], column: str) -> float:
    """Return the mean of one column over the speakers."""
    return round(float(np.mean([getattr(row, column) for row in rows])), 3)


def recordings(folder: Path) -> list[Path]:
    """Return a speaker's recordings in order; none if `folder` is not a folder."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in (".flac", ".wav"))


def _together(clips: Sequence[Audio]) -> Audio:
    return joined(clip.at(16_000) for clip in clips)


def _spoken_embedding(engine: Engine, voice: Voice) -> Embedding:
    said = [joined(engine.say(line, voice, lane="bench")) for line in SAID]
    return engine.embed(_together(said))


def _cosine(a: Embedding, b: Embedding) -> float:
    return round(float(a @ b), 3)
