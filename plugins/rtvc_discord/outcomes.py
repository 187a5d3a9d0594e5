"""What became of each line that was said in a server."""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum

from rtvc_bridge.audio import FRAME_MS
from rtvc_bridge.engine import State, Utterance

KEPT = 100
STALE = "It waited for too long."


class Kind(StrEnum):
    """How a line ended, as far as its listeners are concerned."""

    SPOKEN = "spoken"
    CUT_OFF = "cut off"
    SKIPPED = "skipped"
    UNHEARD = "unheard"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a line ended.

    Attributes:
        kind: SKIPPED if none of it was sent, UNHEARD if it was and nobody could hear it, CUT_OFF
            if some of it was heard.
        seconds: How much of it was heard.
        reason: Why it failed or was not heard, in words that may be shown, if that is known.
    """

    kind: Kind
    seconds: float
    reason: str | None = None


@dataclass(slots=True, eq=False)
class Entry:
    """One line on its way. Its player writes, the event loop reads.

    Attributes:
        frames: How many of its frames were sent and could be heard.
        unheard: Why nobody heard the others that were sent, if there are any.
        taken: Whether a player has taken it up.
        complete: Whether all of it was sent.
        over: Whether its player is done with it.
        outcome: Once it is settled.
        waiting: For the outcome; touched on the event loop only.
    """

    frames: int = 0
    unheard: str | None = None
    taken: bool = False
    complete: bool = False
    over: bool = False
    outcome: Outcome | None = None
    waiting: list["asyncio.Future[Outcome]"] = field(default_factory=list)

    def ended(self, utterance: Utterance, reason: str | None = None) -> Outcome | None:
        """Return how it, which is `utterance`, ended, or None if it may still sound."""
        status = utterance.status
        seconds = self.frames * FRAME_MS / 1000
        never = utterance.over or utterance.cancelled  # no more sound will come
        if not (self.over if self.taken else never and not utterance.audible):
            return None
        if status.state is State.FAILED:
            return Outcome(Kind.FAILED, seconds, status.reason)
        if self.unheard is not None:
            return Outcome(Kind.CUT_OFF if self.frames else Kind.UNHEARD, seconds, self.unheard)
        if self.complete:
            return Outcome(Kind.SPOKEN, seconds)
        if status.state is State.EXPIRED:
            return Outcome(Kind.SKIPPED, seconds, STALE)
        return Outcome(Kind.CUT_OFF if self.frames else Kind.SKIPPED, seconds, reason)


class Outcomes:
    """The lines of one server, from being said until some time after their end.

    A line that has ended is let go: it may hold much sound that nobody wanted to hear.

    `add`, `entry` and `open` are for any thread, the rest for the event loop.
    """

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}
        self._open: dict[int, tuple[Entry, Utterance]] = {}

    def add(self, utterance: Utterance) -> Entry:
        """Follow `utterance` from now on."""
        fresh, number = Entry(), utterance.status.id
        entry = self._entries.setdefault(number, fresh)  # two threads may tell of one line
        if entry is fresh:
            self._open[number] = (entry, utterance)
        return entry

    def entry(self, utterance: Utterance) -> Entry | None:
        """Return what is known of `utterance`, if it is followed."""
        return self._entries.get(utterance.status.id)

    @property
    def open(self) -> bool:
        """Whether any line may still sound."""
        return any(not entry.over for entry, _ in list(self._open.values()))

    def settle(self, reason: str | None = None) -> None:
        """Tell those who wait of every line that has ended.

        Args:
            reason: Why lines that were not spoken to the end were not, if that is known.
        """
        for number, (entry, utterance) in list(self._open.items()):
            if (outcome := entry.ended(utterance, reason)) is not None:
                del self._open[number]
                entry.outcome = outcome
                for future in entry.waiting:
                    if not future.done():
                        future.set_result(outcome)
                entry.waiting.clear()
        self._forget()

    async def of(self, entry: Entry) -> Outcome:
        """Return how the line ended, once it has."""
        if entry.outcome is not None:
            return entry.outcome
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        entry.waiting.append(future)
        self.settle()
        return await future

    def _forget(self) -> None:
        over = [number for number in list(self._entries) if number not in self._open]
        for number in over[: max(0, len(over) - KEPT)]:
            del self._entries[number]
