"""Whether a chain of audit rows is as it was written.

Every row names the hash of the row before. Two marks, signed with the installation's key, say
where the chain begins (the checkpoint: 0, or the last row that was pruned) and where it ends
(the head). Without the key nobody can end it elsewhere, or make it anew.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from rtvc_bridge.safety.audit.entry import Cells, digest
from rtvc_bridge.safety.keys import Key, verified

HEAD = "head"
CHECKPOINT = "checkpoint"


class How(StrEnum):
    """What is wrong with a row."""

    ALTERED = "altered"
    MISSING = "missing"
    ORDER = "order"
    CUT_OFF = "cut off"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong.

    Attributes:
        number: The row.
        how: What is wrong with it.
        words: The same for a reader.
    """

    number: int
    how: How
    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an examination of the whole chain found.

    Attributes:
        first: Number of the first row that is kept.
        last: Number of the last that is in order, `first - 1` if none is.
        fault: What is wrong after it; None if nothing is.
    """

    first: int
    last: int
    fault: Fault | None

    @property
    def rows(self) -> int:
        """How many rows are in order."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the chain, signed.

    Attributes:
        name: HEAD or CHECKPOINT.
        number: Of the row; 0 is before the first.
        hash: Of that row, hex; at 0, random, so that two chains of one key never fit together.
        key: The public key, hex.
        signature: Ed25519 over the above, hex.
    """

    name: str
    number: int
    hash: str
    key: str
    signature: str

    @classmethod
    def signed(cls, key: Key, name: str, number: int, row_hash: str) -> "Mark":
        """Return the mark, signed with `key`."""
        signature = key.sign(_statement(name, number, row_hash))
        return cls(name, number, row_hash, key.public, signature)

    def fault(self, key: Key) -> Fault | None:
        """Return what is wrong unless `key` signed it."""
        if self.key != key.public:
            words = f"The {self.name} was signed with the key {self.key[:16]}, not this one's."
            return Fault(self.number, How.KEY, words)
        if verified(self.key, _statement(self.name, self.number, self.hash), self.signature):
            return None
        words = f"The {self.name}'s signature does not fit: it was changed without the key."
        return Fault(self.number, How.KEY, words)


def examined(
    rows: Iterable[Cells],
    marks: dict[str, Mark],
    key: Key,
    *,
    known: Callable[[str], bool],
) -> Verdict:
    """Return what is wrong first in the chain, if anything is.

    Args:
        rows: All of them, by number.
        marks: By name.
        key: The installation's.
        known: Whether some row has that hash.
    """
    head, checkpoint = marks.get(HEAD), marks.get(CHECKPOINT)
    if head is None or checkpoint is None:
        gone = Fault(0, How.KEY, "The signed marks of the chain's two ends are gone.")
        return Verdict(1, 0, gone)
    number, last_hash = checkpoint.number, checkpoint.hash
    first = number + 1
    if fault := checkpoint.fault(key):
        return Verdict(first, number, fault)
    for cells in rows:
        if fault := _misplaced(cells, number, last_hash, known):
            return Verdict(first, number, fault)
        number, last_hash = number + 1, str(cells[-1])
    fault = head.fault(key) or _wrong_end(head, number, last_hash)
    return Verdict(first, number, fault)


def _misplaced(
    cells: Cells, before: int, last_hash: str, known: Callable[[str], bool]
) -> Fault | None:
    number, previous, own_hash = cells[0], cells[-2], cells[-1]
    if number != before + 1:
        return Fault(before + 1, How.MISSING, f"Row {before + 1} is missing.")
    genuine = digest(cells[:-1]) == own_hash
    if previous == last_hash:
        return None if genuine else _altered(before + 1)
    if known(str(previous)):
        words = f"Row {number} is not where it was written: it follows another row."
        return Fault(before + 1, How.ORDER, words)
    # Sound in itself, it names a row that is gone: the one before was given a new hash.
    return _altered(before if genuine and before else before + 1)


def _altered(number: int) -> Fault:
    return Fault(number, How.ALTERED, f"Row {number} was altered: its hash does not fit.")


def _wrong_end(head: Mark, number: int, last_hash: str) -> Fault | None:
    if head.number > number:
        gone = head.number - number
        words = f"The end was cut off: from row {number + 1} on, {gone} are gone."
        return Fault(number + 1, How.CUT_OFF, words)
    if head.number < number:
        words = f"The rows after row {head.number} were added without this installation's key."
        return Fault(head.number + 1, How.KEY, words)
    if head.hash != last_hash:
        words = f"Row {number} is not the one that was signed: the chain was made anew without key."
        return Fault(number, How.KEY, words)
    return None


def _statement(name: str, number: int, row_hash: str) -> bytes:
    return f"rtvc-bridge audit {name} 1\n{number}\n{row_hash}".encode()
