"""Weights by name: found in the cache, or fetched, verified by sha256 and converted, once."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from filelock import FileLock

from rtvc_bridge import paths
from rtvc_bridge.errors import ModelError
from rtvc_bridge.stages.cache import Shelf, State, sha256_of, write_verified, writing
from rtvc_bridge.stages.download import SourceError
from rtvc_bridge.stages.manifest import Artifact, Conversion, Manifest, WantedFile
from rtvc_bridge.stages.packages import Packages
from rtvc_bridge.stages.sources import Reach, supplies

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told the artifact's name, the bytes so far and the bytes in all."""


def quiet(name: str, done_bytes: int, total_bytes: int) -> None:
    """Report no progress."""


class Library:
    """Every artifact of a manifest, in one cache folder.

    Safe for several processes at once: whoever comes second waits, and finds it done.

    Args:
        folder: The cache. May be read-only once it has what is asked of it.
        manifest: What there is.
        reach: Where else to look.
    """

    def __init__(self, folder: Path, manifest: Manifest, reach: Reach | None = None) -> None:
        self.manifest = manifest
        self._folder = folder
        self._reach = reach or Reach()

    @classmethod
    def default(cls, *, folder: str = "", hub_url: str = "", offline: bool = False) -> "Library":
        """Return this user's library, reached as said, else as RTVC_MODELS, RTVC_HUB_URL say.

        Args:
            folder: A folder of the user's, searched first.
            hub_url: Base address of a mirror.
            offline: Whether the network is forbidden; RTVC_OFFLINE forbids it too.

        Raises:
            ModelError: If the package has lost its manifest.
        """
        folder = folder or os.environ.get("RTVC_MODELS", "")
        reach = Reach(
            folder=Path(folder).expanduser() if folder else None,
            hub_url=hub_url or os.environ.get("RTVC_HUB_URL") or None,
            offline=offline or os.environ.get("RTVC_OFFLINE", "") not in ("", "0"),
        )
        return cls(paths.cache_dir() / "models", Manifest.load(), reach)

    def path(self, name: str, *, progress: Progress = quiet) -> Path:
        """Return where the artifact is: its only file, or the folder of its files.

        Fetches, verifies and converts it first if need be. Touches no network when the
        cache has it.

        Raises:
            ModelError: If there is no such artifact, or no source gives it.
            StorageError: If the cache cannot be written.
        """
        artifact = self.manifest.artifact(name)
        shelf = self._shelf(artifact)
        if self._state(artifact) is not State.PRESENT:
            with _alone(shelf.folder):
                if self._state(artifact) is not State.PRESENT:
                    self._provide(artifact, shelf, progress)
        names = _names(artifact)
        return shelf.folder / names[0] if len(names) == 1 else shelf.folder

    def state(self, name: str) -> State:
        """Return what the cache has of the artifact, trusting what was verified before.

        Raises:
            ModelError: If there is no such artifact.
            StorageError: If the cache cannot be read.
        """
        return self._state(self.manifest.artifact(name))

    def verify(self, name: str) -> State:
        """Return what the cache has of the artifact, reading every byte.

        Raises:
            ModelError: If there is no such artifact.
            StorageError: If the cache cannot be read.
        """
        return self._state(self.manifest.artifact(name), rehash=True)

    def _shelf(self, artifact: Artifact) -> Shelf:
        key = f"{artifact.name}-{artifact.digest[:12]}"
        if artifact.convert:
            source = self.manifest.artifact(artifact.convert.source)
            key = f"{artifact.name}-{source.digest[:12]}-v{artifact.convert.version}"
        return Shelf(self._folder / key)

    def _state(self, artifact: Artifact, *, rehash: bool = False) -> State:
        shelf = self._shelf(artifact)
        hashes = {file.path: file.sha256 for file in artifact.files}
        if artifact.convert:  # the hash of what was made here is known only to the stamp
            hashes = shelf.recorded()
            if artifact.convert.file not in hashes:
                return State.MISSING
        return shelf.state(hashes, rehash=rehash)

    def _provide(self, artifact: Artifact, shelf: Shelf, progress: Progress) -> None:
        if artifact.convert:
            self._convert(artifact.convert, shelf, progress, artifact.name)
        else:
            self._pull(artifact, shelf, progress, artifact.name)

    def _pull(self, artifact: Artifact, shelf: Shelf, progress: Progress, wanted: str) -> None:
        """Fetch the files that `shelf` lacks, in the name of the artifact that was `wanted`."""
        work = shelf.folder.with_name(f"{shelf.folder.name}.work")
        done = 0

        def on_bytes(count: int) -> None:
            progress(wanted, min(done + count, artifact.bytes), artifact.bytes)

        shutil.rmtree(work, ignore_errors=True)  # of a process that was killed
        try:
            for file in artifact.files:
                if shelf.state({file.path: file.sha256}) is not State.PRESENT:
                    self._fetch(file, shelf, Packages(work, on_bytes), on_bytes, wanted)
                done += file.bytes
                on_bytes(0)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _fetch(
        self,
        file: WantedFile,
        shelf: Shelf,
        packages: Packages,
        on_bytes: Callable[[int], None],
        wanted: str,
    ) -> None:
        """Get one file from the first source that gives the right bytes."""
        attempts = []
        for supply in supplies(file, self._reach, packages):
            try:
                target = shelf.folder / file.path
                write_verified(target, file.bytes, file.sha256, supply.read, on_bytes)
                shelf.stamp(file.path, file.sha256)
            except SourceError as error:
                attempts.append(f"  {supply.label}: {error}")
            else:
                return
        msg = "\n".join(
            [
                f"No source gave {file.path} ({file.bytes} bytes), which {wanted} needs:",
                *attempts,
                f"When that is mended, run: rtvc-bridge models pull {wanted}",
            ]
        )
        raise ModelError(msg)

    def _convert(self, convert: Conversion, shelf: Shelf, progress: Progress, wanted: str) -> None:
        """Make the file from its source, which is kept only if the cache had it already."""
        source = self.manifest.artifact(convert.source)
        kept = self._shelf(source)
        if self._state(source) is State.PRESENT:
            _convert_file(convert, kept.folder / source.files[0].path, shelf)
            return
        passing = Shelf(shelf.folder.with_name(f"{shelf.folder.name}.source"))
        self._pull(source, passing, progress, wanted)
        _convert_file(convert, passing.folder / source.files[0].path, shelf)
        shutil.rmtree(passing.folder, ignore_errors=True)


def _names(artifact: Artifact) -> list[str]:
    if artifact.convert:
        return [artifact.convert.file]
    return [file.path for file in artifact.files]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock against other processes; the system frees it when one dies."""
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    with writing(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _convert_file(convert: Conversion, source: Path, shelf: Shelf) -> None:
    part = shelf.folder / f"{convert.file}.part"
    try:
        with writing(shelf.folder):
            shelf.folder.mkdir(parents=True, exist_ok=True)
            _CONVERTERS[convert.by](source, part)
            part.chmod(0o644)  # others may share the cache, as they may the files fetched
            with part.open("r+b") as file:
                os.fsync(file.fileno())
            sha256 = sha256_of(part)
            part.replace(shelf.folder / convert.file)
            shelf.stamp(convert.file, sha256)
    finally:
        with suppress(OSError):  # in a folder that cannot be written there is none
            part.unlink(missing_ok=True)


def _kokoro(source: Path, target: Path) -> None:
    from rtvc_bridge.stages.convert import kokoro_safetensors

    kokoro_safetensors(source, target)


def _ge2e(source: Path, target: Path) -> None:
    from rtvc_bridge.stages.encoder import ge2e_safetensors

    ge2e_safetensors(source, target)


def _perth(source: Path, target: Path) -> None:
    from rtvc_bridge.stages.perth import perth_safetensors

    perth_safetensors(source, target)


def _distilmos(source: Path, target: Path) -> None:
    from rtvc_bridge.stages.naturalness import distilmos_safetensors

    distilmos_safetensors(source, target)


def _campplus(source: Path, target: Path) -> None:
    from rtvc_bridge.stages.campplus import campplus_safetensors

    campplus_safetensors(source, target)


# Called late, because they load torch.
_CONVERTERS: dict[str, Callable[[Path, Path], None]] = {
    "kokoro": _kokoro,
    "ge2e": _ge2e,
    "perth": _perth,
    "distilmos": _distilmos,
    "campplus": _campplus,
}
