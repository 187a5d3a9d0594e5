"""Files that are written whole or not at all, for their owner's eyes only."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from rtvc_bridge.errors import StorageError

TEMPORARY_SUFFIX = ".tmp"
_BLOCK_BYTES = 2**20


def write_bytes(content: bytes, path: Path) -> None:
    """Put `content` at `path`, mode 0600: all of it, or what was there stays.

    Raises:
        StorageError: If the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}{TEMPORARY_SUFFIX}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        msg = f"Cannot write {path}: {error.strerror}. Nothing was changed."
        raise StorageError(msg) from error
    _sync_folder(path.parent)


def destroy(path: Path) -> None:
    """Remove the file at `path` after overwriting what is in it.

    The overwriting reaches the old bytes where the file system writes in place (ext4, NTFS,
    APFS without snapshots do not promise it on flash memory; copy-on-write ones such as Btrfs
    keep them until they are reused).

    Raises:
        StorageError: If it cannot be removed.
    """
    try:
        with suppress(PermissionError), path.open("r+b", buffering=0) as file:
            left = file.seek(0, os.SEEK_END)
            file.seek(0)
            while left > 0:
                left -= file.write(bytes(min(left, _BLOCK_BYTES)))
            os.fsync(file.fileno())
        path.unlink()
    except OSError as error:
        msg = f"Cannot remove {path}: {error.strerror}."
        raise StorageError(msg) from error
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut, where folders can be synced (not Windows)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
