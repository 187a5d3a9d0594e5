"""The audit: who made which voice say how much, when, where, and how that ended.

A file of rows that are only added. Each holds the hash of the one before, and the end of the
chain is signed with the installation's key, so `verify` notices a row that was altered, taken
out, put elsewhere or added, an end that was cut off, and a chain that was made anew.

What it cannot notice:

- Whoever holds the key and the file can write any history. Both belong to the user who runs
  rtvc-bridge, so this guards against other people and programs, accidents, and later denial,
  not against that user.
- A whole older copy of the file put back, or the file taken away: the rows since are gone, and
  what is left is sound. The same holds for an end that was cut off by somebody who kept the
  signed head of that time. An `audit export` kept elsewhere shows it.
- What never was noted: by a modified program, or by one that was killed. A line is noted when it
  ends, and on disk some milliseconds later, unless `failing` said that the disk refuses it.
- Wrong times: they are this computer's clock.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self

from rtvc_bridge.config import AuditSettings
from rtvc_bridge.safety.audit.book import Book
from rtvc_bridge.safety.audit.entry import Entry
from rtvc_bridge.safety.audit.file import BUSY_S, AuditFile
from rtvc_bridge.safety.audit.writer import RETRY_S, Writer
from rtvc_bridge.safety.keys import Key

FILE = "audit.db"
"""In the data folder."""

CLOSING_S = 10.0
_now = partial(datetime.now, UTC)


class Audit:
    """Takes notes for whoever speaks or changes voices. For any thread.

    `note` never waits: a thread of its own writes. What it cannot write stays in memory, is tried
    again, and shows in `failing`.

    Attributes:
        book: What was written: to look at, verify, export and prune.
    """

    def __init__(self, writer: Writer, book: Book, *, text: bool) -> None:
        self.book = book
        self._writer = writer
        self._text = text

    @classmethod
    def opened(
        cls,
        path: Path,
        key: Key,
        settings: AuditSettings,
        *,
        now: Callable[[], datetime] = _now,
        busy_s: float = BUSY_S,
        retry_s: float = RETRY_S,
    ) -> Self:
        """Return the audit in the file at `path`, made (mode 0600) if it is missing.

        Args:
            path: Its folder is made too.
            key: The installation's.
            settings: Whether text is kept, and for how long rows are.
            now: The time, UTC.
            busy_s: How long the writing thread waits for another program that writes.
            retry_s: How long it waits to try again what failed.

        Raises:
            StorageError: If the file is damaged, foreign, too new or cannot be written.
        """
        file = AuditFile.opened(path, key, busy_s=busy_s)
        writer = Writer(file, keep_days=settings.keep_days, now=now, retry_s=retry_s)
        return cls(writer, Book(path, key), text=settings.text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def failing(self) -> str | None:
        """Why rows cannot be written at present, in words for a reader; None if they can."""
        return self._writer.failing

    def note(self, entry: Entry) -> None:
        """Have a row written, as of now. Never waits and never fails; see `failing`."""
        self._writer.put(entry if self._text else entry.without_text())

    def flush(self, timeout_s: float = CLOSING_S) -> None:
        """Return once everything noted so far is on disk.

        Raises:
            StorageError: If it cannot be written.
        """
        self._writer.flush(timeout_s)

    def close(self, timeout_s: float = CLOSING_S) -> None:
        """Write what waits and let go of the file.

        Raises:
            StorageError: If rows could not be written; the message says how many and why.
        """
        self._writer.close(timeout_s)
