"""The three stages behind the seam, joined as one Pipeline."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event
from typing import Any, Protocol, TypeVar

import numpy as np

from rtvc_bridge import text as front_end
from rtvc_bridge.audio import Audio, joined, silence, trimmed
from rtvc_bridge.errors import ModelError, TextRejectedError, VoiceFileError
from rtvc_bridge.loudness import Match
from rtvc_bridge.pipeline.frames import (
    Delivery,
    FrameFormat,
    Frames,
    delivered,
    paced,
    spoken_part,
)
from rtvc_bridge.pipeline.seam import Refinement
from rtvc_bridge.voices import Consent, Embedding, Tensors, Voice

ENROL_RATE_HZ = 16_000
PIPELINE_NAME = "kokoro-ge2e"
"""Under which a Voice keeps what the three stages read."""


class Encoder(Protocol):
    """Stage 1: speech to d-vector."""

    @property
    def embedding_size(self) -> int:
        """Numbers in a d-vector."""

    def embed(self, clip: Audio) -> Embedding:
        """Return float32 [embedding_size], unit length."""


class Tuner(Protocol):
    """Between 1 and 2, once per voice: d-vector and clips to what the other stages read."""

    @property
    def embedding_size(self) -> int:
        """Numbers in the d-vector it reads."""

    @property
    def style_size(self) -> int:
        """Numbers in the style it writes."""

    def tune(self, embedding: Embedding, clips: Sequence[Audio]) -> Tensors:
        """Return at least "style", float32 [style_size]."""


class Synthesizer(Protocol):
    """Stage 2: phonemes to frames."""

    @property
    def alphabet(self) -> frozenset[str]:
        """The phoneme symbols it knows."""

    @property
    def style_size(self) -> int:
        """Numbers in the style it reads."""

    @property
    def frame_format(self) -> FrameFormat:
        """What its frames are."""

    def synthesize(self, phonemes: str, tensors: Tensors, *, speed: float) -> Frames:
        """Return the frames of one clause (at most 508 symbols)."""


class Vocoder(Protocol):
    """Stage 3: frames to sound."""

    @property
    def style_size(self) -> int:
        """Numbers in the style it reads."""

    @property
    def frame_format(self) -> FrameFormat:
        """What frames it takes."""

    def vocode(self, frames: Frames, tensors: Tensors) -> Audio:
        """Return the clause's sound at frame_format.rate_hz."""


class Search(Protocol):
    """What a refiner hands from step to step."""

    @property
    def done(self) -> int:
        """Steps taken."""

    @property
    def steps(self) -> int:
        """Steps in all."""

    @property
    def first_loss(self) -> float:
        """How unlike the start was."""

    @property
    def best_loss(self) -> float:
        """How unlike the best so far is."""


S = TypeVar("S", bound=Search)


class Refiner(Protocol[S]):
    """After the tuner, if asked: tensors to better ones, with more work."""

    def begun(
        self, tensors: Tensors, embedding: Embedding, clips: Sequence[Audio], *, steps: int
    ) -> S:
        """Return the search for better tensors, nothing done yet."""

    def stepped(self, search: S) -> S:
        """Return the search one step later."""

    def tensors(self, search: S) -> Tensors:
        """Return the best tensors so far."""


@dataclass(frozen=True, slots=True)
class ThreeStage:
    """Encoder, synthesizer and vocoder as one Pipeline.

    Raises:
        ModelError: If stages do not fit each other.
    """

    encoder: Encoder
    tuner: Tuner
    synthesizer: Synthesizer
    vocoder: Vocoder
    name: str = PIPELINE_NAME
    refiner: Refiner[Any] | None = None

    def __post_init__(self) -> None:
        joins = (
            ("d-vector size", self.encoder.embedding_size, self.tuner.embedding_size),
            ("style size", self.tuner.style_size, self.synthesizer.style_size),
            ("style size", self.synthesizer.style_size, self.vocoder.style_size),
            ("frames", self.synthesizer.frame_format, self.vocoder.frame_format),
            ("alphabet", self.synthesizer.alphabet, frozenset(front_end.KOKORO_SYMBOLS)),
        )
        for what, ours, theirs in joins:
            if ours != theirs:
                raise ModelError(f"The stages do not fit: {what} {ours} meets {theirs}.")

    def embed(self, clip: Audio) -> Embedding:
        """Return the speaker's d-vector, float32 [256], unit length."""
        return self.encoder.embed(clip)

    def enrol(self, clips: Sequence[Audio], *, name: str, consent: Consent) -> Voice:
        """Return the voice heard in `clips`; longer clips weigh more."""
        embedding = self.embed(joined(clip.at(ENROL_RATE_HZ) for clip in clips))
        tensors = self.tuner.tune(embedding, clips)
        return Voice(
            id=uuid.uuid4().hex,
            name=name,
            embedding=embedding,
            consent=consent,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            tensors={self.name: tensors},
        )

    def speak(self, text: str, voice: Voice, delivery: Delivery, *, stop: Event) -> Iterator[Audio]:
        """Yield one Audio per clause as soon as it is made, its pause at its end."""
        tensors = self._tensors(voice)
        own_semitones = pitch_semitones(tensors)
        speed = paced(delivery, own_pace=pace(tensors))
        clauses = front_end.clauses(text)
        if not clauses:
            raise TextRejectedError("There is nothing to say in that.")
        loudness = Match()
        for clause in clauses:
            symbols = front_end.phonemes(clause.text).symbols
            if stop.is_set():
                return
            frames = self.synthesizer.synthesize(symbols, tensors, speed=speed)
            if stop.is_set():
                return
            frames = delivered(spoken_part(frames), delivery, own_semitones=own_semitones)
            sound = trimmed(self.vocoder.vocode(frames, tensors))
            pause = silence(clause.pause_s / speed, sound.rate_hz)
            yield loudness.matched(joined([sound, pause]))

    def refinement(self, voice: Voice, clips: Sequence[Audio], *, steps: int) -> Refinement:
        """Return the start of making `voice` more alike to the speaker of `clips`.

        Raises:
            ModelError: If there is no refiner.
            VoiceFileError: If `voice` has no tensors for this pipeline.
        """
        tensors = self._tensors(voice)
        embedding = self.embed(joined(clip.at(ENROL_RATE_HZ) for clip in clips))
        search = self._refiner().begun(tensors, embedding, clips, steps=steps)
        return self._shown(voice, search)

    def refined(self, refinement: Refinement) -> Refinement:
        """Return it one step of some seconds later; the last one changes nothing more."""
        if refinement.done >= refinement.steps:
            return refinement
        return self._shown(refinement.voice, self._refiner().stepped(refinement.state))

    def _shown(self, voice: Voice, search: Search) -> Refinement:
        tensors = {**voice.tensors, self.name: self._refiner().tensors(search)}
        return Refinement(
            voice=replace(voice, tensors=tensors),
            done=search.done,
            steps=search.steps,
            first_loss=search.first_loss,
            best_loss=search.best_loss,
            state=search,
        )

    def _refiner(self) -> Refiner[Any]:
        if self.refiner is None:
            raise ModelError(f"The pipeline {self.name} cannot refine voices.")
        return self.refiner

    def _tensors(self, voice: Voice) -> Tensors:
        if self.name not in voice.tensors:
            msg = f"The voice {voice.name!r} was not enrolled for {self.name}; enrol it again."
            raise VoiceFileError(msg)
        return voice.tensors[self.name]


def pitch_semitones(tensors: Tensors) -> float:
    """Return how much higher the voice is spoken than the synthesizer would: 0 unless kept.

    Raises:
        VoiceFileError: If "pitch_semitones" is not one finite number.
    """
    return _kept_number(tensors, "pitch_semitones", absent=0.0)


def pace(tensors: Tensors) -> float:
    """Return how much faster the voice is spoken than the synthesizer would: 1 unless kept.

    Raises:
        VoiceFileError: If "pace" is not one finite number above 0.
    """
    factor = _kept_number(tensors, "pace", absent=1.0)
    if factor <= 0:
        raise _damaged("pace")
    return factor


def _kept_number(tensors: Tensors, name: str, *, absent: float) -> float:
    kept = tensors.get(name)
    if kept is None:
        return absent
    if kept.shape != (1,) or not np.isfinite(kept).all():
        raise _damaged(name)
    return float(kept[0])


def _damaged(name: str) -> VoiceFileError:
    return VoiceFileError(f'The voice\'s "{name}" is damaged; enrol it again.')
