"""How much a clone sounds like its speaker: stock voice, fast enrolment, refined, and real."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import numpy as np

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.bench.judges import Dnsmos, SecondEmbedder
from rtvc_bridge.bench.likeness import ENROL, JUDGE, SAID, speakers
from rtvc_bridge.bench.words import Heard, Recogniser, error_rate
from rtvc_bridge.enrolment import SpeechDetector, enrol, read_clip
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.stages.pitch import median_f0_hz
from rtvc_bridge.stages.tuner import RidgeTuner
from rtvc_bridge.voices import Consent, Voice
from rtvc_bridge.worker import Worker, refinements

KINDS = ("stock", "fast", "refined", "real")
COLUMNS = ("ge2e", "second", "distilmos", "dnsmos", "wer", "f0_error_semitones", "enrol_s")


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of voice of one speaker; None where nothing was asked.

    Attributes:
        speaker: The folder's name.
        kind: One of KINDS. "stock" is the nearest stock voice, "real" the enrolment clips.
        ge2e: Cosine to clips not enrolled, by the encoder that enrolment and refinement use.
        second: The same by an encoder that neither uses.
        distilmos: Naturalness by the judge that refinement listens to.
        dnsmos: Naturalness by one that it does not.
        wer: Word error rate through speech recognition, 0..1.
        f0_error_semitones: Median F0 against that of the clips not enrolled.
        enrol_s: How long the voice took to make.
    """

    speaker: str
    kind: str
    ge2e: float
    second: float
    distilmos: float
    dnsmos: float
    wer: float | None = None
    f0_error_semitones: float | None = None
    enrol_s: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """What a row was measured on."""

    row: Row
    sound: Audio


@dataclass(frozen=True, slots=True)
class Similarity:
    """The measurement and what it needs.

    Attributes:
        worker: The pipeline.
        tuner: Knows the stock voices.
        naturalness: Gives DistilMOS's opinion.
        dnsmos: A second opinion.
        second: A second encoder.
        recogniser: Reads the words back.
        consent: The speakers' agreement.
        steps: Of refinement; 0 leaves it out.
    """

    worker: Worker
    tuner: RidgeTuner
    naturalness: Callable[[Audio], float]
    dnsmos: Dnsmos
    second: SecondEmbedder
    recogniser: Recogniser
    consent: Consent
    steps: int

    def samples(self, speech: Path) -> Iterator[Sample]:
        """Yield what was measured of every speaker in `speech`, as it is measured."""
        for folder in speakers(speech):
            yield from self._of(folder)

    def _of(self, folder: Path) -> Iterator[Sample]:
        files = sorted(path for path in folder.iterdir() if path.suffix in (".flac", ".wav"))
        clips = [read_clip(file) for file in files[ENROL]]
        judge = _together([read_clip(file).audio for file in files[JUDGE]])
        began = time.monotonic()
        made = enrol(
            self.worker,
            clips,
            name=folder.name,
            consent=self.consent,
            detector=SpeechDetector(),
            keep_clips=False,
        )
        fast_s = time.monotonic() - began
        fast = made.voice
        name = self.worker.name
        _, stock_tensors = self.tuner.nearest_stock(fast.embedding)
        stock = replace(fast, tensors={name: stock_tensors})
        yield self._spoken(stock, "stock", judge, None)
        yield self._spoken(fast, "fast", judge, fast_s)
        heard = [clip.audio for clip in clips]
        if self.steps:
            *_, last = refinements(self.worker.run, fast, heard, steps=self.steps)
            yield self._spoken(last.voice, "refined", judge, time.monotonic() - began)
        yield self._judged(folder.name, "real", _together(heard), judge)

    def _spoken(self, voice: Voice, kind: str, judge: Audio, enrol_s: float | None) -> Sample:
        said = [joined(self.worker.speak(line, voice, Delivery(), stop=Event())) for line in SAID]
        words = [
            Heard(line, self.recogniser.words(sound))
            for line, sound in zip(SAID, said, strict=True)
        ]
        sample = self._judged(voice.name, kind, joined(said), judge)
        row = replace(sample.row, wer=round(error_rate(words), 4), enrol_s=_rounded(enrol_s))
        return replace(sample, row=row)

    def _judged(self, speaker: str, kind: str, sound: Audio, judge: Audio) -> Sample:
        ours, theirs = median_f0_hz([sound]), median_f0_hz([judge])
        error = 12 * np.log2(ours / theirs) if ours and theirs else None
        row = Row(
            speaker,
            kind,
            ge2e=_cosine(self.worker.embed(sound), self.worker.embed(judge)),
            second=_cosine(self.second.embed(sound), self.second.embed(judge)),
            distilmos=round(self.naturalness(sound), 2),
            dnsmos=round(self.dnsmos.opinion(sound), 2),
            f0_error_semitones=_rounded(error),
        )
        return Sample(row, sound)


def means(rows: Sequence[Row]) -> dict[str, dict[str, float | None]]:
    """Return each kind's mean of each column over the speakers; F0 errors without their sign."""
    kinds = [kind for kind in KINDS if any(row.kind == kind for row in rows)]
    return {kind: {column: _mean(rows, kind, column) for column in COLUMNS} for kind in kinds}


def normalised(table: dict[str, dict[str, float | None]], column: str) -> dict[str, float]:
    """Return (x - stock) / (real - stock) of the clones: 0 is a stock voice, 1 the speaker."""
    stock, real = table["stock"][column], table["real"][column]
    if stock is None or real is None:
        return {}
    clones = {kind: table[kind][column] for kind in ("fast", "refined") if kind in table}
    return {
        kind: round((value - stock) / (real - stock), 3)
        for kind, value in clones.items()
        if value is not None
    }


def _mean(rows: Sequence[Row], kind: str, column: str) -> float | None:
    found = [getattr(row, column) for row in rows if row.kind == kind]
    values = [
        abs(value) if column.startswith("f0") else value for value in found if value is not None
    ]
    return round(float(np.mean(values)), 3) if values else None


def _together(clips: Sequence[Audio]) -> Audio:
    return joined(clip.at(16_000) for clip in clips)


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    return round(float(a @ b), 3)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 2)
