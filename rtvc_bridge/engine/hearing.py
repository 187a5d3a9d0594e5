"""When what the players of the lanes take is heard, piece by piece: what captions follow."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from rtvc_bridge.engine.listeners import Listeners


@dataclass(frozen=True, slots=True)
class Heard:
    """That a piece of an utterance begins to be heard, or that the utterance falls silent.

    Attributes:
        id: Of the utterance.
        lane: Where it is heard.
        piece: Counts from 0, one for each of `text.clauses`; None when it falls silent.
        at: When, time.monotonic() seconds: soon, for players take sound ahead of time.
    """

    id: int
    lane: str
    piece: int | None
    at: float


class Hearing:
    """Tells listeners what is heard of lanes that have a player. For any thread.

    A piece begins when it is taken, but not before all that its lane took earlier has been heard.

    Args:
        clock: Seconds, as time.monotonic gives them.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}
        self._listeners: Listeners[Heard] = Listeners()
        self.on_heard = self._listeners.add

    def took(self, number: int, lane: str, piece: int, seconds: float) -> None:
        """Tell that the player of `lane` took a piece of that length of utterance `number`."""
        with self._lock:
            begins = max(self._clock(), self._until.get(lane, 0.0))
            self._until[lane] = begins + seconds
        self._listeners.tell(Heard(number, lane, piece, begins))

    def ended(self, number: int, lane: str) -> None:
        """Tell that it took the last of it."""
        with self._lock:
            silent_at = max(self._clock(), self._until.get(lane, 0.0))
        self._listeners.tell(Heard(number, lane, None, silent_at))

    def cut(self, number: int, lane: str) -> None:
        """Tell that it drops what it took and was not heard yet."""
        with self._lock:
            now = self._until[lane] = self._clock()
        self._listeners.tell(Heard(number, lane, None, now))
