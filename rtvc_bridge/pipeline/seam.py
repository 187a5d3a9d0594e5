"""The seam between the engine and whatever makes the sound."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Protocol, runtime_checkable

from rtvc_bridge.audio import Audio
from rtvc_bridge.pipeline.frames import Delivery
from rtvc_bridge.voices import Consent, Embedding, Voice


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
class Refinement:
    """A voice on its way to a better likeness. Whoever holds it can go on from it, or stop.

    Attributes:
        voice: The best so far.
        done: Steps taken.
        steps: Steps in all.
        first_loss: How unlike the voice was at the start, in sentences that are not trained on.
        best_loss: How unlike the best so far is.
        state: What the pipeline needs to go on; can be pickled.
    """

    voice: Voice
    done: int
    steps: int
    first_loss: float
    best_loss: float
    state: object


@runtime_checkable
class Refining(Protocol):
    """A Pipeline that can make a voice more alike, step by step."""

    def refinement(self, voice: Voice, clips: Sequence[Audio], *, steps: int) -> Refinement:
        """Return the start of making `voice` more alike to the speaker of `clips`.

        Raises:
            ModelError: If this pipeline cannot do so.
            VoiceFileError: If `voice` has no tensors for this pipeline.
        """

    def refined(self, refinement: Refinement) -> Refinement:
        """Return it one step of some seconds later; the last one changes nothing more."""
