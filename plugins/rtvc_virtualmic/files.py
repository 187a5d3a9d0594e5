"""Backends without a device, for tests: a WAV file, and nothing at all; both in real time."""

import time
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.audio import Audio, to_pcm16
from rtvc_bridge.errors import DeviceError
from rtvc_virtualmic.backend import Format


class PacedStream:
    """Takes sound as fast as a device would play it, and keeps it in a file if there is one.

    Args:
        form: What is written.
        file: Where to, None for nowhere.
    """

    may_rest = False

    def __init__(self, form: Format, file: wave.Wave_write | None) -> None:
        self._form = form
        self._file = file
        self._due_at = time.monotonic()

    def write(self, samples: NDArray[np.float32]) -> None:
        """Take mono float32 [n]."""
        if self._file is not None:
            audio = Audio(samples, self._form.rate_hz)
            self._file.writeframes(to_pcm16(audio, channels=self._form.channels))
        self._due_at += len(samples) / self._form.rate_hz
        time.sleep(max(0.0, self._due_at - time.monotonic()))

    def hand_ahead(self, latency_ms: int) -> bool:
        """Return True: a file is never late."""
        del latency_ms
        return True

    def close(self) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()


class FileBackend:
    """A WAV file, or nothing. Made by `wav` and `null`."""

    def __init__(self, path: Path | None, form: Format) -> None:
        self.device = str(path) if path is not None else "nothing"
        self._path = path
        self._form = form

    def open(self, latency_ms: int) -> PacedStream:
        """Return a stream into the file, which is begun anew.

        Raises:
            DeviceError: If it cannot be written.
        """
        del latency_ms  # a file is never late
        if self._path is None:
            return PacedStream(self._form, None)
        try:
            file = wave.open(str(self._path), "wb")  # noqa: SIM115 - the stream closes it
        except OSError as error:
            raise DeviceError(f"{self._path} cannot be written: {error}") from error
        file.setnchannels(self._form.channels)
        file.setsampwidth(2)
        file.setframerate(self._form.rate_hz)
        return PacedStream(self._form, file)

    def open_monitor(self, name: str, latency_ms: int) -> PacedStream:
        """Return a stream that goes nowhere."""
        del name, latency_ms
        return PacedStream(self._form, None)

    def listeners(self) -> None:
        """Return None: nobody can tell who reads a file."""

    def tend(self) -> bool:
        """Return False: nobody takes a file away."""
        return False


def wav(device: str | None, form: Format) -> FileBackend:
    """Return the backend that writes the file `device`, 16 bit.

    Raises:
        DeviceError: If no file is named.
    """
    if not device:
        raise DeviceError("It needs a file: VirtualMic(backend='wav', device='mic.wav').")
    return FileBackend(Path(device), form)


def null(device: str | None, form: Format) -> FileBackend:
    """Return the backend that plays nowhere."""
    del device
    return FileBackend(None, form)
