"""Where spoken sound goes: a file, standard output, or the loudspeaker."""

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import soundfile

from rtvc_bridge.audio import Audio, to_pcm16, wav_header
from rtvc_bridge.errors import DeviceError, StorageError, UserError
from rtvc_bridge.safety import tags
from rtvc_bridge.safety.disclosure import Label
from rtvc_bridge.soundcard import sounddevice

FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
ELSEWHERE = "`--out FILE.wav` writes a file instead."
_BLOCK = 24_000  # libsndfile's Vorbis encoder overflows its stack on very long single writes


class Sink(Protocol):
    """Takes sound in order."""

    def write(self, audio: Audio) -> None:
        """Take the next piece."""


class FileSink:
    """A sound file in the format that its ending names; it appears whole or not at all.

    Args:
        path: Where it appears.
        label: Goes into its metadata.
    """

    def __init__(self, path: Path, label: Label) -> None:
        if path.suffix.lower() not in FORMATS:
            known = ", ".join(FORMATS)
            raise UserError(f"{path.name}: the ending must be one of {known}, or - for stdout.")
        self._path = path
        self._label = label
        self._mp3 = path.suffix.lower() == ".mp3"
        self._temp = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
        self._file: soundfile.SoundFile | None = None

    def write(self, audio: Audio) -> None:
        """Append `audio`; the first piece sets the file's rate."""
        try:
            if self._file is None:
                kind, subtype = FORMATS[self._path.suffix.lower()]
                self._file = soundfile.SoundFile(
                    self._temp, "w", audio.rate_hz, 1, subtype=subtype, format=kind
                )
                if not self._mp3:
                    tags.put(self._file, self._label)
            for start in range(0, len(audio.samples), _BLOCK):
                self._file.write(audio.samples[start : start + _BLOCK])
        except (OSError, soundfile.SoundFileError) as error:
            raise StorageError(f"{self._path} cannot be written: {error}") from error

    def finish(self) -> None:
        """Close the file and give it its name."""
        if self._file is None:
            return
        try:
            self._file.close()
            if self._mp3:
                self._temp.write_bytes(tags.id3(self._label) + self._temp.read_bytes())
            self._temp.replace(self._path)
        except (OSError, soundfile.SoundFileError) as error:
            raise StorageError(f"{self._path} cannot be written: {error}") from error

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._file is not None:
            self._file.close()
        self._temp.unlink(missing_ok=True)


class Kept:
    """Memory: what was spoken, piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[Audio] = []

    def write(self, audio: Audio) -> None:
        """Keep `audio`."""
        self.pieces.append(audio)


class StdoutSink:
    """A WAV stream on standard output; its header gives no length, as for any live stream.

    Args:
        label: Goes into its metadata.
    """

    def __init__(self, label: Label) -> None:
        self._label = label
        self._out = sys.stdout.buffer
        self._started = False

    def write(self, audio: Audio) -> None:
        """Send `audio` on at once."""
        if not self._started:
            self._out.write(tags.labelled_wav_header(wav_header(audio.rate_hz), self._label))
            self._started = True
        self._out.write(to_pcm16(audio))
        self._out.flush()


class SpeakerSink:
    """The default sound output, through sounddevice."""

    def __init__(self) -> None:
        try:
            self._device = sounddevice()
        except DeviceError as error:
            raise DeviceError(f"{error} {ELSEWHERE}") from error
        self._stream: Any = None

    def write(self, audio: Audio) -> None:
        """Play `audio`; returns when the device has taken it."""
        try:
            if self._stream is None:
                self._stream = self._device.OutputStream(
                    samplerate=audio.rate_hz, channels=1, dtype="float32"
                )
                self._stream.start()
            self._stream.write(audio.samples)
        except self._device.PortAudioError as error:
            raise DeviceError(f"The sound output refuses: {error}. {ELSEWHERE}") from error

    def close(self) -> None:
        """Let the last sound end, then give the device back."""
        if self._stream is not None:
            self._stream.stop()
            self._stream.close()


@contextmanager
def opened(out: Path | None, *, play: bool, voice: str) -> Iterator[list[Sink]]:
    """Give the sinks asked for; a file is kept only if the block ends well.

    Args:
        out: The file, - for standard output, None for neither.
        play: Whether it is played too.
        voice: Name of the voice, for the metadata; "" if it has none.
    """
    label = Label.today(voice)
    sinks: list[Sink] = []
    file = speaker = None
    if out is not None and str(out) == "-":
        sinks.append(StdoutSink(label))
    elif out is not None:
        file = FileSink(out, label)
        sinks.append(file)
    if play or out is None:
        speaker = SpeakerSink()
        sinks.append(speaker)
    try:
        yield sinks
        if file is not None:
            file.finish()
    finally:
        if file is not None:
            file.abandon()
        if speaker is not None:
            speaker.close()
