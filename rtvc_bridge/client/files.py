"""Files that go to the daemon or come from it, refused in the words of the voice store."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from rtvc_bridge.client.wire import sendable
from rtvc_bridge.errors import ClipRejectedError, StorageError, VoiceFileError

Upload = tuple[str, BinaryIO]
"""A file's name, and the file, open."""

_BINARY = getattr(os, "O_BINARY", 0)  # Windows


@contextmanager
def opened_clips(paths: Sequence[Path]) -> Iterator[list[Upload]]:
    """Give the recordings, open.

    Raises:
        ClipRejectedError: If one cannot be opened.
    """
    with ExitStack() as stack:
        clips: list[Upload] = []
        for path in paths:
            try:
                clips.append((sendable(path.name), stack.enter_context(path.open("rb"))))
            except OSError as error:
                msg = f"Cannot read {path}: {error.strerror}."
                raise ClipRejectedError(msg) from error
        yield clips


@contextmanager
def opened_recording(path: Path | None) -> Iterator[list[tuple[str, Upload]]]:
    """Give the recording of a sentence as the form's uploads: none without one.

    Raises:
        ClipRejectedError: If it cannot be opened.
    """
    with opened_clips([] if path is None else [path]) as opened:
        yield [("consent_recording", recording) for recording in opened]


@contextmanager
def opened_voice(path: Path) -> Iterator[Upload]:
    """Give the voice file, open.

    Raises:
        VoiceFileError: If it cannot be opened.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        msg = f"Cannot read the voice file {path.name}: {error.strerror}."
        raise VoiceFileError(msg) from error
    with file:
        yield sendable(path.name), file


def check_free(path: Path) -> None:
    """Pass if nothing is at `path`.

    Raises:
        StorageError: If something is.
    """
    if path.exists():
        msg = f"{path} is there already. Choose another file, or remove it first."
        raise StorageError(msg)


def keep(content: bytes, path: Path) -> None:
    """Put `content` at `path`, where nothing is, mode 0600.

    Raises:
        StorageError: If it cannot be written; nothing is left behind.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
    except OSError as error:
        raise _unwritten(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _unwritten(path, error) from error


def _unwritten(path: Path, error: OSError) -> StorageError:
    return StorageError(f"Cannot write {path}: {error.strerror}. Nothing was changed.")
