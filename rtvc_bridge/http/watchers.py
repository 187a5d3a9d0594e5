"""Live status for many watchers at once, without slowing whoever speaks."""

import asyncio
import contextlib
import json
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass, field

from rtvc_bridge.engine import Engine, Status
from rtvc_bridge.errors import QueueFullError

KEPT_EVENTS = 4096  # clearing a long queue makes hundreds at once
HEARTBEAT_S = 15.0
GATHER_S = 0.02
AT_ONCE = 8
HEARTBEAT = b": still here\n\n"


def event(name: str, data: str) -> bytes:
    """Return a server-sent event; `data` is JSON on one line."""
    return f"event: {name}\ndata: {data}\n\n".encode()


DROPPED = event(
    "dropped", json.dumps({"detail": "You read too slowly and missed events. Connect again."})
)


@dataclass(eq=False, slots=True)
class Watcher:
    """One client's events that it has not taken yet.

    Attributes:
        kept: Most events that wait for it.
        events: Oldest first.
        news: Set when there is something to look at.
        over: Nothing more is added.
    """

    kept: int = KEPT_EVENTS
    events: deque[bytes] = field(default_factory=deque)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False

    def put(self, *events: bytes) -> None:
        """Add events, to be shown at the next `news`; too many untaken are lost, and that told."""
        if self.over:
            return
        self.events.extend(events)
        if len(self.events) > self.kept:
            self.events.clear()
            self.events.append(DROPPED)
            self.over = True

    def end(self) -> None:
        """Let it end once everything is taken."""
        self.over = True
        self.news.set()


class Watchers:
    """Hands every change of every utterance to all watchers. Made on the event loop.

    Args:
        engine: Whose changes.
        limit: Most watchers at once.
        changed: Called on the event loop with every change and the line's text; gives the event.
    """

    def __init__(
        self, engine: Engine, *, limit: int, changed: Callable[[Status, str], bytes]
    ) -> None:
        self._engine = engine
        self._limit = limit
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._watchers: set[Watcher] = set()
        self._watched = asyncio.Event()
        self._lock = threading.Lock()
        self._open = True
        self._waking: asyncio.Handle | None = None
        self._forget = engine.on_status(self._on_status)

    def __len__(self) -> int:
        """How many watch."""
        return len(self._watchers)

    async def wait_for_one(self) -> None:
        """Return once anybody watches."""
        await self._watched.wait()

    def spread(self, data: bytes) -> None:
        """Hand an event to all watchers.

        They are woken a moment later and a few at a time, so that sound, which comes over the
        same event loop, never waits for all of them.
        """
        for watcher in self._watchers:
            watcher.put(data)
        if self._waking is None:
            self._wake_later()

    def close(self) -> None:
        """End every watcher's stream; nothing reaches the event loop any more."""
        self._forget()
        with self._lock:
            self._open = False
        if self._waking is not None:
            self._waking.cancel()
        for watcher in self._watchers:
            watcher.end()

    @contextlib.contextmanager
    def watcher(self) -> Iterator[Watcher]:
        """Give a watcher of everything from now on.

        Raises:
            QueueFullError: If too many watch already.
        """
        if len(self._watchers) >= self._limit:
            msg = f"{self._limit} clients watch already; max_watchers in [adapters.http] says so."
            raise QueueFullError(msg)
        watcher = Watcher(over=not self._open)
        self._watchers.add(watcher)
        self._watched.set()
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            if not self._watchers:
                self._watched.clear()

    def _on_status(self, status: Status) -> None:
        """Take a change to the event loop, from whichever thread made it."""
        text = self._engine.queue.find(status.id).text
        with self._lock:  # close() returns only once no thread is about to call the loop
            if self._open:
                self._loop.call_soon_threadsafe(self._arrived, status, text)

    def _arrived(self, status: Status, text: str) -> None:
        self.spread(self._changed(status, text))

    def _wake_later(self) -> None:
        asleep = [each for each in self._watchers if each.events and not each.news.is_set()]
        self._waking = self._loop.call_later(GATHER_S, self._wake, asleep) if asleep else None

    def _wake(self, asleep: list[Watcher]) -> None:
        for watcher in asleep[:AT_ONCE]:
            watcher.news.set()
        if len(asleep) > AT_ONCE:
            self._waking = self._loop.call_soon(self._wake, asleep[AT_ONCE:])
        else:
            self._wake_later()


async def events_of(
    watcher: Watcher, *, heartbeat_s: float = HEARTBEAT_S
) -> AsyncGenerator[bytes, None]:
    """Yield a watcher's events as they come, many in one piece if many wait."""
    while True:
        try:
            async with asyncio.timeout(heartbeat_s):
                await watcher.news.wait()
        except TimeoutError:
            yield HEARTBEAT
            continue
        watcher.news.clear()
        if watcher.events:
            data = b"".join(watcher.events)
            watcher.events.clear()
            yield data
        if watcher.over and not watcher.events:
            return
