"""What a backend is: a way to make sound appear at a microphone that other programs can pick."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Format:
    """What is written to the device.

    Attributes:
        rate_hz: Samples per second.
        channels: The mono sound goes to each.
    """

    rate_hz: int
    channels: int

    @property
    def frame_bytes(self) -> int:
        """Size of one sample of every channel as float32."""
        return 4 * self.channels

    def bytes_of(self, samples: NDArray[np.float32]) -> bytes:
        """Return mono float32 [n] as interleaved little-endian float32."""
        return np.repeat(samples.astype("<f4"), self.channels).tobytes()


class Stream(Protocol):
    """An open way into the device.

    Attributes:
        may_rest: Whether nothing need be written while there is no sound: it is silent by
            itself then, and plays what comes next at once.
    """

    may_rest: bool

    def write(self, samples: NDArray[np.float32]) -> None:
        """Take mono float32 [n], waiting until there is room for it.

        Raises:
            DeviceError: If the device went away.
        """

    def hand_ahead(self, latency_ms: int) -> bool:
        """Hand so much ahead from now on; return whether that can be without opening it anew."""

    def close(self) -> None:
        """Give it back; the device stays."""


class Backend(Protocol):
    """One kind of device. Its methods may be called from several threads.

    Attributes:
        device: What to pick as the microphone in the other program.
    """

    device: str

    def open(self, latency_ms: int) -> Stream:
        """Return a stream into the device, made first if it is missing.

        Raises:
            DeviceError: If that cannot be; the message says what to do.
        """

    def open_monitor(self, name: str, latency_ms: int) -> Stream:
        """Return a stream into an ordinary output, "default" or its name.

        Raises:
            DeviceError: If there is none, or the backend has no such thing.
        """

    def listeners(self) -> Sequence[str] | None:
        """Return who records from the device; None where that cannot be known."""

    def tend(self) -> bool:
        """Mend what others did to the device; return whether it must be opened anew."""
