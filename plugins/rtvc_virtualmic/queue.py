"""Sound that waits to be played: handed in by any thread, taken out by one that must not wait."""

import threading
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.audio import FADE_S, Audio, Resampler

MAX_S = 30.0
"""Most that waits; more is dropped and counted."""
CUSHION_S = 0.06
"""Held back, no longer than this, when sound trickles in: the resampler works in such steps."""
PIECE_S = 0.05
"""Most that is resampled at once: a long piece would keep the device waiting."""


class SoundQueue:
    """A bounded queue of Audio of any rate, read at one rate.

    `put`, `clear` and the properties are for any thread, `take` for one thread only.

    Args:
        rate_hz: Samples per second of what `take` returns.
        clock: Seconds, as time.monotonic gives them.
    """

    def __init__(self, rate_hz: int, *, clock: Callable[[], float]) -> None:
        self._rate_hz = rate_hz
        self._clock = clock
        self._lock = threading.Condition()
        self._pieces: deque[Audio] = deque()
        self._queued_s = 0.0
        self._dropped_s = 0.0
        self._started_at: float | None = None  # when the first piece after silence came
        self._cleared = False
        self._awake = False
        self._resampler = Resampler(rate_hz)
        self._source_hz: int | None = None
        self._ready = np.zeros(0, np.float32)

    @property
    def queued_s(self) -> float:
        """How much waits, in seconds."""
        return self._queued_s + len(self._ready) / self._rate_hz

    @property
    def dropped_s(self) -> float:
        """How much found no room, in seconds, since the start."""
        return self._dropped_s

    def put(self, audio: Audio) -> int:
        """Queue what fits of `audio`, copied, and return how many samples that is. Never waits."""
        with self._lock:
            room = max(0, round((MAX_S - self._queued_s) * audio.rate_hz))
            taken = Audio(audio.samples[:room].copy(), audio.rate_hz)
            self._dropped_s += audio.seconds - taken.seconds
            if len(taken.samples):
                self._pieces.append(taken)
                self._queued_s += taken.seconds
                if self._started_at is None:
                    self._started_at = self._clock()
                self._lock.notify()
        return len(taken.samples)

    def clear(self) -> None:
        """Drop what waits; what is being read fades out instead of breaking off."""
        with self._lock:
            self._pieces.clear()
            self._queued_s = 0.0
            self._started_at = None
            self._cleared = True

    def wait(self, timeout_s: float) -> None:
        """Return once there is sound to take, at a wake, or after `timeout_s`.

        Only for whoever takes.
        """
        with self._lock:
            self._lock.wait_for(lambda: self._pieces or self._awake, timeout_s)
            self._lock.wait_for(lambda: not self._held_back(), CUSHION_S)
            self._awake = False

    def wake(self) -> None:
        """End a `wait` that is going on, or else the next."""
        with self._lock:
            self._awake = True
            self._lock.notify()

    def take(self, count: int) -> tuple[NDArray[np.float32], bool]:
        """Return `count` samples, silence for want of sound, and whether there was sound."""
        with self._lock:
            cleared, self._cleared = self._cleared, False
        if cleared:
            return self._faded(count)
        if self._held_back():
            return np.zeros(count, np.float32), False
        parts, have = [self._ready], len(self._ready)
        while have < count:
            part = self._next()
            if part is None:
                break
            parts.append(part)
            have += len(part)
        sound = np.concatenate(parts)
        self._ready = sound[count:]
        return np.pad(sound[:count], (0, max(0, count - have))), have > 0

    def _held_back(self) -> bool:
        with self._lock:
            if self._source_hz is not None or self._started_at is None:
                return False
            waited_s = self._clock() - self._started_at
            return self._queued_s < CUSHION_S and waited_s < CUSHION_S

    def _next(self) -> NDArray[np.float32] | None:
        """Return more at the wanted rate, maybe no sample; None when there is nothing more."""
        with self._lock:
            piece = self._popped()
        if piece is None:
            if self._source_hz is None:
                return None
            self._source_hz = None
            return self._resampler.end().samples
        if piece.rate_hz == self._source_hz or self._source_hz is None:
            tail = np.zeros(0, np.float32)
        else:
            tail = self._resampler.end().samples
        self._source_hz = piece.rate_hz
        if piece.rate_hz == self._rate_hz:
            return np.concatenate([tail, piece.samples])
        return np.concatenate([tail, self._resampler.feed(piece).samples])

    def _popped(self) -> Audio | None:
        """Return the next PIECE_S or less; with the lock held."""
        if not self._pieces:
            self._started_at = None
            return None
        first = self._pieces.popleft()
        size = max(1, round(PIECE_S * first.rate_hz))
        if len(first.samples) > size:
            self._pieces.appendleft(Audio(first.samples[size:], first.rate_hz))
            first = Audio(first.samples[:size], first.rate_hz)
        # Counted anew when empty, so that rounding does not add up.
        self._queued_s = self._queued_s - first.seconds if self._pieces else 0.0
        return first

    def _faded(self, count: int) -> tuple[NDArray[np.float32], bool]:
        """Return a block that fades out what was being read, and forget the rest of it."""
        size = min(count, len(self._ready), round(FADE_S * self._rate_hz))
        block = np.zeros(count, np.float32)
        block[:size] = self._ready[:size] * np.linspace(1, 0, size, dtype=np.float32)
        self._ready = np.zeros(0, np.float32)
        if self._source_hz is not None:
            self._resampler.end()
            self._source_hz = None
        return block, size > 0
