"""What is to be read now: the phrase that is heard, from its first sound to its last."""

import asyncio
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from rtvc_bridge.engine import Engine, Heard
from rtvc_bridge.errors import UtteranceNotFoundError
from rtvc_obs.phrases import phrases


@dataclass(frozen=True, slots=True)
class Caption:
    """A phrase that is heard.

    Attributes:
        id: Of the utterance.
        lane: Where it is heard.
        voice: Who speaks.
        text: The phrase, as it was typed.
        first: Whether the line begins with it.
    """

    id: int
    lane: str
    voice: str
    text: str
    first: bool


Show = Callable[[Caption | None], None]
"""Told each phrase when it is heard, and None when it is silent again."""


class Timeline:
    """Shows each phrase when it is heard. Made and closed on the event loop.

    Args:
        engine: Whose lines.
        lanes: Which of them.
        show: Called on the event loop.
    """

    def __init__(self, engine: Engine, lanes: Collection[str], show: Show) -> None:
        self._engine = engine
        self._lanes = frozenset(lanes)
        self._show = show
        self._loop = asyncio.get_running_loop()
        self._lines: dict[int, asyncio.Task[list[str]]] = {}
        self._due: dict[int, list[asyncio.TimerHandle]] = {}
        self._shown: int | None = None
        self._open = True
        self._lock = threading.Lock()
        self._forget = engine.hearing.on_heard(self._heard)

    def close(self) -> None:
        """Show nothing any more."""
        self._forget()
        with self._lock:  # no player is about to call the loop any more
            self._open = False
        for number in list(self._due):
            self._drop(number)
        for line in self._lines.values():
            line.cancel()

    def _heard(self, moment: Heard) -> None:
        """Take it to the event loop, from the player's thread."""
        if moment.lane in self._lanes:
            with self._lock:
                if self._open:
                    self._loop.call_soon_threadsafe(self._plan, moment)

    def _plan(self, moment: Heard) -> None:
        if not self._open:
            return
        if moment.piece is None and moment.at <= time.monotonic():
            self._drop(moment.id)  # it was cut: what was planned of it is not heard
        wait_s = max(0.0, moment.at - time.monotonic())
        due = self._loop.call_later(wait_s, self._now, moment)
        self._due.setdefault(moment.id, []).append(due)
        if moment.piece == 0:
            self._lines[moment.id] = self._loop.create_task(self._phrases(moment.id))

    def _now(self, moment: Heard) -> None:
        if moment.piece is not None:
            line = self._lines.get(moment.id)
            if line is not None and not line.done():  # the first of all, while words are loaded
                line.add_done_callback(lambda _: self._now(moment))
            elif line is not None and not line.cancelled():
                self._reveal(moment, line.result())
            return
        self._drop(moment.id)
        if (line := self._lines.pop(moment.id, None)) is not None:
            line.cancel()
        if self._shown == moment.id:
            self._shown = None
            self._show(None)

    def _reveal(self, moment: Heard, found: list[str]) -> None:
        if not self._open or moment.piece is None or moment.piece >= len(found):
            return
        if not found[moment.piece]:  # its words are part of the phrase before
            return
        try:
            status = self._engine.queue.find(moment.id).status
        except UtteranceNotFoundError:
            return
        first = self._shown != moment.id
        self._shown = moment.id
        self._show(Caption(moment.id, moment.lane, status.voice, found[moment.piece], first))

    async def _phrases(self, number: int) -> list[str]:
        try:
            text = self._engine.queue.find(number).text
        except UtteranceNotFoundError:
            return []
        return await asyncio.to_thread(phrases, text)

    def _drop(self, number: int) -> None:
        for due in self._due.pop(number, []):
            due.cancel()
