"""Utterances by number, while they live and for a while after."""

import threading
import weakref
from collections import deque

from rtvc_bridge.engine.utterance import Utterance
from rtvc_bridge.errors import UtteranceNotFoundError

KEPT = 50


class Directory:
    """Every utterance that is not over or may still be heard, and the last KEPT. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_id: dict[int, Utterance] = {}
        self._over: deque[int] = deque()
        # Made faster than it is heard: what is over may wait long to be played. What nobody
        # holds, nobody plays.
        self._held: weakref.WeakSet[Utterance] = weakref.WeakSet()

    def add(self, utterance: Utterance) -> None:
        """Know `utterance` from now on."""
        with self._lock:
            self._by_id[utterance.status.id] = utterance
            self._held.add(utterance)

    def ended(self, utterance: Utterance) -> None:
        """Forget it once KEPT others have ended after it."""
        with self._lock:
            self._over.append(utterance.status.id)
            if len(self._over) > KEPT:
                del self._by_id[self._over.popleft()]

    def find(self, number: int) -> Utterance:
        """Return the utterance with that number.

        Raises:
            UtteranceNotFoundError: If it never was, or is long over.
        """
        with self._lock:
            found = self._by_id.get(number)
        if found is None:
            raise UtteranceNotFoundError(f"There is no line number {number} any more.")
        return found

    def live(self, lane: str | None, user: str | None) -> list[Utterance]:
        """Return those of that lane and user (None: any) that make sound or will, oldest first."""
        with self._lock:
            known = sorted(self._held, key=lambda each: each._status.id)
        return [
            utterance
            for utterance in known
            if lane in (None, utterance.status.lane)
            and user in (None, utterance.status.user)
            and (utterance.audible or not utterance.over)
        ]
