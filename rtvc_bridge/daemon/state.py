"""What a running daemon leaves for others to find: a lock, and its address."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import filelock

from rtvc_bridge.errors import DaemonError, StorageError
from rtvc_bridge.paths import ADDRESS_FILE

LOCK_FILE = "daemon.lock"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a daemon is reached.

    Attributes:
        pid: Of the daemon.
        url: For example "http://127.0.0.1:7878"; "" until it listens.
        token_file: The file that holds the bearer token; "" until it listens.
        started_at: ISO 8601, UTC.
    """

    pid: int
    url: str
    token_file: str
    started_at: str


class DaemonState:
    """The address file of the daemon that holds the lock. Made by `held_state`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / ADDRESS_FILE
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")

    def announce(self, url: str, token_file: str) -> None:
        """Write where the daemon is reached, whole or not at all.

        Raises:
            StorageError: If the file cannot be written.
        """
        address = Address(os.getpid(), url, token_file, self._started_at)
        fresh = self._file.with_suffix(".part")
        try:
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(asdict(address)), encoding="utf-8")
            fresh.replace(self._file)
        except OSError as error:
            msg = f"Cannot write {self._file}: {error.strerror}."
            raise StorageError(msg) from error

    def withdraw(self) -> None:
        """Remove the address."""
        self._file.unlink(missing_ok=True)


@contextmanager
def held_state(folder: Path) -> Iterator[DaemonState]:
    """Hold the daemon's lock in `folder`; the system frees it however the process ends.

    Raises:
        DaemonError: If a daemon holds it; the message gives its pid.
        StorageError: If the folder cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / LOCK_FILE, blocking=False, mode=0o600)
        lock.acquire()
    except filelock.Timeout:
        raise DaemonError(
            f"A daemon runs already{_owner(folder)}. Stop it first: rtvc-bridge stop"
        ) from None
    except OSError as error:
        msg = f"Cannot write in {folder}: {error.strerror}."
        raise StorageError(msg) from error
    state = DaemonState(folder)
    try:
        state.announce("", "")
        yield state
    finally:
        state.withdraw()
        lock.release()


def _owner(folder: Path) -> str:
    try:
        address = json.loads((folder / ADDRESS_FILE).read_text(encoding="utf-8"))
        return f" (pid {address['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
