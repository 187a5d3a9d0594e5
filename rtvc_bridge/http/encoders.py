"""Speech as bytes, piece by piece, in the formats that players know."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import soundfile

from rtvc_bridge.audio import Audio, Resampler, to_pcm16, wav_header
from rtvc_bridge.safety import tags
from rtvc_bridge.safety.disclosure import Label

RATE_HZ = 24_000


class Format(StrEnum):
    """What `response_format` may be."""

    WAV = "wav"
    PCM = "pcm"
    FLAC = "flac"
    OPUS = "opus"
    MP3 = "mp3"


MEDIA_TYPES = {
    Format.WAV: "audio/wav",
    Format.PCM: "audio/pcm",
    Format.FLAC: "audio/flac",
    Format.OPUS: "audio/ogg",
    Format.MP3: "audio/mpeg",
}


class Encoder(Protocol):
    """Takes sound in order and gives bytes in order. For one thread."""

    def feed(self, audio: Audio) -> bytes:
        """Return what is ready after `audio`; may be nothing yet."""

    def finish(self) -> bytes:
        """Return what was still inside."""

    def close(self) -> None:
        """Give up; does nothing after `finish`."""


def encoder(kind: Format, label: Label) -> Encoder:
    """Return a new encoder: mono, RATE_HZ, 16 bit where that means something.

    Args:
        kind: The format.
        label: Goes into the metadata; PCM has none.
    """
    if kind is Format.PCM:
        return _AtRate(_Pcm(b""))
    if kind is Format.WAV:
        return _AtRate(_Pcm(tags.labelled_wav_header(wav_header(RATE_HZ), label)))
    return _AtRate(_Packed(kind, label))


class _AtRate:
    """Brings sound to RATE_HZ first."""

    def __init__(self, inner: Encoder) -> None:
        self._inner = inner
        self._resampler: Resampler | None = None

    def feed(self, audio: Audio) -> bytes:
        if audio.rate_hz == RATE_HZ:
            return self._inner.feed(audio)
        if self._resampler is None:
            self._resampler = Resampler(RATE_HZ)
        return self._inner.feed(self._resampler.feed(audio))

    def finish(self) -> bytes:
        tail = self._inner.feed(self._resampler.end()) if self._resampler else b""
        return tail + self._inner.finish()

    def close(self) -> None:
        self._inner.close()


class _Pcm:
    """Plain samples after a header."""

    def __init__(self, header: bytes) -> None:
        self._header = header

    def feed(self, audio: Audio) -> bytes:
        header, self._header = self._header, b""
        return header + to_pcm16(audio)

    def finish(self) -> bytes:
        return self._header

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class _Packing:
    container: str
    codec: str
    options: dict[str, object]
    filler_frame: bool = False


# MP3 at a constant 64 kbit/s: the length of a variable stream stands in a first frame that can
# be written only at the end, and without it players guess wrong.
_PACKINGS = {
    Format.FLAC: _Packing("FLAC", "PCM_16", {}),
    Format.OPUS: _Packing("OGG", "OPUS", {}),
    Format.MP3: _Packing(
        "MP3",
        "MPEG_LAYER_III",
        {"bitrate_mode": "CONSTANT", "compression_level": 0.6},
        filler_frame=True,
    ),
}


class _Packed:
    """libsndfile's encoders, writing to something that cannot be rewound."""

    def __init__(self, kind: Format, label: Label) -> None:
        packing = _PACKINGS[kind]
        self._outlet = _Outlet()
        self._start = b""
        self._filler_frame = packing.filler_frame
        self._file = soundfile.SoundFile(
            self._outlet,
            "w",
            RATE_HZ,
            1,
            subtype=packing.codec,
            format=packing.container,
            **packing.options,
        )
        if kind is Format.MP3:
            self._start = tags.id3(label)
        else:
            tags.put(self._file, label)

    def feed(self, audio: Audio) -> bytes:
        self._file.write(audio.samples)
        return self._taken()

    def finish(self) -> bytes:
        self._file.close()
        return self._taken()

    def close(self) -> None:
        self._file.close()

    def _taken(self) -> bytes:
        if self._filler_frame:  # a header of four bytes, then zeros; the next starts with 0xFF
            start = self._outlet.find(b"\xff", 2)
            if start < 0:
                return b""
            self._outlet.take(start)
            self._filler_frame = False
        data = self._outlet.take()
        if data:
            data, self._start = self._start + data, b""
        return data


class _Outlet:
    """A file that keeps what is appended until it is taken, and drops what would rewrite it.

    At the end, encoders write the length into the header. In a stream that is long gone, and
    the header goes on saying that the length is unknown.
    """

    def __init__(self) -> None:
        self._position = 0
        self._size = 0
        self._fresh = bytearray()

    def find(self, wanted: bytes, start: int) -> int:
        """Return where `wanted` is in what was not taken yet, -1 if it is not."""
        return self._fresh.find(wanted, start)

    def take(self, count: int | None = None) -> bytes:
        """Return the next `count` bytes that were not taken yet, or all of them."""
        data = bytes(self._fresh[:count])
        del self._fresh[:count]
        return data

    def write(self, data: bytes) -> int:
        data = bytes(data)
        if self._position == self._size:
            self._fresh += data
            self._size += len(data)
        self._position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = offset + (0, self._position, self._size)[whence]
        return self._position

    def tell(self) -> int:
        return self._position
