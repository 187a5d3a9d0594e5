"""The audit's SQLite file: rows that are only added, and the two signed marks.

Several processes may write at once: every change is one immediate transaction, which reads the
head, adds after it and signs the new one. The triggers guard against accidents; what guards
against intent is the chain.
"""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import filelock

from rtvc_bridge.errors import StorageError
from rtvc_bridge.safety.audit import database
from rtvc_bridge.safety.audit.chain import CHECKPOINT, HEAD, Mark, Verdict, examined
from rtvc_bridge.safety.audit.entry import COLUMNS, Cells, Entry, Kind, Noted, cells_of
from rtvc_bridge.safety.audit.text import Texts
from rtvc_bridge.safety.keys import Key

BUSY_S = 5.0
_NAMES = ", ".join(COLUMNS)
_INSERT = f"INSERT INTO rows ({_NAMES}) VALUES ({', '.join('?' * len(COLUMNS))})"


class AuditFile:
    """One connection to the file. For one thread at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection, key: Key) -> None:
        self.path = path
        self._connection = connection
        self._key = key
        self._texts = Texts(key)
        self._inode = path.stat().st_ino
        self._head: Mark | None = None  # the one that was last found genuine

    @classmethod
    def opened(cls, path: Path, key: Key, *, busy_s: float = BUSY_S) -> "AuditFile":
        """Return the file at `path`, made (mode 0600) if it is missing.

        Args:
            path: Its folder is made too.
            key: Signs the ends of the chain.
            busy_s: How long to wait while another program opens or changes it.

        Raises:
            StorageError: If it is damaged, foreign or too new; it is left as it is.
        """
        # SQLite fails at once, whatever its timeout, where two put a new file into WAL mode.
        name = path.with_name(f".{path.name}.lock")
        alone = filelock.FileLock(name, timeout=busy_s, mode=0o600)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with alone:
                with suppress(FileExistsError):
                    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
                path.chmod(0o600)
                opened = cls._connected(path, key, database.prepare, busy_s=busy_s)
                with ExitStack() as undo:
                    undo.callback(opened.close)
                    opened._begin()
                    undo.pop_all()
        except filelock.Timeout as error:
            msg = f"The audit {path} cannot be used: another program is opening it."
            raise StorageError(msg) from error
        except OSError as error:
            raise StorageError(f"Cannot write the audit {path}: {error.strerror}.") from error
        return opened

    @classmethod
    def read(cls, path: Path, key: Key) -> "AuditFile":
        """Return the file at `path` for reading only.

        Raises:
            StorageError: If there is none, or it is none of ours.
        """
        if not path.exists():
            raise StorageError(f"There is no audit yet: {path} does not exist.")
        return cls._connected(path, key, database.check_ours, mode="ro")

    @classmethod
    def _connected(
        cls,
        path: Path,
        key: Key,
        prepare: Callable[[sqlite3.Connection, Path], None],
        *,
        mode: str = "rw",
        busy_s: float = BUSY_S,
    ) -> Self:
        with database.errors(path), ExitStack() as undo:
            connection = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode={mode}",
                uri=True,
                timeout=busy_s,
                check_same_thread=False,
                isolation_level=None,
            )
            undo.callback(connection.close)
            prepare(connection, path)
            opened = cls(path, connection, key)
            undo.pop_all()
        return opened

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def append(self, entries: Sequence[Noted]) -> None:
        """Add a row for each entry: all of them, or none.

        Raises:
            StorageError: If that cannot be written, or the end of the chain is not ours.
        """
        with self._changing():
            self._add(entries)

    def prune(self, before: datetime, who: frozenset[str], now: datetime) -> int:
        """Delete the oldest rows up to the first from `before` or later; return how many.

        The chain then begins at a signed checkpoint, and a row says that it was pruned.

        Raises:
            StorageError: If the chain is broken: pruning would hide where.
        """
        with self._changing():
            verdict = self._examined()
            if verdict.fault is not None:
                msg = f"Nothing was pruned, as the audit is broken. {verdict.fault.words}"
                raise StorageError(msg)
            last = self._last_before(before, verdict)
            count = last - verdict.first + 1
            if count < 1:
                return 0
            (row_hash,) = self._run("SELECT hash FROM rows WHERE number = ?", last).fetchone()
            self._sign(CHECKPOINT, last, row_hash)
            self._run("DELETE FROM rows WHERE number <= ?", last)
            words = f"rows: {count}, up to row {last}"
            self._add([Noted(Entry(Kind.PRUNED, who=who, outcome="done", reason=words), now)])
        with database.errors(self.path):
            self._run("PRAGMA wal_checkpoint(TRUNCATE)")  # what was deleted is in there too
        return count

    def verdict(self) -> Verdict:
        """Return whether the whole chain is as it was written.

        Raises:
            StorageError: If the file cannot be read.
        """
        with self._reading():
            return self._examined()

    def cells(
        self, *, last: int | None = None, voice: str | None = None, user: str | None = None
    ) -> Iterator[Cells]:
        """Yield rows by number.

        Args:
            last: Only so many, the newest.
            voice: Only those of the voice of this name or id.
            user: Only those asked for by this user, such as "12", or name, "discord:user:12".

        Raises:
            StorageError: If the file cannot be read.
        """
        query = (
            f"SELECT {_NAMES} FROM rows WHERE (?1 IS NULL OR ?1 IN (voice, voice_id)) AND (?2 IS "
            "NULL OR user = ?2 OR EXISTS (SELECT 1 FROM json_each(who) WHERE value = ?2 OR "
            "substr(value, -length(?3)) = ?3)) ORDER BY number DESC LIMIT ?4"
        )
        limit = -1 if last is None else last
        with self._reading():
            named = None if user is None else f":user:{user}"
            yield from self._run(
                f"SELECT * FROM ({query}) ORDER BY number", voice, user, named, limit
            )

    def _begin(self) -> None:
        """Sign the two ends of a chain that has no row yet, if nobody did."""
        with self._changing():
            if database.make_tables(self._connection):
                before_all = secrets.token_hex(32)
                self._sign(CHECKPOINT, 0, before_all)
                self._sign(HEAD, 0, before_all)

    def _add(self, entries: Sequence[Noted]) -> None:
        head = self._genuine_head()
        number, last_hash = head.number, head.hash
        for noted in entries:
            number += 1
            text = noted.entry.text
            sealed = self._texts.sealed(number, text) if text else None
            cells = cells_of(noted, number, sealed, last_hash)
            self._run(_INSERT, *cells)
            last_hash = str(cells[-1])
        self._head = self._sign(HEAD, number, last_hash)

    def _genuine_head(self) -> Mark:
        """Return where the chain ends: nothing is added to an end that is not signed by us."""
        head = self._marks().get(HEAD)
        if head is None or (head != self._head and head.fault(self._key)):
            msg = (
                f"The audit {self.path} was changed from outside, so nothing is added to it. Run: "
                "rtvc-bridge audit verify. Then move it away: a new one is begun."
            )
            raise StorageError(msg)
        return head

    def _sign(self, name: str, number: int, row_hash: str) -> Mark:
        mark = Mark.signed(self._key, name, number, row_hash)
        self._run("INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?, ?)", *astuple(mark))
        return mark

    def _examined(self) -> Verdict:
        def known(row_hash: str) -> bool:
            return bool(self._run("SELECT 1 FROM rows WHERE hash = ?", row_hash).fetchall())

        rows = self._run(f"SELECT {_NAMES} FROM rows ORDER BY number")
        return examined(rows, self._marks(), self._key, known=known)

    def _last_before(self, before: datetime, verdict: Verdict) -> int:
        at = before.astimezone(UTC).isoformat(timespec="milliseconds")
        (kept,) = self._run("SELECT min(number) FROM rows WHERE at >= ?", at).fetchone()
        return verdict.last if kept is None else int(kept) - 1

    def _marks(self) -> dict[str, Mark]:
        rows = self._run("SELECT name, number, hash, key, signature FROM marks")
        return {row[0]: Mark(*row) for row in rows}

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._connection.execute(statement, values)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Show one state of the file throughout, whatever others write."""
        with database.errors(self.path), database.transaction(self._connection, "BEGIN"):
            yield

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Keep all that is written, or nothing of it."""
        self._check_there()
        with database.errors(self.path), database.transaction(self._connection, "BEGIN IMMEDIATE"):
            yield

    def _check_there(self) -> None:
        """Refuse to write into a file that lost its name, where nobody would ever find it."""
        try:
            there = self.path.stat().st_ino == self._inode
        except OSError:
            there = False
        if not there:
            msg = (
                f"The audit {self.path} was removed or replaced while it was in use. Put it back, "
                "or start rtvc-bridge anew to begin another."
            )
            raise StorageError(msg)
