"""What is left of the likeness when the recordings are short or bad: fast enrolment only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import Protocol

import numpy as np

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.bench.handling import HANDLINGS, Handling, noisy, telephone
from rtvc_bridge.bench.likeness import ENROL, JUDGE, SAID, recordings, speakers
from rtvc_bridge.enrolment import Clip, SpeechDetector, enrol, read_clip
from rtvc_bridge.errors import ClipRejectedError
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.voices import Consent, Embedding
from rtvc_bridge.worker import Worker

LENGTHS_S = (3, 5, 10, 30)
"""Of recording, pauses counted."""
NOISE_DB = 10.0
CHANNELS: dict[str, Handling] = {
    "clean": HANDLINGS["unchanged"],
    "opus_24": HANDLINGS["opus_24"],
    "noise_10_db": partial(noisy, snr_db=NOISE_DB),
    "telephone": telephone,
}
_LINES = SAID[:2]


class Judge(Protocol):
    """Hears who speaks."""

    def embed(self, clip: Audio) -> Embedding:
        """Return the speaker's vector, of unit length."""


@dataclass(frozen=True, slots=True)
class Left:
    """How alike the clones are to clips that were not enrolled.

    Attributes:
        ge2e: Mean cosine over the speakers who were not refused.
        second: The same by an encoder that enrolment does not use.
        recorded_s: Mean length of the recordings, refused ones too.
        refused: Speakers whose recordings enrolment would not take.
    """

    ge2e: float | None
    second: float | None
    recorded_s: float
    refused: int


@dataclass(frozen=True, slots=True)
class Robustness:
    """The measurement and what it needs.

    Attributes:
        worker: The pipeline.
        second: An encoder that enrolment does not use.
        consent: The speakers' agreement.
    """

    worker: Worker
    second: Judge
    consent: Consent

    def conditions(self, speech: Path) -> Iterator[tuple[str, Left]]:
        """Yield what is left over each channel, and of each length of clean recording."""
        folders = [recordings(folder) for folder in speakers(speech)]
        judges = [_together(files[JUDGE]) for files in folders]
        usual = [_together(files[ENROL]) for files in folders]
        for name, channel in CHANNELS.items():
            yield name, self._left([channel(each) for each in usual], judges)
        most = [_together(files[: JUDGE.start]) for files in folders]
        for seconds in LENGTHS_S:
            yield f"{seconds}_s", self._left([_first(each, seconds) for each in most], judges)

    def _left(self, heard: Sequence[Audio], judges: Sequence[Audio]) -> Left:
        found = [self._likeness(clip, judge) for clip, judge in zip(heard, judges, strict=True)]
        taken = np.array([each for each in found if each is not None])
        ge2e, second = taken.mean(axis=0).round(3).tolist() if len(taken) else (None, None)
        seconds = float(np.mean([clip.seconds for clip in heard]))
        return Left(ge2e, second, round(seconds, 1), len(found) - len(taken))

    def _likeness(self, heard: Audio, judge: Audio) -> tuple[float, float] | None:
        try:
            voice = enrol(
                self.worker,
                [Clip.of(heard)],
                name="speaker",
                consent=self.consent,
                detector=SpeechDetector(),
                keep_clips=False,
            ).voice
        except ClipRejectedError:
            return None
        said = joined(
            piece
            for line in _LINES
            for piece in self.worker.speak(line, voice, Delivery(), stop=Event())
        )
        return (
            float(self.worker.embed(said) @ self.worker.embed(judge)),
            float(self.second.embed(said) @ self.second.embed(judge)),
        )


def _together(files: Sequence[Path]) -> Audio:
    return joined(read_clip(file).audio.at(16_000) for file in files)


def _first(audio: Audio, seconds: float) -> Audio:
    return Audio(audio.samples[: round(seconds * audio.rate_hz)], audio.rate_hz)
