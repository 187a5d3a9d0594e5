"""The thread that keeps a stream fed: sound when there is some, silence when not, for ever."""

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable

from rtvc_bridge.errors import DeviceError
from rtvc_virtualmic.backend import Stream
from rtvc_virtualmic.latency import Latency
from rtvc_virtualmic.queue import SoundQueue

logger = logging.getLogger(__name__)

BLOCK_S = 0.01
REST_AFTER_S = 0.2
REST_S = 1.0
RETRY_S = 0.25
CLOSE_S = 2.0
NICE = -11
"""What sound servers give themselves; a user may take it where the limits say so."""
LOW = 0.75
"""Share of what is handed ahead; with no more left, the server, which plays in blocks, may lack."""


class Writer:
    """Writes a queue into a stream until closed, and opens it anew whenever it is lost.

    Silence is written too. Only a stream that may rest does so in a long one, but for a sign of
    life every REST_S; the next sound then need not wait behind silence.

    Args:
        queue: Read by this writer only.
        rate_hz: Of the stream.
        open_stream: Given how many ms to hand ahead; raises DeviceError if it cannot now.
        latency: How many that is.
        retry_s: How long after it could not be opened that is tried again.

    Attributes:
        underruns: How often the stream ran dry, or nearly, while there was sound.
        reconnects: How often it was lost and came back.
        trouble: Why there is no stream now; "" while there is one.
    """

    def __init__(
        self,
        queue: SoundQueue,
        rate_hz: int,
        *,
        open_stream: Callable[[int], Stream],
        latency: Latency,
        retry_s: float = RETRY_S,
    ) -> None:
        self._queue = queue
        self._rate_hz = rate_hz
        self._open_stream = open_stream
        self._latency = latency
        self._retry_s = retry_s
        self._first: Stream | None = None
        self._stop = threading.Event()
        self._reopen = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rtvc-mic", daemon=True)
        self.underruns = 0
        self.reconnects = 0
        self.trouble = ""

    def start(self) -> None:
        """Open the stream, then feed it on a thread of its own.

        Raises:
            DeviceError: If it cannot be opened.
        """
        self._first = self._open_stream(self._latency.ms)
        self._thread.start()

    def start_once_possible(self) -> None:
        """Feed on a thread of its own, which tries to open the stream until it can."""
        self._thread.start()

    def reopen(self) -> None:
        """Let the stream be opened anew, soon."""
        self._reopen.set()

    def close(self) -> None:
        """End. A server that hangs is not waited for longer than CLOSE_S."""
        self._stop.set()
        self._queue.wake()
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        if sys.platform == "linux":
            with contextlib.suppress(PermissionError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        stream = self._first or self._opened()
        while stream is not None:
            try:
                self._feed(stream)
            except DeviceError as error:
                self._is_without(error)
            stream.close()
            stream = self._opened()

    def _opened(self) -> Stream | None:
        """Return the stream, tried until it opens; None once closed."""
        while not self._stop.is_set():
            try:
                stream = self._open_stream(self._latency.ms)
            except DeviceError as error:
                self._is_without(error)
                self._stop.wait(self._retry_s)
            else:
                self.reconnects += bool(self.trouble)
                self.trouble = ""
                return stream
        return None

    def _is_without(self, error: DeviceError) -> None:
        if not self.trouble:
            logger.warning("%s It is tried again until it is back.", error)
        self.trouble = str(error)

    def _feed(self, stream: Stream) -> None:
        """Write until closed, or until the stream should be opened anew."""
        ahead_ms, count = self._latency.ms, round(BLOCK_S * self._rate_hz)
        sounded_at = written_at = time.monotonic()
        sounding = False
        while not self._stop.is_set() and not self._reopen.is_set():
            if stream.may_rest and written_at - sounded_at > REST_AFTER_S:
                self._queue.wait(REST_S)
            samples, has_sound = self._queue.take(count)
            stream.write(samples)
            before_at, written_at = written_at, time.monotonic()
            if sounding:
                self._look_at(written_at - before_at, ahead_ms, written_at)
            sounding = has_sound
            sounded_at = written_at if has_sound else sounded_at
            wanted_ms = self._latency.ms if sounding else self._latency.look(written_at)
            if wanted_ms != ahead_ms:
                if stream.hand_ahead(wanted_ms):
                    ahead_ms = wanted_ms
                elif written_at - sounded_at > REST_AFTER_S:  # the last sound is played by then
                    return
        self._reopen.clear()

    def _look_at(self, took_s: float, ahead_ms: int, now: float) -> None:
        """Count it if a block took so long, be it to a late server or here, that it ran low."""
        if took_s > LOW * ahead_ms / 1000:
            self.underruns += 1
            self._latency.ran_dry(now)
