"""Where a refinement stands, as values that another process can hold. NumPy only."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.voices import Embedding, Tensors

_FIRST_DECAY, _SECOND_DECAY, _TINY = 0.9, 0.999, 1e-8  # Adam, Kingma and Ba 2015

_Floats: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Target:
    """What the drafts should sound like.

    Attributes:
        embedding: float32 [256], the speaker's d-vector.
        second: float32 [192], the speaker's vector by the second encoder.
        spectrum: float32 [80], the speaker's long-term spectrum.
        f0_hz: The speaker's median F0, None if unknown.
    """

    embedding: Embedding
    second: Embedding
    spectrum: _Floats
    f0_hz: float | None


@dataclass(frozen=True, slots=True)
class Moments:
    """Adam's running means of a gradient and of its square."""

    first: _Floats
    second: _Floats

    @classmethod
    def none(cls, like: _Floats) -> "Moments":
        """Return those before the first step."""
        return cls(np.zeros_like(like), np.zeros_like(like))

    def stepped(self, gradient: _Floats, count: int) -> tuple["Moments", _Floats]:
        """Return the next moments and the direction to step against, for step `count` >= 1."""
        first = _FIRST_DECAY * self.first + (1 - _FIRST_DECAY) * gradient
        second = _SECOND_DECAY * self.second + (1 - _SECOND_DECAY) * gradient**2
        mean = first / (1 - _FIRST_DECAY**count)
        power = second / (1 - _SECOND_DECAY**count)
        return Moments(first, second), (mean / (np.sqrt(power) + _TINY)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Place:
    """A point of the space that is searched.

    Attributes:
        z: float32 [n], the style's coefficients.
        offsets: float32 [58, 128].
    """

    z: _Floats
    offsets: _Floats

    def moved(self, z: _Floats, offsets: _Floats) -> "Place":
        """Return the place that far away."""
        return Place((self.z + z).astype(np.float32), (self.offsets + offsets).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Search:
    """Everything that one step hands to the next.

    Attributes:
        target: What is searched for.
        start: Where the search began.
        here: Where it is.
        z_moments: Of the gradient's part.
        offset_moments: Of the other part.
        best: The place that the held-out sentences liked best so far.
        best_loss: What they made of it.
        first_loss: What they made of the start.
        steps: Steps in all.
        others: The voice's tensors that are not searched for.
        done: Steps taken.
    """

    target: Target
    start: Place
    here: Place
    z_moments: Moments
    offset_moments: Moments
    best: Place
    best_loss: float
    first_loss: float
    steps: int
    others: Tensors
    done: int = 0
