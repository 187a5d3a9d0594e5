"""What `rtvc-bridge mic ...` does: make the microphone, take it away, look at it, try it."""

import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import numpy as np

from rtvc_bridge.audio import PCM_RATE_HZ
from rtvc_bridge.errors import DeviceError
from rtvc_virtualmic import devices
from rtvc_virtualmic.backend import Format
from rtvc_virtualmic.backends import Factory, candidates, first_that
from rtvc_virtualmic.control import START_SERVER, pulsectl_control
from rtvc_virtualmic.mic import VirtualMic
from rtvc_virtualmic.pacat import pactl_control
from rtvc_virtualmic.report import PAUSE_S, SWEEP_S, TONE_S, Report, judged, probe
from rtvc_virtualmic.server import Connect

PROBE_S = SWEEP_S + PAUSE_S + TONE_S
BLOCK_S = 0.01
PATIENCE_S = 10.0
_PROGRAM = "rtvc-bridge mic test"


@dataclass(frozen=True, slots=True)
class Status:
    """How the microphone is.

    Attributes:
        device: What to pick in the other program.
        present: Whether it is there.
        is_default_input: Whether programs take it without being told to.
        is_default_output: Whether every program's sound goes into it.
        listeners: Who records from it; None where that cannot be known.
    """

    device: str
    present: bool
    is_default_input: bool
    is_default_output: bool
    listeners: tuple[str, ...] | None


def install(device: str | None = None) -> str:
    """Make the device if it is missing, and return what to pick in the other program.

    Raises:
        DeviceError: If that cannot be; on Windows and macOS the message says which cables suit.
    """
    form = Format(PCM_RATE_HZ, 1)

    def made(factory: Factory) -> str:
        backend = factory(device, form)
        backend.open(100).close()
        return backend.device

    return first_that(candidates(None), made)


def remove(device: str | None = None, *, force: bool = False) -> bool:
    """Take the device away; return whether it was there.

    Raises:
        DeviceError: If somebody listens and `force` is not set, or the system's cable is not
            ours to remove.
    """
    with _connect()() as control:
        return devices.remove(control, devices.named(device), force=force)


def status(device: str | None = None) -> Status:
    """Return how the device is.

    Raises:
        DeviceError: If the sound server does not answer.
    """
    if sys.platform != "linux":
        found = install(device)
        return Status(
            device=found,
            present=True,
            is_default_input=False,
            is_default_output=False,
            listeners=None,
        )
    names = devices.named(device)
    with _connect()() as control:
        sink, source = control.defaults()
        return Status(
            device=names.shown,
            present=names.sink in control.sinks() and names.source in control.sources(),
            is_default_input=source == names.source,
            is_default_output=sink == names.sink,
            listeners=tuple(each.program for each in devices.listeners(control, names)),
        )


def round_trip(device: str | None = None, backend: str | None = None) -> Report:
    """Send a probe through the microphone, record it back and return how it came through.

    Raises:
        DeviceError: If there is no microphone, or it cannot be recorded from here.
    """
    names = devices.named(device)
    if sys.platform != "linux":
        raise DeviceError(
            "The test records from the microphone with parec, which this system lacks. Record in "
            "the other program instead."
        )
    with VirtualMic(device=device, backend=backend) as mic:
        recorder = Recorder(names.source)
        try:
            recorder.wait_for(0.5)
            sent_at = time.monotonic()
            mic.send(probe(PCM_RATE_HZ), PCM_RATE_HZ)
            recorder.wait_for(PROBE_S + 1.0)
            others = tuple(each for each in mic.listeners() or () if each != _PROGRAM)
        finally:
            recorder.close()
        sound = recorder.sound()
        return judged(sound, PCM_RATE_HZ, sent_at_s=recorder.at_s(sent_at), listeners=others)


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
            f"--client-name={_PROGRAM}",
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
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="rtvc-mic-test", daemon=True)
        self._thread.start()

    def wait_for(self, seconds: float) -> None:
        """Return once that much more was recorded.

        Raises:
            DeviceError: If nothing comes.
        """
        with self._more:
            wanted = len(self._blocks) + round(seconds / BLOCK_S)
            if not self._more.wait_for(
                lambda: len(self._blocks) >= wanted, timeout=seconds + PATIENCE_S
            ):
                raise DeviceError(f"Nothing can be recorded from the microphone. {START_SERVER}")

    def close(self) -> None:
        """End the recording."""
        self._process.kill()
        self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def sound(self) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """Return what was recorded, float32 [n]."""
        return np.frombuffer(b"".join(self._blocks), "<f4").astype(np.float32)

    def at_s(self, moment: float) -> float:
        """Return where in the recording that moment of time.monotonic() is.

        Blocks come late, never early: the earliest arrival for its place is the truest.
        """
        starts = [came - (index + 1) * BLOCK_S for index, came in enumerate(self._came)]
        return moment - min(starts)

    def _read(self) -> None:
        assert self._process.stdout is not None
        size = 4 * round(BLOCK_S * PCM_RATE_HZ)
        while len(block := self._process.stdout.read(size)) == size:
            with self._more:
                self._blocks.append(block)
                self._came.append(time.monotonic())
                self._more.notify()


def _connect() -> Connect:
    """Return what connects to the sound server: pulsectl, or pactl where that is missing."""
    if sys.platform != "linux":
        raise DeviceError("The microphone is a cable here: its maker's uninstaller removes it.")
    try:
        import pulsectl  # noqa: F401 - only whether it can be used
    except (ImportError, OSError):
        return pactl_control
    return pulsectl_control
