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
class Spoken:
    """How a sentence that the speaker read aloud was judged.

    Attributes:
        sentence: What was to be read; made for this once.
        audio_sha256: Of the recording's samples, 64 hex digits.
        words: Share of the sentence's words that were heard, 0 to 1.
        words_least: The least that passed then.
        speaker: Cosine of the recording's d-vector with that of the clips, -1 to 1.
        speaker_least: The least that passed then.
    """

    sentence: str
    audio_sha256: str
    words: float
    words_least: float
    speaker: float
    speaker_least: float


@dataclass(frozen=True, slots=True)
class Consent:
    """Who speaks, that they agreed to be cloned, and to what.

    People and groups are named as `safety.asker` does: "here" is whoever uses this computer,
    "discord:user:12" a person on Discord, "everyone" anybody.

    Attributes:
        by: The speaker, as they are called: who agreed.
        given_at: When, ISO 8601 in UTC.
        level: How it was shown. "attested": whoever enrolled stated it. "spoken": the speaker
            read a sentence aloud.
        spoken: How that was judged; None for another level.
        owner: Who decides over the voice.
        uses: The lanes it may speak in, by their first word ("mic", "discord"); () for any.
        grants: Who may use it besides its owner.
        expires_at: Until when, ISO 8601 in UTC; "" for as long as it is not revoked.
    """

    by: str
    given_at: str
    level: str = "attested"
    spoken: Spoken | None = None
    owner: str = "here"
    uses: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()
    expires_at: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """That an installation saw to it that the speaker agreed.

    Attributes:
        key: The installation's Ed25519 public key, 64 hex digits.
        value: Over `voices.statement`, 128 hex digits.
    """

    key: str
    value: str


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
        signature: Over what it is and what was agreed; None until an installation vouches for it.
    """

    id: str
    name: str
    embedding: Embedding
    consent: Consent
    created_at: str
    tensors: Mapping[str, Tensors] = field(default_factory=dict)
    clips: tuple[bytes, ...] = ()
    signature: Signature | None = None

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
