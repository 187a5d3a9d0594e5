"""A folder of files that are whole or absent: written aside, verified, then renamed into place."""

import errno
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from pydantic import TypeAdapter

from rtvc_bridge.errors import StorageError
from rtvc_bridge.stages.download import SourceError

_STAMP = ".verified.json"
_Entry: TypeAlias = tuple[int, int, str]  # size in bytes, mtime in ns, sha256
_STAMP_FORMAT = TypeAdapter(dict[str, _Entry])
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class State(StrEnum):
    """What the cache has of an artifact."""

    PRESENT = "present"
    MISSING = "missing"
    DAMAGED = "damaged"


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what the system says against writing in `folder` into words.

    Raises:
        StorageError: Instead of any OSError.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            msg = f"The disk that holds {folder} is full; free some space and try again."
        else:
            msg = f"{folder} cannot be written: {error.strerror or error}."
        raise StorageError(msg) from error


def sha256_of(path: Path) -> str:
    """Return the file's sha256, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Shelf:
    """The files of one artifact in one folder.

    A stamp file remembers size, time and hash of what was verified, so that looking again
    costs no reading: a file that changed since is hashed again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def state(self, hashes: Mapping[str, str], *, rehash: bool = False) -> State:
        """Return what the folder has of the files `hashes` names.

        Args:
            hashes: sha256 by path.
            rehash: Whether to read every byte instead of trusting the stamp.

        Raises:
            StorageError: If a file cannot be read.
        """
        try:
            if not all((self.folder / path).is_file() for path in hashes):
                return State.MISSING
            good = all(self._good(path, sha256, rehash) for path, sha256 in hashes.items())
        except OSError as error:
            msg = f"{error.filename} cannot be read: {error.strerror}."
            raise StorageError(msg) from error
        return State.PRESENT if good else State.DAMAGED

    def recorded(self) -> dict[str, str]:
        """Return the hashes that the stamp holds, by path."""
        return {path: entry[2] for path, entry in self._stamp().items()}

    def stamp(self, path: str, sha256: str) -> None:
        """Remember that the file now has that hash.

        Raises:
            StorageError: If the folder cannot be written.
        """
        stamp = {**self._stamp(), path: self._entry(path, sha256)}
        aside = self.folder / f"{_STAMP}.{os.getpid()}.{threading.get_ident()}"
        try:
            with writing(self.folder):
                aside.write_text(json.dumps(stamp), "utf-8")
                aside.replace(self.folder / _STAMP)
        except StorageError:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            raise

    def _good(self, path: str, sha256: str, rehash: bool) -> bool:  # noqa: FBT001 - private
        if not rehash and self._stamp().get(path) == self._entry(path, sha256):
            return True
        if sha256_of(self.folder / path) != sha256:
            with suppress(OSError):  # or what trusts the stamp would go on trusting it
                (self.folder / _STAMP).unlink(missing_ok=True)
            return False
        with suppress(StorageError):  # a read-only cache is hashed each time instead
            self.stamp(path, sha256)
        return True

    def _entry(self, path: str, sha256: str) -> _Entry:
        status = (self.folder / path).stat()
        return (status.st_size, status.st_mtime_ns, sha256)

    def _stamp(self) -> dict[str, _Entry]:
        try:
            return _STAMP_FORMAT.validate_json((self.folder / _STAMP).read_bytes())
        except (OSError, ValueError):  # none, or not ours: verify again
            return {}


def write_verified(
    target: Path,
    size_bytes: int,
    sha256: str,
    read: Callable[[int], Iterator[bytes]],
    on_bytes: Callable[[int], None],
) -> None:
    """Put the bytes that `read` gives at `target`, if they have that size and hash.

    What a cut connection left is gone on with, by this call or a later one.

    Raises:
        SourceError: If the bytes are too few or the wrong ones.
        StorageError: If they cannot be written; nothing is left then.
    """
    part = target.with_name(f"{target.name}.{sha256[:12]}.part")
    try:
        with writing(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
            part.touch()
            # Wrong bytes after going on with older ones are asked for once more from the start.
            tries = 2 if part.stat().st_size else 1
            for _ in range(tries):
                if _append(part, size_bytes, read, on_bytes) == sha256:
                    part.replace(target)
                    return
                part.unlink()
    except StorageError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    except SourceError:
        if not part.stat().st_size:
            part.unlink()
        raise
    msg = "gave other bytes than wanted (the sha256 differs)"
    raise SourceError(msg)


def _append(
    part: Path,
    size_bytes: int,
    read: Callable[[int], Iterator[bytes]],
    on_bytes: Callable[[int], None],
) -> str:
    """Fill `part` up to `size_bytes`; return its sha256, or "" if there is more than that."""
    with part.open("a+b") as file:
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256")
        done = file.tell()
        for chunk in read(done) if done < size_bytes else ():
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            on_bytes(done)
            if done > size_bytes:
                break
        file.flush()
        os.fsync(file.fileno())
    if done < size_bytes:
        msg = f"ended after {done} of {size_bytes} bytes"
        raise SourceError(msg)
    return digest.hexdigest() if done == size_bytes else ""
