"""A cloned voice as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Embedding: TypeAlias = NDArray[np.float32]  # [256], unit length
Tensors: TypeAlias = Mapping[str, NDArray[np.float32]]

EMBEDDING_SIZE = 256
UNIT_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Consent:
    """Who speaks, and that they agreed to be cloned.

    Attributes:
        by: The speaker, as they are called: who agreed.
        given_at: When, ISO 8601 in UTC.
        level: How it was shown. "attested": whoever enrolled stated it.
    """

    by: str
    given_at: str
    level: str = "attested"


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """A speaker. Compare the `id`s: two voices are equal only when they are one object.

    Attributes:
        id: 32 hex digits, given once, kept through renames.
        name: As typed by people, for example "alba".
        embedding: float32 [256], unit length.
        consent: The speaker's agreement.
        tensors: Per pipeline name, the named float32 tensors that only that pipeline reads.
        clips: The enrolment clips, each a whole FLAC file.
        created_at: ISO 8601 in UTC.
    """

    id: str
    name: str
    embedding: Embedding
    consent: Consent
    created_at: str
    tensors: Mapping[str, Tensors] = field(default_factory=dict)
    clips: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        fault = embedding_fault(self.embedding)
        if fault:
            raise TypeError(fault)


def embedding_fault(embedding: NDArray[np.generic]) -> str | None:
    """Return what keeps `embedding` from being float32 [256] of unit length, or None."""
    if embedding.dtype != np.float32 or embedding.shape != (EMBEDDING_SIZE,):
        return (
            f"want an embedding of float32 [{EMBEDDING_SIZE}], "
            f"got {embedding.dtype} {list(embedding.shape)}"
        )
    length = float(np.linalg.norm(embedding))
    if not abs(length - 1) <= UNIT_TOLERANCE:  # also true of NaN
        return f"want an embedding of length 1, got {length:.3g}"
    return None
