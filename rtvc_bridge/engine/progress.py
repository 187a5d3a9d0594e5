"""How an utterance moves through its life, and who is told."""

import threading
from collections.abc import Callable
from dataclasses import replace

from rtvc_bridge.engine.directory import Directory
from rtvc_bridge.engine.holding import Holding
from rtvc_bridge.engine.listeners import Listeners
from rtvc_bridge.engine.utterance import State, Status, Utterance
from rtvc_bridge.safety.policy import Outcome, Policy
from rtvc_bridge.schedule import Lanes


class Progress:
    """Announces each step of an utterance, and ends it. For any thread.

    Args:
        changed: Guards `lanes`.
        lanes: What waits for its turn.
        holding: What waits for a moderator.
        directory: Knows every utterance.
        policy: Is told how each ended.
        clock: Seconds, as time.monotonic gives them.

    Attributes:
        listeners: Told of every change.
    """

    def __init__(
        self,
        changed: threading.Condition,
        lanes: Lanes[Utterance],
        holding: Holding,
        directory: Directory,
        policy: Policy,
        clock: Callable[[], float],
    ) -> None:
        self._changed = changed
        self._lanes = lanes
        self._holding = holding
        self._directory = directory
        self._policy = policy
        self._clock = clock
        self.listeners: Listeners[Status] = Listeners()

    def begin(self, utterance: Utterance) -> None:
        """Know `utterance` from now on, and announce its first status."""
        self._directory.add(utterance)
        self.announce(utterance, utterance._status)

    def announce(self, utterance: Utterance, status: Status) -> None:
        """Give `utterance` that status."""
        utterance._status = status
        self.listeners.tell(utterance.status)

    def end(self, utterance: Utterance, state: State, error: Exception | None = None) -> None:
        """Announce the end. Whoever took the utterance out of its place calls this, once."""
        last = replace(utterance._status, state=state, ended_at=self._clock(), reason=None)
        if error is not None:
            last = replace(last, reason=str(error), error=type(error).__name__)
        self.announce(utterance, last)
        utterance._chunks.put(None)
        utterance._ended.set()
        self._directory.ended(utterance)
        self._policy.over(utterance.request, Outcome(state.value, utterance.made_s, last.reason))

    def withdraw(self, utterance: Utterance) -> bool:
        """Cancel the utterance if it still waits; return whether it did."""
        with self._changed:
            waited = self._lanes.remove(utterance)
        waited = waited or self._holding.remove(utterance)
        if waited:
            self.end(utterance, State.CANCELLED)
        return waited

    def drop_stale(self) -> None:
        """End what has waited too long."""
        with self._changed:
            stale = self._lanes.expire(self._clock())
        for utterance in (*stale, *self._holding.stale()):
            self.end(utterance, State.EXPIRED)
