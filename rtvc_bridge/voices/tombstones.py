"""Voices whose speaker took the agreement back: what is kept so that they stay away."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from rtvc_bridge.errors import StorageError
from rtvc_bridge.voices.disk import write_bytes
from rtvc_bridge.voices.value import Embedding, Voice

_SUFFIX = ".revoked.json"


class Tombstone(BaseModel):
    """That a voice was revoked. Nothing in it tells what the voice sounded like.

    Attributes:
        id: The voice's.
        embedding_sha256: Of its d-vector's bytes; the same voice under another id has it too.
        revoked_at: ISO 8601 in UTC.
        by: Who did it, as `safety.asker` names people.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: str
    embedding_sha256: str
    revoked_at: str
    by: str


@dataclass(frozen=True, slots=True)
class Tombstones:
    """One small file for each revoked voice, in the folder of the voices.

    Args:
        folder: Of the voices; exists when something is written.
    """

    folder: Path

    def has(self, voice_id: str) -> bool:
        """Whether the voice of that id was revoked."""
        return self._path(voice_id).exists()

    def find(self, voice: Voice) -> Tombstone | None:
        """Return the tombstone of `voice`, or of the same d-vector under another id.

        Raises:
            StorageError: If a tombstone cannot be read: what it forbids is not known then.
        """
        if self.has(voice.id):
            return self._read(self._path(voice.id))
        digest = _digest(voice.embedding)
        for path in self.folder.glob(f"*{_SUFFIX}"):
            if (stone := self._read(path)).embedding_sha256 == digest:
                return stone
        return None

    def put(self, voice_id: str, embedding: Embedding | None, *, by: str) -> Tombstone:
        """Note that a voice is revoked now; without its d-vector if that cannot be read.

        Raises:
            StorageError: If that cannot be written.
        """
        stone = Tombstone(
            id=voice_id,
            embedding_sha256="" if embedding is None else _digest(embedding),
            revoked_at=datetime.now(UTC).isoformat(timespec="seconds"),
            by=by,
        )
        write_bytes(stone.model_dump_json().encode(), self._path(voice_id))
        return stone

    def _path(self, voice_id: str) -> Path:
        return self.folder / f"{voice_id}{_SUFFIX}"

    def _read(self, path: Path) -> Tombstone:
        try:
            return Tombstone.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            msg = (
                f"{path} says that a voice was revoked, and cannot be read. Restore it from a "
                "copy, or delete it if you know that no voice has to stay away."
            )
            raise StorageError(msg) from error


def _digest(embedding: Embedding) -> str:
    return hashlib.sha256(embedding.tobytes()).hexdigest()
