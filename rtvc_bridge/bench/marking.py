"""The watermark's figures: found when there, not found when not, what it costs."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from threading import Event
from typing import TypeAlias

import numpy as np

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.bench.handling import HANDLINGS, Handling
from rtvc_bridge.bench.speed import Spread
from rtvc_bridge.bench.words import Recogniser, error_rate, round_trip
from rtvc_bridge.enrolment import read_clip
from rtvc_bridge.errors import UserError
from rtvc_bridge.pipeline import Delivery, Pipeline
from rtvc_bridge.safety.verdict import THRESHOLD
from rtvc_bridge.stages.tuner import RidgeTuner
from rtvc_bridge.stages.watermark import Detector, Marker
from rtvc_bridge.voices import Voice

CLIP_S = 5.0
LEAST_CLIP_S = 1.0
PIECES_S = (0.02, 0.1, 0.5)
"""Lengths in which a stream may come."""
MOS_LINES = 20

Pieces = list[Audio]
Opinion: TypeAlias = Callable[[Audio], float]


@dataclass(frozen=True, slots=True)
class Found:
    """How often the mark is found, at the threshold in use.

    Attributes:
        marked: Share of marked clips that it is found in.
        recordings: Share of recordings that it is wrongly found in; None without recordings.
        lowest_marked: Score that 99 % of the marked clips pass.
        highest_recording: Score that 99 % of the recordings stay under.
    """

    marked: float
    recordings: float | None
    lowest_marked: float
    highest_recording: float | None


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that is measured.

    Attributes:
        pipeline: Without the watermark.
        voice: A cloned voice.
        tuner: Whose stock voices speak too.
        marker: Puts the mark in.
        detector: Looks for it.
        recogniser: Counts the words that the mark costs.
        naturalness: Tells the opinion score that it costs, 1 to 5.
    """

    pipeline: Pipeline
    voice: Voice
    tuner: RidgeTuner
    marker: Marker
    detector: Detector
    recogniser: Recogniser
    naturalness: Opinion

    def figures(
        self, lines: Sequence[str], voices: int, recordings: Sequence[Audio]
    ) -> Iterator[tuple[str, object]]:
        """Yield every figure's name and value, as each is measured."""
        spoken = [self._said(line, voice) for voice in self._voices(voices) for line in lines]
        plain = [joined(pieces) for pieces in spoken]
        yield from self._cost(spoken)
        marked = [joined(self.marker.marked(pieces)) for pieces in spoken]
        yield "clips", {"marked": len(marked), "recordings": len(recordings)}
        yield "threshold", THRESHOLD
        for name, handling in HANDLINGS.items():
            yield f"found_{name}", asdict(self._found(marked, recordings, handling))
        yield "found_without_mark", _share(self._scores(plain, HANDLINGS["unchanged"]))
        for seconds in PIECES_S:
            streamed = [joined(self.marker.marked(_pieces(audio, seconds))) for audio in plain]
            scores = self._scores(streamed, HANDLINGS["unchanged"])
            yield f"found_in_pieces_of_{seconds:g}_s", _share(scores)
        yield from self._quality(lines, plain[: len(lines)], marked[: len(lines)])

    def _voices(self, count: int) -> Iterator[Voice]:
        """Yield the clone, then stock voices."""
        yield self.voice
        for style in self.tuner.stock_styles[: count - 1]:
            yield replace(self.voice, tensors={self.pipeline.name: {"style": style}})

    def _said(self, line: str, voice: Voice) -> Pieces:
        return list(self.pipeline.speak(line, voice, Delivery(), stop=Event()))

    def _cost(self, spoken: Sequence[Pieces]) -> Iterator[tuple[str, object]]:
        """Yield how long marking takes: per second of sound, and until the first piece is out."""
        per_second, first_s = [], []
        for pieces in spoken:
            began = time.perf_counter()
            marks = self.marker.marked(pieces)
            next(marks)
            first_s.append(time.perf_counter() - began)
            list(marks)
            taken_s = time.perf_counter() - began
            per_second.append(taken_s / sum(piece.seconds for piece in pieces))
        yield "marking_rtf", asdict(Spread.of(per_second))
        yield "first_piece_later_s", asdict(Spread.of(first_s))

    def _found(
        self, marked: Sequence[Audio], recordings: Sequence[Audio], handling: Handling
    ) -> Found:
        there = self._scores(marked, handling)
        absent = self._scores(recordings, handling)
        return Found(
            marked=_share(there),
            recordings=_share(absent) if absent else None,
            lowest_marked=round(float(np.quantile(there, 0.01)), 3),
            highest_recording=round(float(np.quantile(absent, 0.99)), 3) if absent else None,
        )

    def _quality(
        self, lines: Sequence[str], plain: Sequence[Audio], marked: Sequence[Audio]
    ) -> Iterator[tuple[str, object]]:
        """Yield word errors and naturalness of the cloned voice, without the mark and with it."""
        for name, sounds in (("without", plain), ("with", marked)):
            by_line = dict(zip(lines, sounds, strict=True))
            heard = round_trip(lines, by_line.__getitem__, self.recogniser)
            yield f"wer_{name}_mark", round(error_rate(heard), 4)
            opinions = [self.naturalness(audio) for audio in sounds[:MOS_LINES]]
            yield f"distilmos_{name}_mark", round(float(np.mean(opinions)), 3)

    def _scores(self, clips: Sequence[Audio], handling: Handling) -> list[float]:
        return [self.detector.verdict(handling(clip)).score for clip in clips]


def recordings(folder: Path, count: int) -> list[Audio]:
    """Return up to `count` clips of CLIP_S from the recordings in `folder` and below.

    Raises:
        UserError: If there are none.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".flac", ".wav"))
    clips = list(islice(_cut(read_clip(file).audio for file in files), count))
    if not clips:
        raise UserError(f"There are no recordings (.flac, .wav) in {folder}.")
    return clips


def _cut(sounds: Iterable[Audio]) -> Iterator[Audio]:
    for audio in sounds:
        yield from (clip for clip in _pieces(audio, CLIP_S) if clip.seconds >= LEAST_CLIP_S)


def _pieces(audio: Audio, seconds: float) -> Pieces:
    size = round(seconds * audio.rate_hz)
    starts = range(0, len(audio.samples), size)
    return [Audio(audio.samples[start : start + size], audio.rate_hz) for start in starts]


def _share(scores: Sequence[float]) -> float:
    return round(float(np.mean(np.array(scores) >= THRESHOLD)), 4)
