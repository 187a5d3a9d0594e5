"""How a line gets into the queue: at once, past a moderator, or not at all."""

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count

from rtvc_bridge.engine.holding import Holding
from rtvc_bridge.engine.players import Players
from rtvc_bridge.engine.progress import Progress
from rtvc_bridge.engine.turns import Turns
from rtvc_bridge.engine.utterance import State, Status, Utterance
from rtvc_bridge.errors import HALTED, HaltedError, QueueFullError, TextRejectedError
from rtvc_bridge.safety.policy import Request
from rtvc_bridge.schedule import Lanes


class Entrance:
    """Keeps places, fills them, and holds what a moderator has to see. For any thread.

    Args:
        changed: Guards `lanes` and `turns`; notified when more may be spoken.
        lanes: What waits for its turn.
        holding: What waits for a moderator.
        turns: Tells whether the engine closes.
        players: Who plays which lane.
        progress: Announces what happens.
        clock: Seconds, as time.monotonic gives them.

    Attributes:
        halted: Whether nothing is let in; set with `changed` held.
    """

    def __init__(
        self,
        changed: threading.Condition,
        lanes: Lanes[Utterance],
        holding: Holding,
        *,
        turns: Turns,
        players: Players,
        progress: Progress,
        clock: Callable[[], float],
    ) -> None:
        self._changed = changed
        self._lanes = lanes
        self._holding = holding
        self._turns = turns
        self._players = players
        self._progress = progress
        self._clock = clock
        self._ids = count(1)
        self.halted = False

    def reserved(self, request: Request, *, held: str | None) -> Status:
        """Keep a place and return the first status of the utterance that will fill it.

        Raises:
            HaltedError: If everything was stopped.
            QueueFullError: If there is no room, or the engine is closing.
        """
        with self._changed:
            self._check_open()
            if held is None:
                self._lanes.reserve(request.lane, request.user)
            else:
                self._holding.check_room()
            return Status(
                id=next(self._ids),
                lane=request.lane,
                user=request.user,
                voice=request.voice.name,
                state=State.QUEUED if held is None else State.HELD,
                queued_at=self._clock(),
                reason=held,
            )

    def enter(self, utterance: Utterance) -> None:
        """Fill the place that was kept for `utterance`, and announce it."""
        # Announced before the engine's thread can see it, so that "queued" always comes
        # first, and without the lock, so that a listener may take locks of its own.
        if utterance.status.state is State.HELD:
            with self._holding.coming(utterance):  # whoever hears of it may decide at once
                self._progress.begin(utterance)
            self._withdraw_late(utterance)
        else:
            self._progress.begin(utterance)
            self._push(utterance)

    def approve(self, number: int) -> None:
        """Let a held line into its lane.

        Raises:
            UtteranceNotFoundError: If it is not held.
            HaltedError: If everything was stopped; it stays held.
            QueueFullError: If there is no room; it stays held.
        """
        self._progress.drop_stale()
        utterance = self._holding.take(number)
        status = utterance._status
        try:
            with self._changed:
                self._check_open()
                self._lanes.reserve(status.lane, status.user)
        except (HaltedError, QueueFullError):
            self._holding.keep(utterance)
            if utterance.cancelled:  # while nobody held it
                self._progress.withdraw(utterance)
            raise
        waits = replace(status, state=State.QUEUED, reason=None, queued_at=self._clock())
        self._progress.announce(utterance, waits)
        self._push(utterance)

    def deny(self, number: int, reason: str) -> None:
        """End a held line unsaid, telling `reason`.

        Raises:
            UtteranceNotFoundError: If it is not held.
        """
        self._progress.drop_stale()
        denied = TextRejectedError(reason or "A moderator did not let it pass.")
        self._progress.end(self._holding.take(number), State.CANCELLED, denied)

    def _check_open(self) -> None:
        if self._turns.closing:
            raise QueueFullError("The engine is closing.")
        if self.halted:
            raise HaltedError(HALTED)

    def _push(self, utterance: Utterance) -> None:
        status = utterance._status
        with self._changed:
            self._lanes.push(
                utterance,
                lane=status.lane,
                user=status.user,
                expires_at=status.queued_at + utterance._line.expires_s,
            )
            self._changed.notify_all()
        self._withdraw_late(utterance)
        self._players.play(utterance, status.lane)

    def _withdraw_late(self, utterance: Utterance) -> None:
        """Empty the place again if the utterance was cancelled while it was filled."""
        if self.halted:
            utterance.cancel()  # also if the engine's thread has it already
        elif self._turns.closing or utterance.cancelled:
            self._progress.withdraw(utterance)
