"""How the audit uses SQLite: its tables, its transactions, and what goes wrong, in our words."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rtvc_bridge.errors import StorageError

_VERSION = 1
_APPLICATION_ID = 0x72745641  # "rtVA"
_SCHEMA = (
    """CREATE TABLE rows (
      number INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, who TEXT NOT NULL,
      user TEXT NOT NULL, lane TEXT NOT NULL, voice_id TEXT NOT NULL, voice TEXT NOT NULL,
      characters INTEGER NOT NULL, sound_ms INTEGER NOT NULL, outcome TEXT NOT NULL,
      reason TEXT NOT NULL, sealed BLOB, previous TEXT NOT NULL, hash TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE marks (
      name TEXT PRIMARY KEY, number INTEGER NOT NULL, hash TEXT NOT NULL, key TEXT NOT NULL,
      signature TEXT NOT NULL
    ) STRICT""",
    """CREATE TRIGGER rows_are_not_changed BEFORE UPDATE ON rows
    BEGIN SELECT RAISE(ABORT, 'audit rows are not changed'); END""",
    """CREATE TRIGGER rows_are_not_deleted BEFORE DELETE ON rows
    WHEN OLD.number > coalesce((SELECT number FROM marks WHERE name = 'checkpoint'), 0)
    BEGIN SELECT RAISE(ABORT, 'audit rows are only pruned'); END""",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {_VERSION}",
)


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Set up a connection that writes.

    Raises:
        StorageError: If the file is foreign, too new or damaged.
    """
    if not _empty(connection):
        check_ours(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")


def make_tables(connection: sqlite3.Connection) -> bool:
    """Make the tables if there are none; return whether there were none. In a transaction."""
    if not _empty(connection):
        return False
    for statement in _SCHEMA:
        connection.execute(statement)
    return True


def check_ours(connection: sqlite3.Connection, path: Path) -> None:
    """Pass if the file is an audit of this version, and whole.

    Raises:
        StorageError: If it is not.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION_ID:
        raise StorageError(f"{path} is not an audit. Move it away.")
    if version > _VERSION:
        raise StorageError(f"{path} is from a newer rtvc-bridge. Update this one.")
    (sound,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if sound != "ok":
        raise _damaged(path)


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    """Keep all that is done in the block, or nothing if it fails."""
    connection.execute(begin)
    with ExitStack() as undo:
        undo.callback(_roll_back, connection)
        yield
        connection.execute("COMMIT")
        undo.pop_all()


@contextmanager
def errors(path: Path) -> Iterator[None]:
    """Say in our words what SQLite could not do."""
    try:
        yield
    except (sqlite3.OperationalError, sqlite3.ProgrammingError) as error:
        said = str(error).rstrip(".")
        raise StorageError(f"The audit {path} cannot be used: {said}.") from error
    except sqlite3.IntegrityError as error:
        msg = f"The audit {path} takes no more rows ({error}). Run: rtvc-bridge audit verify"
        raise StorageError(msg) from error
    except sqlite3.DatabaseError as error:
        raise _damaged(path) from error


def _empty(connection: sqlite3.Connection) -> bool:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return not (version or application or tables)


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # SQLite may have rolled back by itself
        connection.execute("ROLLBACK")


def _damaged(path: Path) -> StorageError:
    return StorageError(
        f"The audit {path} is damaged. Keep a copy, then restore it from a backup or move it away: "
        "a new one is begun."
    )
