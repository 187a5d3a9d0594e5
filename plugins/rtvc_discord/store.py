"""What servers and people have chosen, in one SQLite file. Ids only; never a word that was said."""

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from rtvc_bridge.config import Strict
from rtvc_bridge.errors import StorageError
from rtvc_discord.preferences import GuildSettings, UserSettings

Chosen = TypeVar("Chosen", bound=Strict)

_VERSION = 2
_APPLICATION_ID = 0x72745643  # "rtVC"
_SCHEMA = (
    "CREATE TABLE guilds (id INTEGER PRIMARY KEY, settings TEXT NOT NULL) STRICT",
    "CREATE TABLE users (id INTEGER PRIMARY KEY, settings TEXT NOT NULL) STRICT",
)
_FROM_1 = ("DROP TABLE IF EXISTS owners", "DROP TABLE IF EXISTS grants")
"""Whose voice is whose, and who may use it, stands in the voices' own signed records since."""


class Store:
    """The choices of servers and people. For any thread.

    Every call is one short transaction; from the event loop, call it in a thread.
    Every method raises StorageError if the file cannot be read or written.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._lock = threading.Lock()

    @classmethod
    def opened(cls, path: Path, *, busy_s: float = 5.0) -> "Store":
        """Return the store in the file at `path`, made (mode 0600) if it is missing.

        Args:
            path: Its folder is made too.
            busy_s: How long to wait while another program changes it.

        Raises:
            StorageError: If it is damaged, foreign or too new; it is left as it is.
        """
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            path.chmod(0o600)
        except OSError as error:
            raise StorageError(f"Cannot write {path}: {error.strerror}.") from error
        with _errors(path):
            connection = sqlite3.connect(
                path, timeout=busy_s, check_same_thread=False, isolation_level=None
            )
            with ExitStack() as undo:
                undo.callback(connection.close)
                _prepare(connection, path)
                undo.pop_all()
        return cls(path, connection)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def guild(self, guild: int) -> GuildSettings:
        """Return what a server has chosen."""
        return self._chosen(GuildSettings, "SELECT settings FROM guilds WHERE id = ?", guild)

    def change_guild(
        self, guild: int, change: Callable[[GuildSettings], GuildSettings]
    ) -> GuildSettings:
        """Keep and return `change` of what a server had chosen."""
        with self._transaction() as run:
            rows = run("SELECT settings FROM guilds WHERE id = ?", guild).fetchall()
            chosen = change(_parsed(GuildSettings, rows, self._path))
            run("INSERT OR REPLACE INTO guilds VALUES (?, ?)", guild, chosen.model_dump_json())
        return chosen

    def user(self, user: int) -> UserSettings:
        """Return what a person has chosen."""
        return self._chosen(UserSettings, "SELECT settings FROM users WHERE id = ?", user)

    def change_user(
        self, user: int, change: Callable[[UserSettings], UserSettings]
    ) -> UserSettings:
        """Keep and return `change` of what a person had chosen."""
        with self._transaction() as run:
            rows = run("SELECT settings FROM users WHERE id = ?", user).fetchall()
            chosen = change(_parsed(UserSettings, rows, self._path))
            run("INSERT OR REPLACE INTO users VALUES (?, ?)", user, chosen.model_dump_json())
        return chosen

    def forget_user(self, user: int) -> None:
        """Delete what a person has chosen; their voices stay."""
        with self._transaction() as run:
            run("DELETE FROM users WHERE id = ?", user)

    def _chosen(self, model: type[Chosen], query: str, key: int) -> Chosen:
        with self._transaction() as run:
            rows = run(query, key).fetchall()
        return _parsed(model, rows, self._path)

    @contextmanager
    def _transaction(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        """Give what runs one statement; all or none of them are kept."""
        with self._lock, _errors(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            with ExitStack() as undo:
                undo.callback(self._roll_back)
                yield lambda statement, *values: self._connection.execute(statement, values)
                self._connection.execute("COMMIT")
                undo.pop_all()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # SQLite may have rolled back by itself
            self._connection.execute("ROLLBACK")


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in a new file, or see that an old one is ours, whole and of this version."""
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")  # of two that open it at once, the second waits
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if not (version or application or tables):
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.execute("COMMIT")
        return
    if application != _APPLICATION_ID:
        raise StorageError(f"{path} is another program's database. Move it away.")
    if version > _VERSION:
        raise StorageError(f"{path} is from a newer rtvc-bridge. Update this one.")
    (sound,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if sound != "ok":
        raise _damaged(path)
    if version < _VERSION:
        for statement in _FROM_1:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")


def _parsed(model: type[Chosen], rows: list[tuple[str]], path: Path) -> Chosen:
    try:
        return model.model_validate(json.loads(rows[0][0])) if rows else model()
    except (ValueError, ValidationError) as error:
        raise _damaged(path) from error


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    """Say in our words what SQLite could not do."""
    try:
        yield
    except (sqlite3.OperationalError, sqlite3.ProgrammingError) as error:
        raise StorageError(f"Cannot use {path}: {str(error).rstrip('.')}.") from error
    except sqlite3.DatabaseError as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> StorageError:
    return StorageError(
        f"{path} is damaged. Restore it from a copy, or move it away: then what servers and people "
        "chose is gone."
    )
