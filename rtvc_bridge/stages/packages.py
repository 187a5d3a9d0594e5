"""Files inside wheels and npm tarballs, taken out without importing or running the package."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, NoReturn

from rtvc_bridge.errors import StorageError
from rtvc_bridge.stages.download import CHUNK_BYTES, SourceError
from rtvc_bridge.stages.manifest import Npm, Wheel

_POLL_S = 0.2
_DISK_FULL = ("Errno 28", "No space left", "ENOSPC", "Disk quota exceeded", "Errno 27")


class Packages:
    """Packages fetched during one pull, each at most once.

    Args:
        work: Folder for them and for the fetching program's temporary files; made when
            needed, and the caller's to remove.
        on_bytes: Is told, a few times a second, how much of a package has come so far.
    """

    def __init__(self, work: Path, on_bytes: Callable[[int], None]) -> None:
        self._work = work
        self._on_bytes = on_bytes

    def chunks(self, place: Wheel | Npm) -> Iterator[bytes]:
        """Yield the bytes of `place`, fetching its package first.

        Raises:
            SourceError: If there is no such package or file, or it is damaged.
            StorageError: If the disk is full.
        """
        if isinstance(place, Wheel):
            yield from _zip_chunks(self._wheel(place), place.member)
        else:
            yield from _tar_chunks(self._tarball(place), place.member)

    def _wheel(self, place: Wheel) -> Path:
        command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps"]
        command += ["--only-binary", ":all:", "--no-input", "--progress-bar", "off"]
        command += ["--platform", place.platform] if place.platform else []
        if place.python:
            command += ["--python-version", place.python, "--implementation", "cp"]
        return self._fetched(place.wheel, lambda to: [*command, "--dest", to, place.wheel])

    def _tarball(self, place: Npm) -> Path:
        npm = shutil.which("npm")
        if npm is None:
            msg = "npm is not installed"
            raise SourceError(msg)
        command = [npm, "pack", place.npm, "--ignore-scripts", "--pack-destination"]
        return self._fetched(place.npm, lambda to: [*command, to])

    def _fetched(self, package: str, command: Callable[[str], list[str]]) -> Path:
        """Return the package's file, running the command that fetches it the first time."""
        folder = self._work / re.sub(r"[^A-Za-z0-9.]+", "-", package)
        ready = folder / "package"
        if not ready.is_file():
            shutil.rmtree(folder, ignore_errors=True)
            arrivals = folder / "arrivals"
            _make(arrivals)
            self._run(command(str(arrivals)), folder)
            files = [path for path in arrivals.iterdir() if path.is_file()]
            if len(files) != 1:
                msg = f"want one file, got {len(files)}"
                raise SourceError(msg)
            files[0].replace(ready)
        return ready

    def _run(self, command: list[str], folder: Path) -> None:
        """Run `command` with its temporary files in `folder`, which the caller removes."""
        places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
        log = None
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **places},
        ) as process:
            try:
                while log is None:
                    with suppress(subprocess.TimeoutExpired):
                        log = process.communicate(timeout=_POLL_S)[0]
                    self._on_bytes(_largest_bytes(folder))
            finally:
                process.kill()
        if process.returncode:
            _blame(log.decode("utf-8", "replace"), folder)


def _blame(log: str, folder: Path) -> NoReturn:
    """Raise what a failed run's output says went wrong."""
    if any(sign in log for sign in _DISK_FULL):
        msg = f"The disk that holds {folder} is full; free some space and try again."
        raise StorageError(msg)
    if "No module named pip" in log:
        msg = f"{sys.executable} has no pip; run: {sys.executable} -m ensurepip"
        raise SourceError(msg)
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    msg = (errors or lines or ["it failed without a word"])[0]
    raise SourceError(msg)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        msg = f"{folder} cannot be made: {error.strerror}."
        raise StorageError(msg) from error


def _largest_bytes(folder: Path) -> int:
    """Size of the largest file below `folder`: the package, while it is coming."""
    sizes = [0]
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # temporary files vanish under us
                sizes.append((Path(where) / name).stat().st_size)
    return max(sizes)


def _zip_chunks(archive: Path, member: str) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(member) as file:
            yield from file_chunks(file)
    except (zipfile.BadZipFile, KeyError) as error:
        msg = f"the wheel is damaged or has no {member}"
        raise SourceError(msg) from error


def _tar_chunks(archive: Path, member: str) -> Iterator[bytes]:
    try:
        with tarfile.open(archive) as opened:
            file = opened.extractfile(member)
            if file is None:
                raise KeyError(member)
            with file:
                yield from file_chunks(file)
    except (tarfile.TarError, KeyError, EOFError) as error:
        msg = f"the tarball is damaged or has no {member}"
        raise SourceError(msg) from error


def file_chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield what is left of `file`."""
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
