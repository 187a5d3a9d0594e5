"""One request to speak: what is known of it, and the sound it becomes."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from queue import Empty, SimpleQueue

from rtvc_bridge import errors
from rtvc_bridge.audio import Audio
from rtvc_bridge.engine.hearing import Hearing
from rtvc_bridge.errors import RtvcBridgeError, WorkerError
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.safety.policy import Request


class State(StrEnum):
    """Where an utterance is in its life; the last four are ends."""

    HELD = "held"
    QUEUED = "queued"
    SPEAKING = "speaking"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Status:
    """A snapshot of one utterance; the only thing the engine announces.

    Times are time.monotonic() seconds, None until they happen.

    Attributes:
        id: Counts up from 1 in one engine.
        lane: Where it was said, for example "mic".
        user: Who in that lane said it, "" if that makes no difference.
        voice: Name of the voice.
        state: Where it is in its life.
        queued_at: When it was asked for.
        first_audio_at: When its first sound was made.
        first_delivered_at: When its reader first got sound. Not announced by itself.
        ended_at: When nothing more was going to be made.
        reason: Why it failed, in words that may be shown; else None.
        error: Type name of what made it fail, for example "VoiceFileError"; else None.
    """

    id: int
    lane: str
    user: str
    voice: str
    state: State
    queued_at: float
    first_audio_at: float | None = None
    first_delivered_at: float | None = None
    ended_at: float | None = None
    reason: str | None = None
    error: str | None = None

    @property
    def failure(self) -> RtvcBridgeError | None:
        """What made it fail, as it was raised; None unless it failed."""
        if self.state is not State.FAILED:
            return None
        kind: type[RtvcBridgeError] = getattr(errors, self.error or "", WorkerError)
        return kind(self.reason)


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be said, for whom and how.

    Attributes:
        request: As it was let in.
        delivery: How it is spoken.
        expires_s: How long it may wait.
        text: What is said in the end: that of the request, or with a spoken tag before it.
    """

    request: Request
    delivery: Delivery
    expires_s: float
    text: str


class Utterance:
    """One request to speak, and the sound it becomes. Made by `Engine.say`.

    The engine writes; exactly one reader reads, from any thread. Whatever was made
    before an end can still be read after it, unless the utterance was cancelled.
    """

    def __init__(
        self,
        status: Status,
        line: Line,
        *,
        clock: Callable[[], float],
        withdraw: Callable[["Utterance"], object],
        hearing: Hearing,
    ) -> None:
        self._status = status
        self._line = line
        self._clock = clock
        self._withdraw = withdraw
        self._hearing = hearing
        self._taken = 0
        self._made_s = 0.0
        self._delivered_at: float | None = None
        self._read_to_end = False
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._chunks: SimpleQueue[Audio | None] = SimpleQueue()

    @property
    def status(self) -> Status:
        """What is known of it now."""
        return replace(self._status, first_delivered_at=self._delivered_at)

    @property
    def text(self) -> str:
        """What is said."""
        return self._line.text

    @property
    def request(self) -> Request:
        """Who asked for it, and for what."""
        return self._line.request

    @property
    def made_s(self) -> float:
        """How much sound was made of it, in seconds."""
        return self._made_s

    @property
    def audible(self) -> bool:
        """Whether sound of it was made that its reader may still get."""
        return self._status.first_audio_at is not None and not (
            self._read_to_end or self._stop.is_set()
        )

    @property
    def cancelled(self) -> bool:
        """Whether somebody cancelled it: its reader gets no more."""
        return self._stop.is_set()

    @property
    def over(self) -> bool:
        """Whether nothing more will be made."""
        return self._ended.is_set()

    def poll(self) -> Audio | None:
        """Return the next sound, or None if none is ready. Never waits.

        Raises:
            EOFError: When all of it has been read, or it was cancelled.
        """
        if self._read_to_end:
            raise EOFError
        try:
            return self._delivered(self._chunks.get_nowait())
        except Empty:
            return None

    def __iter__(self) -> Iterator[Audio]:
        """Yield the sound as it comes, waiting for it."""
        while not self._read_to_end:
            try:
                yield self._delivered(self._chunks.get())
            except EOFError:
                return

    def cancel(self) -> None:
        """Silence it at once: its reader gets no more, and the pipeline stops within one chunk."""
        self.hush()
        self._withdraw(self)

    def hush(self) -> None:
        """Silence it, and leave to `cancel` to take it out of the queue."""
        again = self._stop.is_set()
        self._stop.set()
        self._chunks.put(None)  # wakes a reader that waits
        if self._taken and not (self._read_to_end or again):
            self._hearing.cut(self._status.id, self._status.lane)

    def wait(self, timeout_s: float | None = None) -> Status:
        """Return the last status, waiting for it to be announced.

        Raises:
            TimeoutError: If that takes longer than `timeout_s`.
        """
        if not self._ended.wait(timeout_s):
            raise TimeoutError
        return self.status

    def _delivered(self, chunk: Audio | None) -> Audio:
        status = self._status
        if chunk is None or self._stop.is_set():
            self._read_to_end = True
            if self._taken and not self._stop.is_set():
                self._hearing.ended(status.id, status.lane)
            raise EOFError
        if self._delivered_at is None:
            self._delivered_at = self._clock()
        self._hearing.took(status.id, status.lane, self._taken, chunk.seconds)
        self._taken += 1
        return chunk
