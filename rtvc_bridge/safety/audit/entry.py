"""What the audit keeps of one event, and the bytes of it that are hashed."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from rtvc_bridge.errors import StorageError

MAX_FIELD_CHARS = 500
COLUMNS = (
    "number",
    "at",
    "kind",
    "who",
    "user",
    "lane",
    "voice_id",
    "voice",
    "characters",
    "sound_ms",
    "outcome",
    "reason",
    "sealed",
    "previous",
    "hash",
)
"""Of one row, in the order in which they are hashed; the last is the hash."""

Cell = int | str | bytes | None
Cells = Sequence[Cell]


class Kind(StrEnum):
    """What happened."""

    SAID = "said"
    REFUSED = "refused"
    HELD = "held"
    APPROVED = "approved"
    DENIED = "denied"
    ENROLLED = "enrolled"
    CONSENTED = "consented"
    RENAMED = "renamed"
    IMPORTED = "imported"
    EXPORTED = "exported"
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    DELETED = "deleted"
    HALTED = "halted"
    LIFTED = "lifted"
    PRUNED = "pruned"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event, as whoever saw it hands it over.

    Attributes:
        kind: What happened.
        who: The asker's names, such as "here" or "discord:user:12".
        user: Whose line it was within its lane.
        lane: Where it was said.
        voice_id: The voice's id.
        voice: The voice's name at that time.
        characters: Length of the text; counted from `text` if that is given.
        seconds: How much sound was made.
        outcome: How it ended, such as "done", "cancelled" or "failed".
        reason: Why, in words that hold nothing of the text.
        text: What was said. Kept only if the settings want it, and then encrypted.
    """

    kind: Kind
    who: frozenset[str] = frozenset()
    user: str = ""
    lane: str = ""
    voice_id: str = ""
    voice: str = ""
    characters: int = 0
    seconds: float = 0.0
    outcome: str = ""
    reason: str = ""
    text: str = ""

    def without_text(self) -> "Entry":
        """Return the same, with how long the text is in its place."""
        return replace(self, text="", characters=len(self.text)) if self.text else self


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry and when it was handed over, UTC."""

    entry: Entry
    at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in the file: an Entry's fields, and its place in the chain.

    Attributes:
        sealed: The text, encrypted; None if none was kept.
        previous: The hash of the row before, hex.
        hash: Its own, hex.
    """

    number: int
    at: str
    kind: str
    who: tuple[str, ...]
    user: str
    lane: str
    voice_id: str
    voice: str
    characters: int
    sound_ms: int
    outcome: str
    reason: str
    sealed: bytes | None
    previous: str
    hash: str

    @classmethod
    def of(cls, cells: Cells) -> "Row":
        """Return the row in `cells`.

        Raises:
            StorageError: If that is no row of ours.
        """
        values = dict(zip(COLUMNS, cells, strict=True))
        try:
            who = json.loads(str(values.pop("who")))
            return cls(who=tuple(map(str, who)), **values)  # type: ignore[arg-type] # STRICT table
        except (ValueError, TypeError) as error:
            msg = f"Audit row {cells[0]!r} cannot be read. Run: rtvc-bridge audit verify"
            raise StorageError(msg) from error


def cells_of(noted: Noted, number: int, sealed: bytes | None, previous: str) -> tuple[Cell, ...]:
    """Return the cells of the row that `noted` becomes, with its hash."""
    entry = noted.entry
    cells: tuple[Cell, ...] = (
        number,
        noted.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        str(entry.kind),
        json.dumps(sorted(map(storable, entry.who)), ensure_ascii=False),
        storable(entry.user),
        storable(entry.lane),
        storable(entry.voice_id),
        storable(entry.voice),
        len(entry.text) or entry.characters,
        round(entry.seconds * 1000),
        storable(entry.outcome),
        storable(entry.reason),
        sealed,
        previous,
    )
    return (*cells, digest(cells))


def digest(cells: Cells) -> str:
    """Return the SHA-256 of a row's cells without its hash, hex.

    Hashed is JSON in ASCII without spaces, bytes as hex: one row has one such form only.
    """
    plain = [cell.hex() if isinstance(cell, bytes) else cell for cell in cells]
    canonical = json.dumps(plain, separators=(",", ":")).encode("ascii")
    return hashlib.sha256(b"rtvc-bridge audit row 1\n" + canonical).hexdigest()


def storable(words: str) -> str:
    """Return `words` as a database takes them: valid Unicode of bounded length."""
    return words[:MAX_FIELD_CHARS].encode("utf-8", "replace").decode()
