"""Sound files as blocks of samples, whatever the format."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray

from rtvc_bridge.errors import ClipRejectedError

Blocks: TypeAlias = Iterator[tuple[NDArray[np.float32], int]]  # [n, channels] and its rate

MIN_RATE_HZ = 4_000
MAX_RATE_HZ = 768_000
_MAX_BLOCK_VALUES = 2**20
# Containers that cannot name another file or address to read (a playlist could).
_FFMPEG_OPTIONS = {
    "format_whitelist": "mov,mp4,m4a,aac,matroska,webm",
    "protocol_whitelist": "file",
}


class Source(Protocol):
    """A file that was opened once and looks like sound."""

    @property
    def seconds(self) -> float:
        """Length as the file states it; 0 when it does not."""

    def blocks(self, max_seconds: float) -> Blocks:
        """Yield its sound from the start, at most `max_seconds`.

        Raises:
            ClipRejectedError: If it turns out to be damaged.
        """


def opened(path: Path) -> Source:
    """Return the sound file at `path`; its content, not its extension, says how to read it.

    Raises:
        ClipRejectedError: If there is none, or it is not sound.
    """
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        msg = f"Cannot read {path}: {error.strerror}."
        raise ClipRejectedError(msg) from error
    if not start:
        msg = f"{path.name} is empty."
        raise ClipRejectedError(msg)
    return _FfmpegSource.of(path) if _needs_ffmpeg(start) else _SoundfileSource.of(path)


def _needs_ffmpeg(start: bytes) -> bool:
    mp4 = start[4:8] == b"ftyp"
    webm = start[:4] == b"\x1a\x45\xdf\xa3"
    adts = len(start) > 1 and start[0] == 0xFF and start[1] & 0xF6 == 0xF0
    return mp4 or webm or adts


def _unreadable(path: Path) -> ClipRejectedError:
    return ClipRejectedError(
        f"{path.name} is not a sound file that can be read, or it is damaged. "
        "WAV, FLAC, MP3, Ogg, Opus and M4A work."
    )


@dataclass(frozen=True, slots=True)
class _SoundfileSource:
    path: Path
    seconds: float

    @classmethod
    def of(cls, path: Path) -> "_SoundfileSource":
        try:
            info = soundfile.info(path)
        except (soundfile.SoundFileError, TypeError) as error:  # TypeError: headerless .raw
            raise _unreadable(path) from error
        if not MIN_RATE_HZ <= info.samplerate <= MAX_RATE_HZ:
            msg = f"{path.name} claims {info.samplerate} samples per second; that is not speech."
            raise ClipRejectedError(msg)
        return cls(path, info.frames / info.samplerate if info.frames < 2**53 else 0.0)

    def blocks(self, max_seconds: float) -> Blocks:
        try:
            with soundfile.SoundFile(self.path) as file:
                rate_hz, left = file.samplerate, math.ceil(max_seconds * file.samplerate)
                size = min(rate_hz, _MAX_BLOCK_VALUES // file.channels)
                while left > 0:
                    block = file.read(min(size, left), dtype="float32", always_2d=True)
                    if not len(block):
                        return
                    left -= len(block)
                    yield block, rate_hz
        except soundfile.SoundFileError as error:
            raise _unreadable(self.path) from error


@dataclass(frozen=True, slots=True)
class _FfmpegSource:
    path: Path
    seconds: float

    @classmethod
    def of(cls, path: Path) -> "_FfmpegSource":
        try:
            import av
        except ImportError as error:
            msg = f"Reading {path.name} takes one more package: pip install 'rtvc-bridge[m4a]'"
            raise ClipRejectedError(msg) from error
        try:
            with av.open(str(path), options=_FFMPEG_OPTIONS) as container:
                if not container.streams.audio:
                    raise _unreadable(path)
                return cls(path, (container.duration or 0) / av.time_base)
        except (av.FFmpegError, ValueError) as error:
            raise _unreadable(path) from error

    def blocks(self, max_seconds: float) -> Blocks:
        import av

        planar = av.AudioResampler(format="fltp")
        given_s = 0.0
        try:
            with av.open(str(self.path), options=_FFMPEG_OPTIONS) as container:
                for decoded in container.decode(audio=0):
                    for frame in planar.resample(decoded):
                        yield np.asarray(frame.to_ndarray().T, np.float32), frame.sample_rate
                        given_s += frame.samples / frame.sample_rate
                    if given_s >= max_seconds:
                        return
        except (av.FFmpegError, ValueError) as error:
            raise _unreadable(self.path) from error
