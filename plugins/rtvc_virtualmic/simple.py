"""A stream into an output of the sound server, through libpulse's simple interface."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.errors import DeviceError
from rtvc_virtualmic.backend import Format
from rtvc_virtualmic.control import START_SERVER

PROGRAM = "rtvc-bridge"
STEPS_MS = 130
ROOM_MS = 2 * STEPS_MS + 20
"""The server has room for ROOM_MS, asks for sound in steps of STEPS_MS, and plays half of what two
steps leave, 10 ms, ahead. How much is handed ahead is decided here instead, so that it can grow in
the middle of sound and no late request keeps sound back: one step less than the room is always
free, more than is ever handed."""


class SimpleStream:
    """An open stream. Made by `simple_stream`."""

    may_rest = True

    def __init__(
        self,
        stream: Any,  # noqa: ANN401 - pasimple has no types
        form: Format,
        latency_ms: int,
        lost: type[Exception],
    ) -> None:
        self._stream = stream
        self._form = form
        self._ahead_s = latency_ms / 1000
        self._lost = lost
        self._played_at = 0.0  # when all that was written is used up

    def write(self, samples: NDArray[np.float32]) -> None:
        """Take mono float32 [n], waiting until there is room for it.

        Raises:
            DeviceError: If the server went away.
        """
        seconds = len(samples) / self._form.rate_hz
        try:
            while (early_s := self._left_s() + seconds - self._ahead_s) > 0:
                time.sleep(early_s)
            self._played_at = max(self._played_at, time.monotonic()) + seconds
            self._stream.write(self._form.bytes_of(samples))
        except self._lost as error:
            raise DeviceError(f"The sound server went away ({error}).") from error

    def _left_s(self) -> float:
        """Return how much of what was written is not played yet.

        The server plays by its own clock, which it tells now and then; ours runs on meanwhile. The
        lesser of the two errs towards writing too much, and for that the server has room.
        """
        by_time_s = self._played_at - time.monotonic()
        return min(by_time_s, self._stream.get_latency() / 1e6) if by_time_s > 0 else 0.0

    def hand_ahead(self, latency_ms: int) -> bool:
        """Hand so much ahead from now on; return True."""
        self._ahead_s = latency_ms / 1000
        return True

    def close(self) -> None:
        """Give it back. What was written and not played is lost: draining can hang."""
        self._stream.close()


def simple_stream(sink: str, form: Format, latency_ms: int) -> SimpleStream:
    """Return a stream into `sink` that is handed `latency_ms` ahead, at most ROOM_MS.

    Raises:
        DeviceError: If pasimple is not installed, or the server refuses.
    """
    pasimple = pasimple_module()
    ms_bytes = form.rate_hz // 1000 * form.frame_bytes
    try:
        stream = pasimple.PaSimple(
            pasimple.PA_STREAM_PLAYBACK,
            pasimple.PA_SAMPLE_FLOAT32LE,
            form.channels,
            form.rate_hz,
            app_name=PROGRAM,
            stream_name="voice",
            device_name=sink,
            tlength=ROOM_MS * ms_bytes,
            minreq=STEPS_MS * ms_bytes,
            prebuf=form.frame_bytes,  # plays from the first sample on; waits when there is none
        )
    except pasimple.PaSimpleError as error:
        raise DeviceError(f"The sound server refuses a stream ({error}). {START_SERVER}") from error
    return SimpleStream(stream, form, latency_ms, pasimple.PaSimpleError)


def pasimple_module() -> Any:  # noqa: ANN401 - pasimple has no types
    """Return the pasimple module.

    Raises:
        DeviceError: If it is not installed.
    """
    try:
        import pasimple
    except ImportError as error:
        raise DeviceError('pasimple is not installed: pip install "rtvc-bridge[mic]".') from error
    return pasimple
