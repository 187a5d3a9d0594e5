"""A stream into an output of the sound server, through libpulse's simple interface."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.errors import DeviceError
from rtvc_virtualmic.backend import Format
from rtvc_virtualmic.control import START_SERVER

PROGRAM = "rtvc-bridge"


class SimpleStream:
    """An open stream. Made by `simple_stream`."""

    may_rest = True

    def __init__(self, stream: Any, form: Format, lost: type[Exception]) -> None:  # noqa: ANN401 - pasimple has no types
        self._stream = stream
        self._form = form
        self._lost = lost

    def write(self, samples: NDArray[np.float32]) -> None:
        """Take mono float32 [n], waiting until there is room for it.

        Raises:
            DeviceError: If the server went away.
        """
        try:
            self._stream.write(self._form.bytes_of(samples))
        except self._lost as error:
            raise DeviceError(f"The sound server went away ({error}).") from error

    def close(self) -> None:
        """Give it back. What was written and not played is lost: draining can hang."""
        self._stream.close()


def simple_stream(sink: str, form: Format, latency_ms: int) -> SimpleStream:
    """Return a stream into `sink` that is handed `latency_ms` ahead.

    Raises:
        DeviceError: If pasimple is not installed, or the server refuses.
    """
    pasimple = pasimple_module()
    try:
        stream = pasimple.PaSimple(
            pasimple.PA_STREAM_PLAYBACK,
            pasimple.PA_SAMPLE_FLOAT32LE,
            form.channels,
            form.rate_hz,
            app_name=PROGRAM,
            stream_name="voice",
            device_name=sink,
            tlength=latency_ms * form.rate_hz // 1000 * form.frame_bytes,
            prebuf=form.frame_bytes,  # plays from the first sample on; waits when there is none
        )
    except pasimple.PaSimpleError as error:
        raise DeviceError(f"The sound server refuses a stream ({error}). {START_SERVER}") from error
    return SimpleStream(stream, form, pasimple.PaSimpleError)


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
