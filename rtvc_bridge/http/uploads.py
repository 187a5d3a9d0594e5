"""What clients send, in files for a while."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rtvc_bridge.errors import StorageError

_COPY_BYTES = 2**20
_SHOWN_CHARS = 60


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder for a while.

    Raises:
        StorageError: If it cannot be written.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="rtvc-bridge-") as folder:
            yield Path(folder)
    except OSError as error:
        msg = f"The upload cannot be kept: {error.strerror}."
        raise StorageError(msg) from error


def saved(upload: BinaryIO, path: Path) -> Path:
    """Return `path`, where the upload is now."""
    with path.open("wb") as out:
        while block := upload.read(_COPY_BYTES):
            out.write(block)
    return path


def shown(file_name: str) -> str:
    """Return as much of an uploaded file's name as is safe in a path, for messages."""
    kept = "".join(char for char in file_name if char.isalnum() or char in " ._-")
    return kept[-_SHOWN_CHARS:].strip(" .") or "recording"
