"""Everywhere a wanted file's bytes may come from, best first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from rtvc_bridge.stages.download import SourceError, url_chunks
from rtvc_bridge.stages.manifest import Source, Url, WantedFile
from rtvc_bridge.stages.packages import Packages, file_chunks


@dataclass(frozen=True, slots=True)
class Supply:
    """One way to get a file.

    Attributes:
        label: What a report calls it.
        read: Yields the file's bytes from an offset on; raises SourceError. Nothing is
            checked: whoever reads compares the hash.
    """

    label: str
    read: Callable[[int], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Reach:
    """Where this installation may look.

    Attributes:
        folder: A folder of the user's, searched by file name and by size.
        hub_url: A base address of the user's that serves files by sha256 or by name.
        offline: Whether the network is forbidden.
    """

    folder: Path | None = None
    hub_url: str | None = None
    offline: bool = False


def supplies(file: WantedFile, reach: Reach, packages: Packages) -> Iterator[Supply]:
    """Yield every way to get `file`: the user's folder, the user's hub, the manifest's sources."""
    if reach.folder:
        yield from _folder_supplies(file, reach.folder)
    if reach.offline:
        yield Supply("the network", _forbidden)
        return
    if reach.hub_url:
        for name in (file.sha256, PurePosixPath(file.path).name):
            url = f"{reach.hub_url.rstrip('/')}/{name}"
            yield Supply(url, partial(url_chunks, url, total=file.bytes))
    for source in file.sources:
        label = " + ".join(str(place) for place in source)
        yield Supply(label, partial(_source_chunks, source, file.bytes, packages))


def _folder_supplies(file: WantedFile, folder: Path) -> Iterator[Supply]:
    """Yield the files of the right size, those of the right name first."""
    name = PurePosixPath(file.path).name
    try:
        found = [path for path in folder.rglob("*") if path.is_file()]
        right = [path for path in found if path.stat().st_size == file.bytes]
    except OSError as error:
        yield Supply(str(folder), partial(_refuse, f"cannot be read: {error.strerror}"))
        return
    right.sort(key=lambda path: (path.name not in (name, file.sha256), path))
    if not right:
        yield Supply(str(folder), partial(_refuse, f"has no file of {file.bytes} bytes"))
    for path in right:
        yield Supply(str(path), partial(_path_chunks, path))


def _source_chunks(source: Source, total: int, packages: Packages, start: int) -> Iterator[bytes]:
    """Yield the source's places end to end, from offset `start` on."""
    for place in source:
        if isinstance(place, Url):  # the manifest has these only alone
            yield from url_chunks(place.url, start, total)
            return
        for chunk in packages.chunks(place):
            if wanted := chunk[start:]:
                yield wanted
            start = max(0, start - len(chunk))


def _path_chunks(path: Path, start: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            file.seek(start)
            yield from file_chunks(file)
    except OSError as error:
        _refuse(f"cannot be read: {error.strerror}", start)


def _refuse(reason: str, start: int) -> Iterator[bytes]:
    del start  # same signature as every reader
    raise SourceError(reason)


_forbidden = partial(_refuse, "offline, by the settings or RTVC_OFFLINE")
