"""A label in the metadata of sound files: RIFF INFO, Vorbis comments, ID3.

libsndfile writes Vorbis comments, and RIFF INFO where it writes the file. A WAV stream's header
is ours, and so is ID3: libsndfile's is version 2.3 in Latin-1, which most names do not fit.
"""

import struct
from typing import Any

from rtvc_bridge.safety.disclosure import SOFTWARE, Label

_UTF_8 = b"\x03"
_NO_DESCRIPTION = b"eng\0"


def put(file: Any, label: Label) -> None:  # noqa: ANN401 - soundfile.SoundFile has no types
    """Write the label into a WAV, FLAC or Ogg file that has no sound yet."""
    file.title = label.title
    file.artist = label.artist
    file.comment = label.comment
    file.software = SOFTWARE
    file.date = label.made_on.isoformat()


def labelled_wav_header(header: bytes, label: Label) -> bytes:
    """Return the header of a WAV stream with the label in it, as a LIST chunk before the data.

    Args:
        header: Ends with the data chunk's own header, 8 bytes.
        label: What the stream says of itself.
    """
    facts = (
        (b"INAM", label.title),
        (b"IART", label.artist),
        (b"ICMT", label.comment),
        (b"ISFT", SOFTWARE),
        (b"ICRD", label.made_on.isoformat()),
    )
    info = b"INFO" + b"".join(_info(name, words) for name, words in facts)
    return header[:-8] + _chunk(b"LIST", info) + header[-8:]


def id3(label: Label) -> bytes:
    """Return the label as an ID3 tag, version 2.4 in UTF-8, to stand before an MP3 stream."""
    frames = b"".join(
        (
            _frame(b"TIT2", b"", label.title),
            _frame(b"TPE1", b"", label.artist),
            _frame(b"COMM", _NO_DESCRIPTION, label.comment),
            _frame(b"TSSE", b"", SOFTWARE),
            _frame(b"TDRC", b"", label.made_on.isoformat()),
        )
    )
    return b"ID3\x04\x00\x00" + _synchsafe(len(frames)) + frames


def _info(name: bytes, words: str) -> bytes:
    return _chunk(name, words.encode() + b"\0")


def _chunk(name: bytes, content: bytes) -> bytes:
    """A RIFF chunk, padded to an even length that its size does not count."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _frame(name: bytes, before: bytes, words: str) -> bytes:
    content = _UTF_8 + before + words.encode()
    return name + _synchsafe(len(content)) + b"\0\0" + content


def _synchsafe(size: int) -> bytes:
    """Four bytes of seven bits each, so that no size looks like the start of an MP3 frame."""
    return bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
