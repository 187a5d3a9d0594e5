"""Lines that a moderator has to see before they are spoken."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rtvc_bridge.engine.utterance import Utterance
from rtvc_bridge.errors import QueueFullError, UtteranceNotFoundError

MOST = 100
COMING_S = 1.0
"""A limit for listeners that are slow to hear of a line."""
WAIT_S = 1_800.0
"""After so long a line is dropped: what it answered is over."""


class Holding:
    """What waits for a moderator, oldest first. For any thread.

    Args:
        clock: Seconds, as time.monotonic gives them.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Condition()
        self._by_id: dict[int, Utterance] = {}
        self._coming: set[int] = set()

    def keep(self, utterance: Utterance) -> None:
        """Hold `utterance` until it is taken."""
        with self._lock:
            self._by_id[utterance.status.id] = utterance

    @contextmanager
    def coming(self, utterance: Utterance) -> Iterator[None]:
        """Hold `utterance` from the end of the block on; `take` waits for that."""
        number = utterance.status.id
        with self._lock:
            self._coming.add(number)
        try:
            yield
        finally:
            with self._lock:
                self._coming.discard(number)
                self._by_id[number] = utterance
                self._lock.notify_all()

    def check_room(self) -> None:
        """Pass if one more may be held.

        Raises:
            QueueFullError: If not.
        """
        if len(self._by_id) >= MOST:
            raise QueueFullError("Too much waits for a moderator; try again later.")

    def listed(self) -> tuple[Utterance, ...]:
        """Return what is held."""
        with self._lock:
            return tuple(self._by_id.values())

    def take(self, number: int) -> Utterance:
        """Return the held utterance of that number, which is held no more.

        Raises:
            UtteranceNotFoundError: If it is not held.
        """
        with self._lock:
            self._lock.wait_for(lambda: number not in self._coming, COMING_S)
            utterance = self._by_id.pop(number, None)
        if utterance is None:
            raise UtteranceNotFoundError(f"Line number {number} does not wait for a moderator.")
        return utterance

    def remove(self, utterance: Utterance) -> bool:
        """Hold `utterance` no more; return whether it was held."""
        with self._lock:
            return self._by_id.pop(utterance.status.id, None) is not None

    def stale(self) -> list[Utterance]:
        """Take out and return what nobody looked at in time."""
        with self._lock:
            begun = self._clock() - WAIT_S
            late = [n for n, each in self._by_id.items() if each._status.queued_at < begun]
            return [self._by_id.pop(number) for number in late]
