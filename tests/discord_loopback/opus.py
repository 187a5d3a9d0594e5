"""An Opus decoder of its own on libopus, so that the far end does not share the bot's."""

import ctypes
import ctypes.util
from functools import cache

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000
SILENCE_FRAME = b"\xf8\xff\xfe"
_LONGEST = 5760  # samples of a 120 ms packet, the longest that Opus allows


@cache
def library() -> ctypes.CDLL:
    """Return libopus; found once, because the search for it starts a process.

    Raises:
        RuntimeError: If it is not installed.
    """
    name = ctypes.util.find_library("opus")
    if name is None:
        msg = "libopus is missing; on Debian and Ubuntu: apt install libopus0"
        raise RuntimeError(msg)
    found = ctypes.CDLL(name)
    found.opus_decoder_create.restype = ctypes.c_void_p
    found.opus_decoder_destroy.argtypes = [ctypes.c_void_p]
    found.opus_decode_float.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_float),
        ctypes.c_int,
        ctypes.c_int,
    ]
    return found


class Decoder:
    """Decodes one stream of stereo packets at 48 kHz; it remembers from packet to packet."""

    def __init__(self) -> None:
        self._library = library()
        error = ctypes.c_int()
        self._state = self._library.opus_decoder_create(RATE_HZ, 2, ctypes.byref(error))
        if error.value:
            msg = f"opus_decoder_create gave {error.value}"
            raise RuntimeError(msg)

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._library.opus_decoder_destroy(self._state)

    def decode(self, packet: bytes) -> NDArray[np.float32]:
        """Return float32 [samples], both channels mixed to one.

        Raises:
            ValueError: If it is not an Opus packet.
        """
        out = np.empty((_LONGEST, 2), np.float32)
        pointer = out.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        count = self._library.opus_decode_float(
            self._state, packet, len(packet), pointer, _LONGEST, 0
        )
        if count < 0:
            msg = f"opus_decode gave {count} for {len(packet)} bytes"
            raise ValueError(msg)
        mono: NDArray[np.float32] = out[:count].mean(axis=1, dtype=np.float32)
        return mono
