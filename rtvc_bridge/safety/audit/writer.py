"""The thread that writes audit rows, so that speech never waits for the disk."""

import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from rtvc_bridge.errors import StorageError
from rtvc_bridge.safety.audit.entry import Entry, Kind, Noted
from rtvc_bridge.safety.audit.file import AuditFile

MOST_WAITING = 10_000
RETRY_S = 1.0
_MOST_AT_ONCE = 200
_STOPPED = "The audit is closed."
_BEHIND = "The audit does not keep up: {} rows wait to be written."


class Writer:
    """Writes what is put, in order. What cannot be written waits and is tried again.

    Args:
        file: Used by the thread alone from now on, and closed by it.
        keep_days: Rows older than this are pruned when a day begins; 0 for never.
        now: The time, UTC.
        retry_s: How long to wait before trying again.
    """

    def __init__(
        self,
        file: AuditFile,
        *,
        keep_days: int,
        now: Callable[[], datetime],
        retry_s: float = RETRY_S,
    ) -> None:
        self._file = file
        self._keep_days = keep_days
        self._now = now
        self._retry_s = retry_s
        self._changed = threading.Condition()
        self._waiting: deque[Noted] = deque()
        self._lost = 0
        self._failure: str | None = None
        self._closing = False
        self._pruned_on: date | None = None
        self._thread = threading.Thread(target=self._work, name="rtvc-audit", daemon=True)
        self._thread.start()

    @property
    def failing(self) -> str | None:
        """Why rows cannot be written at present, in words; None if they can."""
        with self._changed:
            if self._failure is None and (self._closing or not self._thread.is_alive()):
                return _STOPPED
            if self._failure is None and len(self._waiting) > MOST_WAITING // 2:
                return _BEHIND.format(len(self._waiting))
            return self._failure

    def put(self, entry: Entry) -> None:
        """Have a row written. Never waits."""
        noted = Noted(entry, self._now())
        with self._changed:
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(noted)
            else:
                self._lost += 1  # memory has an end; a row tells how many, once one can be written
            self._changed.notify_all()

    def flush(self, timeout_s: float) -> None:
        """Return once all that was put is written.

        Raises:
            StorageError: If it cannot be.
        """
        with self._changed:
            done = self._changed.wait_for(
                lambda: not self._waiting or self._failure is not None, timeout_s
            )
            left = len(self._waiting)
        if not done or left:
            why = self.failing or "It takes too long."
            raise StorageError(f"Rows of the audit not written yet: {left}. {why}")

    def close(self, timeout_s: float) -> None:
        """Write what waits, and end the thread.

        Raises:
            StorageError: If some could not be written.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        with self._changed:
            left, why = len(self._waiting) + self._lost, self._failure
        if left:
            msg = f"Rows of the audit that were lost: {left}. {why or 'Writing took too long.'}"
            raise StorageError(msg)

    def _work(self) -> None:
        while batch := self._next():
            try:
                self._prune()
                self._file.append(batch)
            except StorageError as error:
                if self._failed(str(error)):
                    break
            else:
                self._written(len(batch))
        self._file.close()

    def _next(self) -> list[Noted]:
        """Return what to write next; nothing when closing and all is written."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            return list(islice(self._waiting, _MOST_AT_ONCE))

    def _failed(self, why: str) -> bool:
        """Wait before the next attempt; return whether there is none, as it is closing."""
        with self._changed:
            self._failure = why
            self._changed.notify_all()
            if self._closing:
                return True
            self._changed.wait_for(lambda: self._closing, self._retry_s)
            return False

    def _written(self, count: int) -> None:
        with self._changed:
            for _ in range(count):
                self._waiting.popleft()
            self._failure = None
            if self._lost:
                words = f"rows: {self._lost}, while none could be written"
                self._waiting.append(Noted(Entry(Kind.LOST, reason=words), self._now()))
                self._lost = 0
            self._changed.notify_all()

    def _prune(self) -> None:
        now = self._now().astimezone(UTC)
        if self._keep_days and self._pruned_on != now.date():
            self._file.prune(now - timedelta(days=self._keep_days), frozenset(), now)
            self._pruned_on = now.date()
