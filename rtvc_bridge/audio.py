"""Sound as a value, and its conversion to the rates and frames that players want."""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

FRAME_MS = 20
PCM_RATE_HZ = 48_000
FRAME_BYTES = PCM_RATE_HZ * FRAME_MS // 1000 * 2 * 2  # 3840 = 960 samples, stereo, 16 bit
SILENCE = bytes(FRAME_BYTES)

FLOOR_DB = -46.0
EDGE_S = 0.03
FADE_S = 0.005


@dataclass(frozen=True, slots=True)
class Audio:
    """Mono sound.

    Attributes:
        samples: float32 [n], nominally within -1..1.
        rate_hz: Samples per second.
    """

    samples: NDArray[np.float32]
    rate_hz: int

    def __post_init__(self) -> None:
        if self.samples.dtype != np.float32 or self.samples.ndim != 1:
            msg = f"want float32 [n], got {self.samples.dtype} {list(self.samples.shape)}"
            raise TypeError(msg)
        if self.rate_hz <= 0:
            msg = f"want a rate above 0 Hz, got {self.rate_hz}"
            raise ValueError(msg)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate_hz

    def at(self, rate_hz: int) -> "Audio":
        """Return the same sound at `rate_hz` (soxr, high quality)."""
        if rate_hz == self.rate_hz:
            return self
        return Audio(soxr.resample(self.samples, self.rate_hz, rate_hz), rate_hz)


def silence(seconds: float, rate_hz: int) -> Audio:
    """Return `seconds` of digital silence."""
    return Audio(np.zeros(round(seconds * rate_hz), np.float32), rate_hz)


def joined(pieces: Iterable[Audio]) -> Audio:
    """Return the pieces, all of one rate, end to end.

    Raises:
        ValueError: If there are none, or their rates differ.
    """
    parts = list(pieces)
    rates = {part.rate_hz for part in parts}
    if len(rates) != 1:
        msg = f"want pieces of one rate, got {sorted(rates)}"
        raise ValueError(msg)
    return Audio(np.concatenate([part.samples for part in parts]), rates.pop())


def trimmed(audio: Audio) -> Audio:
    """Return the sound without near-silent ends, which start and finish in a short fade.

    Silent is under FLOOR_DB of the loudest sample. EDGE_S of quiet stays on either side, so
    that soft consonants keep their breath; the fade keeps joins from clicking.
    """
    level = np.abs(audio.samples)
    loud = np.flatnonzero(level > level.max(initial=0) * 10 ** (FLOOR_DB / 20))
    if not len(loud):
        return silence(0, audio.rate_hz)
    edge = round(EDGE_S * audio.rate_hz)
    kept = audio.samples[max(0, loud[0] - edge) : loud[-1] + edge].copy()
    ramp = np.linspace(0, 1, min(round(FADE_S * audio.rate_hz), len(kept)), dtype=np.float32)
    kept[: len(ramp)] *= ramp
    kept[len(kept) - len(ramp) :] *= ramp[::-1]
    return Audio(kept, audio.rate_hz)


class Resampler:
    """Changes the rate of a stream piece by piece, without clicks where pieces meet.

    Args:
        rate_hz: Samples per second wanted.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._stream: soxr.ResampleStream | None = None
        self._source_hz = 0

    def feed(self, audio: Audio) -> Audio:
        """Return what is ready after `audio`; a few ms may stay inside until later.

        Raises:
            ValueError: If the stream's rate changes midway.
        """
        if self._stream is None:
            self._source_hz = audio.rate_hz
            self._stream = soxr.ResampleStream(
                audio.rate_hz, self._rate_hz, 1, dtype="float32", quality="HQ"
            )
        if audio.rate_hz != self._source_hz:
            msg = f"the stream was {self._source_hz} Hz and is now {audio.rate_hz} Hz"
            raise ValueError(msg)
        return Audio(self._stream.resample_chunk(audio.samples), self._rate_hz)

    def end(self) -> Audio:
        """Return what was still inside; the next `feed` starts a new stream."""
        if self._stream is None:
            return silence(0, self._rate_hz)
        tail = self._stream.resample_chunk(np.zeros(0, np.float32), last=True)
        self._stream = None
        return Audio(tail, self._rate_hz)


def resampled(pieces: Iterable[Audio], rate_hz: int) -> Iterator[Audio]:
    """Yield the stream at `rate_hz`, piece by piece."""
    resampler = Resampler(rate_hz)
    for piece in pieces:
        yield resampler.feed(piece)
    yield resampler.end()


def to_pcm16(audio: Audio, *, channels: int = 1) -> bytes:
    """Return signed 16 bit little-endian samples, the mono sound on every channel."""
    mono = np.rint(np.clip(audio.samples, -1, 1) * 32767).astype("<i2")
    return np.repeat(mono, channels).tobytes()


def wav_header(rate_hz: int) -> bytes:
    """Return a RIFF header for 16 bit mono whose length fields say "unknown" (all ones)."""
    unknown = 0xFFFFFFFF
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate_hz, rate_hz * 2, 2, 16)
    riff = struct.pack("<4sI4s", b"RIFF", unknown, b"WAVE")
    return riff + fmt + struct.pack("<4sI", b"data", unknown)


class FrameReader:
    """Cuts a stream of Audio into 20 ms frames of 48 kHz stereo PCM without ever waiting.

    `poll` returns the next Audio, None when none is ready yet, and raises
    EOFError once the stream has ended.
    """

    def __init__(self, poll: Callable[[], Audio | None]) -> None:
        self._poll = poll
        self._resampler = Resampler(PCM_RATE_HZ)
        self._pcm = bytearray()
        self._ended = False

    def read(self) -> bytes:
        """Return FRAME_BYTES of sound; silence when starved; b"" at the end."""
        while len(self._pcm) < FRAME_BYTES and not self._ended:
            try:
                audio = self._poll()
            except EOFError:
                self._ended = True
                self._pcm += to_pcm16(self._resampler.end(), channels=2)
                break
            if audio is None:
                return SILENCE
            self._pcm += to_pcm16(self._resampler.feed(audio), channels=2)
        frame = bytes(self._pcm[:FRAME_BYTES])
        del self._pcm[:FRAME_BYTES]
        return frame.ljust(FRAME_BYTES, b"\0") if frame else b""
