"""Where and in which precision the networks run."""

import ctypes
import os
from dataclasses import dataclass

import torch

from rtvc_bridge.errors import DeviceError

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


def give_back_memory() -> None:
    """Return freed memory to the system, where the C library keeps it (glibc).

    Clauses differ in length, so what one frees seldom fits the next: without this a worker
    grew by 220 MB over 25 clauses. Takes about a millisecond.
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
