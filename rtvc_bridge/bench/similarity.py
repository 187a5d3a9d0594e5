"""How much a clone sounds like its speaker: stock voice, fast enrolment, refined, and real."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import numpy as np

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.bench.judges import Dnsmos, SecondEmbedder
from rtvc_bridge.bench.likeness import ENROL, JUDGE, SAID, recordings, speakers
from rtvc_bridge.bench.words import Heard, Recogniser, error_rate
from rtvc_bridge.enrolment import SpeechDetector, enrol, read_clip
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.stages import pace
from rtvc_bridge.stages.pitch import median_f0_hz
from rtvc_bridge.stages.tuner import RidgeTuner
from rtvc_bridge.text import clauses, phonemes
from rtvc_bridge.voices import Consent, Voice
from rtvc_bridge.worker import Worker, refinements

KINDS = ("stock", "fast", "refined", "real")
COLUMNS = (
    "ge2e",
    "second",
    "distilmos",
    "dnsmos",
    "wer",
    "f0_error_semitones",
    "pace_ratio",
    "enrol_s",
)


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
        pace_ratio: Syllables per second of speech over those in the clips not enrolled. Other
            words are said than there, so some hundredths of it are theirs.
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
    pace_ratio: float | None = None
    enrol_s: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """What a row was measured on."""

    row: Row
    sound: Audio


@dataclass(frozen=True, slots=True)
class Judge:
    """What the speaker said in clips that were not enrolled.

    Attributes:
        sound: All of it.
        pace: In syllables per second of speech; 0 if nothing was understood.
    """

    sound: Audio
    pace: float

    def ratio(self, said: Sequence[Audio], words: Sequence[str]) -> float | None:
        """Return how much faster `words` are said than the speaker would; None: none are heard."""
        ours = _pace(said, words)
        return round(ours / self.pace, 3) if ours and self.pace else None


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
        files = recordings(folder)
        clips = [read_clip(file) for file in files[ENROL]]
        judge = self._judge([read_clip(file).audio for file in files[JUDGE]])
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
        sample = self._judged(folder.name, "real", _together(heard), judge)
        said = [self.recogniser.words(clip) for clip in heard]
        yield replace(sample, row=replace(sample.row, pace_ratio=judge.ratio(heard, said)))

    def _judge(self, clips: Sequence[Audio]) -> Judge:
        return Judge(_together(clips), _pace(clips, [self.recogniser.words(c) for c in clips]))

    def _spoken(self, voice: Voice, kind: str, judge: Judge, enrol_s: float | None) -> Sample:
        said = [joined(self.worker.speak(line, voice, Delivery(), stop=Event())) for line in SAID]
        words = [self.recogniser.words(sound) for sound in said]
        sample = self._judged(voice.name, kind, joined(said), judge)
        row = replace(
            sample.row,
            wer=round(error_rate(list(map(Heard, SAID, words))), 4),
            pace_ratio=judge.ratio(said, words),
            enrol_s=_rounded(enrol_s),
        )
        return replace(sample, row=row)

    def _judged(self, speaker: str, kind: str, sound: Audio, judge: Judge) -> Sample:
        ours, theirs = median_f0_hz([sound]), median_f0_hz([judge.sound])
        error = 12 * np.log2(ours / theirs) if ours and theirs else None
        row = Row(
            speaker,
            kind,
            ge2e=_cosine(self.worker.embed(sound), self.worker.embed(judge.sound)),
            second=_cosine(self.second.embed(sound), self.second.embed(judge.sound)),
            distilmos=round(self.naturalness(sound), 2),
            dnsmos=round(self.dnsmos.opinion(sound), 2),
            f0_error_semitones=_rounded(error),
        )
        return Sample(row, sound)


def means(rows: Sequence[Row]) -> dict[str, dict[str, float | None]]:
    """Return each kind's mean of each column over the speakers.

    F0 errors count without their sign, paces by how far they are off either way: 0.8 as 1.25.
    """
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
    values = [_size(column, value) for value in found if value is not None]
    return round(float(np.mean(values)), 3) if values else None


def _size(column: str, value: float) -> float:
    if column == "f0_error_semitones":
        return abs(value)
    return max(value, 1 / value) if column == "pace_ratio" else value


def _pace(said: Sequence[Audio], words: Sequence[str]) -> float:
    """Return syllables per second of speech, given what was understood."""
    symbols = [phonemes(clause.text).symbols for line in words for clause in clauses(line)]
    seconds = sum(pace.heard_s(sound.at(pace.RATE_HZ).samples) for sound in said)
    return sum(map(pace.syllables, symbols)) / seconds if seconds else 0.0


def _together(clips: Sequence[Audio]) -> Audio:
    return joined(clip.at(16_000) for clip in clips)


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    return round(float(a @ b), 3)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 2)
