"""Sound, cut out of a stream of bytes."""

from collections.abc import Iterable, Iterator

import numpy as np

from rtvc_bridge.audio import Audio

SPEECH_RATE_HZ = 24_000
"""Of `response_format: pcm`, as OpenAI defines it."""


def pcm_audio(pieces: Iterable[bytes]) -> Iterator[Audio]:
    """Yield 16 bit little-endian mono PCM as Audio, wherever the pieces were cut."""
    left = b""
    for piece in pieces:
        left += piece
        whole = len(left) - len(left) % 2
        if whole:
            levels = np.frombuffer(left[:whole], "<i2")
            yield Audio(levels.astype(np.float32) / np.float32(32767), SPEECH_RATE_HZ)
        left = left[whole:]
