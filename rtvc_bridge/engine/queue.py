"""What waits and what is heard now, and the verbs on it."""

import threading
from collections.abc import Callable, Iterable

from rtvc_bridge.engine.directory import Directory
from rtvc_bridge.engine.entrance import Entrance
from rtvc_bridge.engine.holding import Holding
from rtvc_bridge.engine.utterance import Utterance
from rtvc_bridge.errors import UtteranceNotFoundError
from rtvc_bridge.safety.asker import Asker
from rtvc_bridge.schedule import Lanes


class Queue:
    """The engine's queue as people see and steer it. Made by `Engine`; for any thread.

    Args:
        changed: Guards `lanes`; notified when more may be spoken.
        lanes: Of the engine.
        directory: Of the engine.
        holding: Of the engine.
        entrance: Of the engine.
        say: Of the engine.
    """

    def __init__(
        self,
        changed: threading.Condition,
        lanes: Lanes[Utterance],
        directory: Directory,
        holding: Holding,
        entrance: Entrance,
        say: Callable[..., Utterance],
    ) -> None:
        self._changed = changed
        self._lanes = lanes
        self._directory = directory
        self._holding = holding
        self._say = say
        self._entrance = entrance

    def listed(self, lane: str | None = None, user: str | None = None) -> tuple[Utterance, ...]:
        """Return what is made or heard now, then what waits; each oldest first (None: any)."""
        waiting = self._waiting(lane, user)
        return (*self._current(lane, user, waiting), *waiting)

    def find(self, number: int) -> Utterance:
        """Return a live utterance, or one of the last that are over, by its number.

        Raises:
            UtteranceNotFoundError: If there is none.
        """
        return self._directory.find(number)

    def skip(self, lane: str | None = None, user: str | None = None) -> int:
        """Silence what is made or heard now, of that lane and user (None: any); return how many."""
        skipped = self._current(lane, user, self._waiting(lane, user))
        for utterance in skipped:
            utterance.cancel()
        return len(skipped)

    @property
    def paused(self) -> frozenset[str | None]:
        """The lanes that wait for `resume`; None stands for all."""
        with self._changed:
            return self._lanes.paused

    def pause(self, lane: str | None = None) -> None:
        """Let that lane (None: all) wait until `resume`; what is being spoken goes on."""
        with self._changed:
            self._lanes.pause(lane)

    def resume(self, lane: str | None = None) -> None:
        """End the pause of that lane; None ends every pause."""
        with self._changed:
            self._lanes.resume(lane)
            self._changed.notify_all()

    def move(self, number: int, before: int | None) -> None:
        """Put a waiting utterance right before another of its lane and user (None: last of them).

        Raises:
            UtteranceNotFoundError: If one of the two does not wait, or the other is not of the
                same lane and user.
        """
        utterance = self._directory.find(number)
        other = None if before is None else self._directory.find(before)
        with self._changed:
            waits = utterance in self._lanes
            moved = waits and self._lanes.move(utterance, before=other)
        if not waits:
            raise UtteranceNotFoundError(f"Line number {number} does not wait any more.")
        if not moved:
            msg = f"Line number {before} does not wait in the same lane for the same user."
            raise UtteranceNotFoundError(msg)

    def held(self, lane: str | None = None) -> tuple[Utterance, ...]:
        """Return what waits for a moderator in that lane (None: any), oldest first."""
        return tuple(each for each in self._holding.listed() if lane in (None, each.status.lane))

    def approve(self, number: int) -> None:
        """Let a held line be spoken.

        Raises:
            UtteranceNotFoundError: If it is not held.
            HaltedError: If everything was stopped; it stays held.
            QueueFullError: If there is no room; it stays held.
        """
        self._entrance.approve(number)

    def deny(self, number: int, reason: str = "") -> None:
        """End a held line unsaid, telling `reason`.

        Raises:
            UtteranceNotFoundError: If it is not held.
        """
        self._entrance.deny(number, reason)

    def silence(self, voice_id: str, *, keep: Callable[[Asker], bool] = lambda _: False) -> int:
        """Cancel every line in that voice, spoken, waiting or held; return how many.

        Args:
            voice_id: Of the voice.
            keep: Whether the lines of an asker go on all the same.
        """
        return self._cancelled(
            each
            for each in self._all()
            if each.request.voice.id == voice_id and not keep(each.request.asker)
        )

    def empty(self, lane: str | None = None) -> int:
        """Cancel every line of that lane (None: any), spoken, waiting or held; return how many."""
        return self._cancelled((*self.listed(lane), *self.held(lane)))

    @property
    def halted(self) -> bool:
        """Whether everything was stopped, and nothing is taken until `lift`."""
        return self._entrance.halted

    def halt(self) -> int:
        """Silence everything, and take nothing more until `lift`; return how many lines ended."""
        with self._changed:
            self._entrance.halted = True
        return self.empty()

    def lift(self) -> None:
        """Take lines again."""
        with self._changed:
            self._entrance.halted = False

    def replay(
        self, number: int, *, lane: str | None = None, asker: Asker | None = None
    ) -> Utterance:
        """Say the same line again, in the same voice and for the same user.

        Args:
            number: Of the line.
            lane: Where; None for where it was said.
            asker: Who wants that; None for who wanted it first.

        Raises:
            UtteranceNotFoundError: If it is long over.
            ConsentError, QueueFullError: As `say`.
        """
        utterance = self._directory.find(number)
        request = utterance.request
        return self._say(
            request.text,
            request.voice,
            lane=lane or request.lane,
            user=request.user,
            asker=asker or request.asker,
            delivery=utterance._line.delivery,
        )

    def _all(self) -> tuple[Utterance, ...]:
        return (*self._directory.live(None, None), *self._holding.listed())

    def _cancelled(self, utterances: Iterable[Utterance]) -> int:
        cancelled = list(dict.fromkeys(utterances))
        for utterance in cancelled:
            utterance.hush()  # silence first, for all of them
        for utterance in cancelled:
            utterance.cancel()
        return len(cancelled)

    def _waiting(self, lane: str | None, user: str | None) -> list[Utterance]:
        with self._changed:
            return self._lanes.waiting(lane=lane, user=user)

    def _current(
        self, lane: str | None, user: str | None, waiting: list[Utterance]
    ) -> list[Utterance]:
        apart = {*waiting, *self._holding.listed()}
        return [each for each in self._directory.live(lane, user) if each not in apart]
