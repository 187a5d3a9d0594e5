"""Where and in which precision the networks run."""

import ctypes
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
import torch

from rtvc_bridge.errors import DeviceError

LOOK_S = 0.25
"""The system counts in hundredths of a second: a shorter look would be mostly rounding."""
DEVICE_VARIABLE = "RTVC_DEVICE"


@dataclass(frozen=True, slots=True)
class Compute:
    """A processor, and the number format that it multiplies fast.

    Attributes:
        device: For example torch.device("cpu").
        dtype: torch.float32, or torch.bfloat16 under autocast; weights stay float32.
    """

    device: torch.device
    dtype: torch.dtype = torch.float32

    def autocast(self) -> torch.autocast:
        """Return the context in which to run a network's forward pass."""
        enabled = self.dtype != torch.float32
        return torch.autocast(self.device.type, self.dtype, enabled=enabled)


def choose_compute(device: str | None = None) -> Compute:
    """Return `device`, else what RTVC_DEVICE names, else the fastest one present.

    Raises:
        DeviceError: If the named device is unknown or not present.
    """
    name = device or os.environ.get(DEVICE_VARIABLE) or _fastest()
    try:
        chosen = torch.device(name)
        torch.empty(1, device=chosen)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        # torch says AssertionError when it was built without CUDA
        raise DeviceError(
            f'The device "{name}" cannot be used: {_first_line(error)}. '
            f"Unset {DEVICE_VARIABLE} or set it to cpu, cuda or mps."
        ) from error
    return Compute(chosen, _dtype(chosen))


@dataclass(frozen=True, slots=True)
class CpuUse:
    """Processor seconds spent until a moment: of wall time, by everybody, by this process."""

    wall_s: float
    everybody_s: float
    own_s: float

    @classmethod
    def now(cls) -> "CpuUse":
        """Read the system's counters."""
        own, machine = psutil.Process().cpu_times(), psutil.cpu_times()
        idle = machine.idle + getattr(machine, "iowait", 0.0)
        return cls(time.monotonic(), sum(machine) - idle, own.user + own.system)

    def cores_of_others(self, earlier: "CpuUse") -> float:
        """Return how many cores other programs kept busy since `earlier`."""
        others_s = (self.everybody_s - earlier.everybody_s) - (self.own_s - earlier.own_s)
        return max(0.0, others_s / (self.wall_s - earlier.wall_s))


class Threads:
    """Keeps torch's threads off the cores that other programs need.

    Torch's threads wait for each other by spinning, and one that has lost its core to a game
    or OBS makes all others wait: with one of two cores taken, the vocoder took 2.9 s on two
    threads and 1.8 s on one for 3.2 s of sound; with both free 1.2 s on two.

    Args:
        most: Threads when nobody else computes.
        look: Tells the use of the processor.
    """

    def __init__(self, most: int, *, look: Callable[[], CpuUse] = CpuUse.now) -> None:
        self._most = most
        self._look = look
        self._seen = look()

    def adapt(self) -> None:
        """Set torch's threads to what others left free since the last look."""
        now = self._look()
        if now.wall_s - self._seen.wall_s < LOOK_S:
            return
        taken = round(now.cores_of_others(self._seen))
        self._seen = now
        torch.set_num_threads(max(1, self._most - taken))


def give_back_memory() -> None:
    """Return freed memory to the system, where the C library keeps it (glibc).

    Clauses differ in length, so what one frees seldom fits the next: without this a worker
    grew by 220 MB over 25 clauses. Costs page faults: 2.3 s of system time instead of 1.3 s
    while 28 s of sound were made, and no longer by the clock.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def _fastest() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _dtype(device: torch.device) -> torch.dtype:
    """Return bfloat16 only where the processor has instructions for it."""
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device.type == "cpu":
        # The plain question has no public name yet (torch 2.13).
        fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    else:
        fast = False
    return torch.bfloat16 if fast else torch.float32


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
