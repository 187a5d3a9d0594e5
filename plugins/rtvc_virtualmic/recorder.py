"""What another program would record from the microphone, and when it would have it."""

import subprocess
import threading
import time
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.audio import PCM_RATE_HZ
from rtvc_bridge.errors import DeviceError
from rtvc_virtualmic.control import START_SERVER

PROGRAM = "rtvc-bridge mic test"
BLOCK_S = 0.01
BLOCK = round(BLOCK_S * PCM_RATE_HZ)
PATIENCE_S = 10.0
AROUND_S = 1.0


class Recorder:
    """Records from `source` as another program would, and notes when each block came.

    Raises:
        DeviceError: If parec is not installed.
    """

    def __init__(self, source: str) -> None:
        command = [
            "parec",
            f"--device={source}",
            f"--rate={PCM_RATE_HZ}",
            "--channels=1",
            "--format=float32le",
            "--latency-msec=10",
            f"--client-name={PROGRAM}",
        ]
        try:
            self._process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except FileNotFoundError as error:
            raise DeviceError(
                "parec is not installed: on Debian or Ubuntu, sudo apt-get install "
                "pulseaudio-utils."
            ) from error
        self._blocks: list[bytes] = []
        self._came: list[float] = []
        self._ended = False
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="rtvc-mic-test", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def wait_for(self, seconds: float) -> None:
        """Return once that much more was recorded.

        Raises:
            DeviceError: If nothing comes.
        """
        with self._more:
            wanted = len(self._blocks) + round(seconds / BLOCK_S)
            self._more.wait_for(
                lambda: self._ended or len(self._blocks) >= wanted, timeout=seconds + PATIENCE_S
            )
            if len(self._blocks) < wanted:
                raise DeviceError(f"Nothing can be recorded from the microphone. {START_SERVER}")

    def close(self) -> None:
        """End the recording."""
        self._process.kill()
        self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def sound(self, since: int = 0) -> NDArray[np.float32]:
        """Return what was recorded from sample `since` on, float32 [n]."""
        skipped, first = divmod(since, BLOCK)
        recorded = np.frombuffer(b"".join(self._blocks[skipped:]), "<f4")
        return recorded[first:].astype(np.float32)

    @property
    def samples(self) -> int:
        """How many were recorded."""
        return len(self._blocks) * BLOCK

    def came_at(self, sample: int) -> float:
        """Return when that sample was in the program's hands, time.monotonic() seconds."""
        return self._came[sample // BLOCK]

    def at_s(self, moment: float) -> float:
        """Return where in the recording that moment of time.monotonic() is.

        A sample is there once its block came. Blocks come late, never early: of those around, the
        earliest for its place is the truest.
        """
        return moment - min(
            came - index * BLOCK_S
            for index, came in enumerate(self._came)
            if abs(came - moment) < AROUND_S
        )

    def _read(self) -> None:
        assert self._process.stdout is not None
        while len(block := self._process.stdout.read(4 * BLOCK)) == 4 * BLOCK:
            with self._more:
                self._came.append(time.monotonic())
                self._blocks.append(block)
                self._more.notify()
        with self._more:
            self._ended = True
            self._more.notify()
