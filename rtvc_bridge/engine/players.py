"""Who plays which lane."""

import threading
from collections.abc import Callable

from rtvc_bridge.engine.utterance import Utterance


class Players:
    """At most one player for each lane. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_lane: dict[str, Callable[[Utterance], None]] = {}

    @property
    def lanes(self) -> frozenset[str]:
        """The lanes that somebody plays."""
        return frozenset(self._by_lane)

    def add(self, lane: str, play: Callable[[Utterance], None]) -> Callable[[], None]:
        """Give every utterance of `lane` to `play` from now on; return what ends that.

        Raises:
            ValueError: If the lane has a player.
        """
        with self._lock:
            if lane in self._by_lane:
                msg = f"the lane {lane!r} has a player"
                raise ValueError(msg)
            self._by_lane = {**self._by_lane, lane: play}

        def end() -> None:
            with self._lock:
                self._by_lane = {key: each for key, each in self._by_lane.items() if key != lane}

        return end

    def play(self, utterance: Utterance, lane: str) -> None:
        """Hand `utterance` to the player of `lane`, if there is one."""
        if (play := self._by_lane.get(lane)) is not None:
            play(utterance)
