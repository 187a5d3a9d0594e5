"""The audit that was written: looking at it, verifying, exporting and pruning it."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rtvc_bridge.errors import StorageError, UserError
from rtvc_bridge.safety.audit.chain import Verdict
from rtvc_bridge.safety.audit.entry import COLUMNS, Row
from rtvc_bridge.safety.audit.file import AuditFile
from rtvc_bridge.safety.audit.text import Texts
from rtvc_bridge.safety.keys import Key
from rtvc_bridge.voices.disk import write_bytes

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Book:
    """What is in the file at `path`; others may write on meanwhile.

    Args:
        path: It need not exist yet, but nothing can be asked of it then.
        key: The installation's.
    """

    def __init__(self, path: Path, key: Key) -> None:
        self._path = path
        self._key = key
        self._texts = Texts(key)

    def rows(
        self, *, last: int | None = None, voice: str | None = None, user: str | None = None
    ) -> Iterator[Row]:
        """Yield rows, oldest first.

        Args:
            last: Only so many, the newest.
            voice: Only those of the voice of this name or id.
            user: Only those asked for by this user, such as "12", or name, "discord:user:12".

        Raises:
            StorageError: If there is no audit yet, or it cannot be read.
        """
        with AuditFile.read(self._path, self._key) as file:
            yield from map(Row.of, file.cells(last=last, voice=voice, user=user))

    def text(self, row: Row) -> str:
        """Return what was said; "" if it was not kept.

        Raises:
            StorageError: If it was encrypted with another key, or for another row.
        """
        return "" if row.sealed is None else self._texts.opened(row.number, row.sealed)

    def verify(self) -> Verdict:
        """Return whether every row is as it was written, and what is wrong first if not.

        Raises:
            StorageError: If there is no audit yet, or it cannot be read.
        """
        with AuditFile.read(self._path, self._key) as file:
            return file.verdict()

    def export(self, path: Path, *, text: bool = False) -> int:
        """Write every row to `path`, which must not exist, mode 0600; return how many.

        Args:
            path: Ends in .jsonl (one JSON object a line) or .csv.
            text: Whether kept text is written in the clear, or stays as it is, in hex.

        Raises:
            UserError: If the ending is another one.
            StorageError: If `path` exists or cannot be written, or there is no audit yet.
        """
        forms = {".jsonl": _jsonl, ".csv": _csv}
        form = forms.get(path.suffix.lower())
        if form is None:
            raise UserError(f"{path.name}: the ending must be .jsonl or .csv.")
        if path.exists():
            raise StorageError(f"{path} is there already. Choose another file, or remove it first.")
        facts = [self.facts(row, text=text) for row in self.rows()]
        write_bytes(form(facts).encode(), path)
        return len(facts)

    def facts(self, row: Row, *, text: bool = False) -> dict[str, object]:
        """Return the row as JSON has it: `sealed` in hex, or `text` in its place.

        Raises:
            StorageError: If the text was encrypted with another key, or for another row.
        """
        facts = asdict(row)
        sealed = facts.pop("sealed")
        if text:
            return {**facts, "text": self.text(row)}
        return {**facts, "sealed": sealed and sealed.hex()}

    def prune(self, before: datetime, *, who: frozenset[str]) -> int:
        """Delete the rows from before that time; return how many.

        The chain stays sound: it then begins at a signed checkpoint, and a row tells of it.

        Args:
            before: Rows are deleted from the oldest to the first that is not older.
            who: The asker's names.

        Raises:
            StorageError: If the audit is broken, as pruning would hide where, or not there yet.
        """
        if not self._path.exists():
            raise StorageError(f"There is no audit yet: {self._path} does not exist.")
        with AuditFile.opened(self._path, self._key) as file:
            return file.prune(before, who, datetime.now(UTC))


def _jsonl(facts: list[dict[str, object]]) -> str:
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in facts)


def _csv(facts: list[dict[str, object]]) -> str:
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, list(facts[0]) if facts else COLUMNS)
    writer.writeheader()
    writer.writerows(_cells(each) for each in facts)
    return table.getvalue()


def _cells(facts: Mapping[str, object]) -> dict[str, object]:
    """Return what a spreadsheet shows as it is, rather than computes."""
    cells = {**facts, "who": " ".join(map(str, facts["who"]))}  # type: ignore[call-overload] # a tuple of str
    return {
        name: f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
        for name, cell in cells.items()
    }
