"""A microphone that other programs can pick, and that says what it is sent."""

import itertools
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.audio import PCM_RATE_HZ, Audio
from rtvc_bridge.errors import DeviceError
from rtvc_virtualmic.backend import Backend, Format
from rtvc_virtualmic.backends import Factory, candidates, first_that
from rtvc_virtualmic.latency import Latency
from rtvc_virtualmic.queue import SoundQueue
from rtvc_virtualmic.writer import CLOSE_S, Writer

logger = logging.getLogger(__name__)

TEND_S = 1.0
TENDS_A_COUNT = 5
"""Of so many looks after the device, one counts who listens: that is a connection more."""
MONITOR_RETRY_S = 2.0
LATENCY_MS = 40
"""20 ms were measured to stutter under full load, 40 not."""


@dataclass(frozen=True, slots=True)
class Stats:
    """How a VirtualMic fares.

    Attributes:
        queued_ms: Sound that waits to be played.
        latency_ms: How much the device is handed ahead now.
        underruns: How often it ran dry in the middle of sound.
        dropped_ms: Sound that found no room.
        reconnects: How often the device or its server was lost and came back.
        lost: Whether it is gone now.
        unheard: Whether no program listened at the last look; False where that cannot be known.
        monitor_trouble: Why it is not heard on the monitor now; "" if nothing is wrong.
    """

    queued_ms: float
    latency_ms: int
    underruns: int
    dropped_ms: float
    reconnects: int
    lost: bool
    unheard: bool
    monitor_trouble: str


class VirtualMic:
    """A microphone for other programs; `send` speaks through it.

        with VirtualMic() as mic:
            print(f"Pick {mic.device} in the other program")
            mic.send(samples, rate_hz=24000)

    The device stays when this ends, or crashes: taking it away would switch whoever listens to
    the real microphone. Any thread may call the methods.

    Args:
        rate_hz: Of the device.
        channels: Of the device, 1 or 2; both carry the same.
        device: The device's name; what that means is the backend's.
        backend: A name in `BACKENDS`, or a factory; else all that suit the system are tried.
        latency_ms: How much sound the device is handed ahead; grows while it runs dry.
        monitor: An output to hear it on too: "default" or its name. A missing one is waited for.
        monitor_db: How much louder or quieter that is.

    Attributes:
        device: What to pick as the microphone in the other program.

    Raises:
        DeviceError: If none can be opened; lists every attempt and what to do about it.
    """

    def __init__(
        self,
        rate_hz: int = PCM_RATE_HZ,
        channels: int = 1,
        device: str | None = None,
        backend: str | Factory | None = None,
        latency_ms: int = LATENCY_MS,
        monitor: str | None = None,
        *,
        monitor_db: float = 0.0,
    ) -> None:
        if channels not in (1, 2):
            msg = f"want 1 or 2 channels, got {channels}"
            raise ValueError(msg)
        self._form = Format(rate_hz, channels)
        self._latency = Latency(latency_ms)
        self._queue = SoundQueue(rate_hz, clock=time.monotonic)
        self._stop = threading.Event()
        self._backend, self._writer = first_that(
            candidates(backend), lambda factory: self._started(factory, device)
        )
        self.device = self._backend.device
        self._unheard = False
        self._monitor = (
            _Monitor(self._backend, self._form, monitor, monitor_db) if monitor else None
        )
        self._tender = threading.Thread(target=self._tend, name="rtvc-mic-tender", daemon=True)
        self._tender.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def send(self, samples: NDArray[np.float32], rate_hz: int = PCM_RATE_HZ) -> int:
        """Queue mono float32 [n], -1..1, and return how many samples found room. Never waits.

        Raises:
            TypeError: If it is not float32 [n].
        """
        audio = Audio(samples, rate_hz)
        if self._monitor is not None:
            self._monitor.put(audio)
        return self._queue.put(audio)

    def clear(self) -> None:
        """Fall silent: drop what waits. What the device was handed, `latency_ms`, still sounds."""
        self._queue.clear()
        if self._monitor is not None:
            self._monitor.clear()

    @property
    def stats(self) -> Stats:
        """How it fares now."""
        return Stats(
            queued_ms=1000 * self._queue.queued_s,
            latency_ms=self._latency.ms,
            underruns=self._writer.underruns,
            dropped_ms=1000 * self._queue.dropped_s,
            reconnects=self._writer.reconnects,
            lost=bool(self._writer.trouble),
            unheard=self._unheard,
            monitor_trouble=self._monitor.trouble if self._monitor is not None else "",
        )

    def listeners(self) -> Sequence[str] | None:
        """Return the programs that record from it; None where the system does not tell.

        Raises:
            DeviceError: If the sound server does not answer.
        """
        return self._backend.listeners()

    def close(self) -> None:
        """End at once; what waits is not played. The device stays."""
        self._stop.set()
        self._writer.close()
        if self._monitor is not None:
            self._monitor.close()
        self._tender.join(CLOSE_S)

    def _started(self, factory: Factory, device: str | None) -> tuple[Backend, Writer]:
        backend = factory(device, self._form)
        writer = Writer(
            self._queue, self._form.rate_hz, open_stream=backend.open, latency=self._latency
        )
        writer.start()
        return backend, writer

    def _tend(self) -> None:
        for look in itertools.count():
            if self._stop.wait(TEND_S):
                return
            try:
                if self._backend.tend():
                    self._writer.reopen()
                if look % TENDS_A_COUNT == 0:
                    programs = self.listeners()
                    self._unheard = programs is not None and not programs
            except DeviceError as error:
                logger.debug("cannot look after the device: %s", error)


class _Monitor:
    """The same sound on an ordinary output, louder or quieter."""

    def __init__(self, backend: Backend, form: Format, name: str, gain_db: float) -> None:
        self._gain = np.float32(10 ** (gain_db / 20))
        self._queue = SoundQueue(form.rate_hz, clock=time.monotonic)
        self._writer = Writer(
            self._queue,
            form.rate_hz,
            open_stream=lambda latency_ms: backend.open_monitor(name, latency_ms),
            latency=Latency(LATENCY_MS),
            retry_s=MONITOR_RETRY_S,
        )
        self._writer.start_once_possible()
        self.clear = self._queue.clear
        self.close = self._writer.close

    @property
    def trouble(self) -> str:
        """Why nothing is heard on it now; "" if nothing is wrong."""
        return self._writer.trouble

    def put(self, audio: Audio) -> None:
        """Queue `audio`; without the output it is gone, as it would be old when that is back."""
        if self.trouble:
            return
        louder = np.clip(audio.samples * self._gain, -1, 1)
        self._queue.put(Audio(louder.astype(np.float32), audio.rate_hz))
