"""The seam between the engine and whatever makes the sound, and the three stages behind ours."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge import text as front_end
from rtvc_bridge.audio import Audio, joined, silence, trimmed
from rtvc_bridge.errors import ModelError, TextRejectedError, VoiceFileError
from rtvc_bridge.loudness import Match
from rtvc_bridge.voices import Consent, Embedding, Tensors, Voice

SPEED_RANGE = (0.5, 2.0)
PITCH_RANGE = (-12.0, 12.0)
EXPRESSION_RANGE = (0.0, 2.0)
ENROL_RATE_HZ = 16_000
SILENT_ENERGY = -7.0
"""Below this, a frame's energy is that of silence: about -9 between clauses, -5 in a soft "th"."""
EDGE_FRAMES = 2
VOICED_HZ = 10.0
"""Below this, the vocoder takes F0 for unvoiced."""
GLIDE = 0.6
"""Voiced points below this part of the median F0 are on their way to unvoiced ones."""
PIPELINE_NAME = "kokoro-ge2e"
"""Under which a Voice keeps what the three stages read."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one utterance is spoken, relative to the voice's own habit.

    Attributes:
        speed: 1.0 is the voice's own pace, 2.0 twice as fast; within SPEED_RANGE.
        pitch_semitones: How much higher than the voice's own; within PITCH_RANGE.
        expression: How far pitch and loudness swing: 0.0 not at all, 1.0 as the voice does,
            2.0 twice as far; within EXPRESSION_RANGE.
    """

    speed: float = 1.0
    pitch_semitones: float = 0.0
    expression: float = 1.0

    def __post_init__(self) -> None:
        for name, (low, high), value in (
            ("a speed", SPEED_RANGE, self.speed),
            ("a pitch", PITCH_RANGE, self.pitch_semitones),
            ("an expression", EXPRESSION_RANGE, self.expression),
        ):
            if not low <= value <= high:
                msg = f"want {name} from {low} to {high}, got {value}"
                raise ValueError(msg)


class Pipeline(Protocol):
    """Turns clips into a voice, and text into sound in that voice.

    Used by one thread at a time. Everything that varies per call is an argument.
    """

    @property
    def name(self) -> str:
        """Under which name a Voice keeps this pipeline's tensors."""

    def embed(self, clip: Audio) -> Embedding:
        """Return the speaker's d-vector, float32 [256], unit length."""

    def enrol(self, clips: Sequence[Audio], *, name: str, consent: Consent) -> Voice:
        """Return the voice heard in `clips` (speech only, any rate, at least one).

        Raises:
            ClipRejectedError: If the clips cannot make a voice.
        """

    def speak(self, text: str, voice: Voice, delivery: Delivery, *, stop: Event) -> Iterator[Audio]:
        """Yield sound as it is made, at one rate; end early once `stop` is set.

        One Audio for each of `text.clauses`, which captions rely on.

        Raises:
            TextRejectedError: If nothing in `text` can be said.
            VoiceFileError: If `voice` has no tensors for this pipeline.
        """


@dataclass(frozen=True, slots=True)
class FrameFormat:
    """What a synthesizer hands to a vocoder; both sides of the join must agree.

    Attributes:
        channels: Text features per frame.
        frame_samples: Samples of sound that one frame stands for.
        rate_hz: Samples per second of that sound.
        curve_points: F0 and energy values per frame.
    """

    channels: int
    frame_samples: int
    rate_hz: int
    curve_points: int


@dataclass(frozen=True, slots=True)
class Frames:
    """One clause, ready to become sound.

    Attributes:
        features: float32 [channels, n_frames], the text spread over time.
        f0_hz: float32 [curve_points * n_frames], 0 where unvoiced.
        energy: float32 [curve_points * n_frames], log of the frame's magnitude.
        durations: int64 [n_symbols], frames per input symbol, edges included, as synthesized.
    """

    features: NDArray[np.float32]
    f0_hz: NDArray[np.float32]
    energy: NDArray[np.float32]
    durations: NDArray[np.int64]


def spoken_part(frames: Frames) -> Frames:
    """Return the frames without the silence at either end, but for EDGE_FRAMES of it.

    About a third of a short clause is silence; it is cut again, finely, once it is sound, so
    making it would be lost time. DistilMOS over 16 sentences in four stock voices: 4.44 uncut;
    4.41, 4.38 and 4.44 with 2, 4 and 8 frames left.
    """
    n_frames = frames.features.shape[1]
    points = len(frames.energy) // n_frames
    loud = np.flatnonzero(frames.energy.reshape(n_frames, points).max(axis=1) > SILENT_ENERGY)
    if not len(loud):
        return frames
    start = max(0, int(loud[0]) - EDGE_FRAMES)
    end = min(n_frames, int(loud[-1]) + 1 + EDGE_FRAMES)
    curve = slice(start * points, end * points)
    return replace(
        frames,
        features=np.ascontiguousarray(frames.features[:, start:end]),
        f0_hz=frames.f0_hz[curve].copy(),
        energy=frames.energy[curve].copy(),
    )


def delivered(frames: Frames, delivery: Delivery) -> Frames:
    """Return the frames at the pitch and with the swing that `delivery` asks for.

    Where F0 glides between voiced and unvoiced it is no melody (10 to 60 Hz in a voice of 100),
    so the glides follow their neighbours: they keep their shape.
    """
    f0_hz, swing = frames.f0_hz, delivery.expression - 1
    voiced = f0_hz > VOICED_HZ
    if (not swing and not delivery.pitch_semitones) or not voiced.any():
        return frames
    points = np.arange(len(f0_hz))
    sung = np.flatnonzero(f0_hz > GLIDE * np.median(f0_hz[voiced]))
    log_f0, energy = np.log(f0_hz[sung]), frames.energy[sung]
    higher = np.interp(points, sung, swing * (log_f0 - log_f0.mean()))
    louder = np.interp(points, sung, swing * (energy - energy.mean()))
    octaves = delivery.pitch_semitones / 12
    shaped = f0_hz * np.exp(higher) * 2**octaves
    return replace(
        frames,
        f0_hz=np.where(voiced, shaped, f0_hz).astype(np.float32),
        energy=np.where(voiced, frames.energy + louder, frames.energy).astype(np.float32),
    )


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
        if self.name not in voice.tensors:
            msg = f"The voice {voice.name!r} was not enrolled for {self.name}; enrol it again."
            raise VoiceFileError(msg)
        tensors = voice.tensors[self.name]
        clauses = front_end.clauses(text)
        if not clauses:
            raise TextRejectedError("There is nothing to say in that.")
        loudness = Match()
        for clause in clauses:
            symbols = front_end.phonemes(clause.text).symbols
            if stop.is_set():
                return
            frames = self.synthesizer.synthesize(symbols, tensors, speed=delivery.speed)
            if stop.is_set():
                return
            frames = delivered(spoken_part(frames), delivery)
            sound = trimmed(self.vocoder.vocode(frames, tensors))
            pause = silence(clause.pause_s / delivery.speed, sound.rate_hz)
            yield loudness.matched(joined([sound, pause]))
