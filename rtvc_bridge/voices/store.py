"""The folder that keeps the voices, one file each."""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import filelock

from rtvc_bridge.errors import StorageError, VoiceFileError, VoiceNameError, VoiceNotFoundError
from rtvc_bridge.voices.disk import TEMPORARY_SUFFIX
from rtvc_bridge.voices.file import SUFFIX, Summary, read_summary, read_voice, write_voice
from rtvc_bridge.voices.memory import Remembered
from rtvc_bridge.voices.names import check_name, skeleton
from rtvc_bridge.voices.value import Voice

_LOCK = ".lock"
_LOCK_TIMEOUT_S = 30.0
_VOICES_REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class Damaged:
    """A file in the folder that cannot be used.

    Attributes:
        id: What `VoiceStore.delete` takes to remove it: its file name's part before the suffix.
        path: The file.
        reason: What is wrong with it.
    """

    id: str
    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What is in the folder.

    Attributes:
        voices: By name.
        damaged: Files that hold no usable voice; never fatal.
    """

    voices: tuple[Summary, ...]
    damaged: tuple[Damaged, ...]


class VoiceStore:
    """Voices by name, in one folder; safe for several processes at once.

    A file is called after the voice's id, so no name touches the file system. Whatever changes
    the folder holds an operating-system lock on it, which a crashed process gives up. Names are
    matched by `skeleton`: neither case nor look-alike letters tell two voices apart. Wherever a
    name is taken, the voice's id serves too.

    Args:
        folder: Made (mode 0700) when the first voice is added.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._summaries = Remembered(read_summary)
        self._voices = Remembered(read_voice, most=_VOICES_REMEMBERED)

    def listing(self) -> Listing:
        """Return every voice and every damaged file, from the headers alone."""
        voices, damaged = [], []
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            stem = path.name.removesuffix(SUFFIX)
            try:
                summary = self._summaries.of(path)
            except VoiceFileError as error:
                damaged.append(Damaged(stem, path, str(error)))
                continue
            if summary.id == stem:
                voices.append(summary)
            else:
                damaged.append(Damaged(stem, path, f"{path.name} holds the voice {summary.id}."))
        voices.sort(key=lambda voice: skeleton(voice.name))
        return Listing(tuple(voices), tuple(damaged))

    def names(self) -> list[str]:
        """Return the names of all usable voices, in order."""
        return [voice.name for voice in self.listing().voices]

    def summary(self, name: str) -> Summary:
        """Return what the header of the voice called `name` tells.

        Raises:
            VoiceNotFoundError: If there is none; the message names the nearest.
            VoiceNameError: If copied files left two voices of that name.
        """
        return _only(name, self.listing())

    def get(self, name: str) -> Voice:
        """Return the voice called `name`.

        Raises:
            VoiceNotFoundError: If there is none; the message names the nearest.
            VoiceFileError: If its file is damaged.
        """
        return self._voices.of(self.summary(name).path)

    def add(self, voice: Voice) -> None:
        """Keep `voice`.

        Raises:
            VoiceNameError: If the name is unfit or taken, or the voice is here already.
            StorageError: If it cannot be written; the folder is as before.
        """
        voice = replace(voice, name=check_name(voice.name))
        with self._changing():
            listing = self.listing()
            _refuse_taken(voice, listing)
            write_voice(voice, self._path(voice.id))

    def rename(self, name: str, new_name: str) -> None:
        """Call a voice `new_name`; its id stays.

        Raises:
            VoiceNotFoundError: If there is no voice called `name`.
            VoiceNameError: If the new name is unfit or another voice has it.
        """
        new_name = check_name(new_name)
        with self._changing():
            listing = self.listing()
            old = _only(name, listing)
            others = tuple(voice for voice in listing.voices if voice.id != old.id)
            voice = replace(read_voice(old.path), name=new_name)
            _refuse_taken(voice, replace(listing, voices=others))
            write_voice(voice, old.path)

    def delete(self, name: str) -> None:
        """Remove a voice, or by its id a damaged file.

        Raises:
            VoiceNotFoundError: If there is no such voice.
            StorageError: If the file cannot be removed.
        """
        with self._changing():
            listing = self.listing()
            broken = [file.path for file in listing.damaged if file.id == name]
            path = broken[0] if broken else _only(name, listing).path
            try:
                path.unlink()
            except OSError as error:
                msg = f"Cannot remove {path}: {error.strerror}."
                raise StorageError(msg) from error

    def export(self, name: str, path: Path) -> None:
        """Write a copy of a voice to `path`, which must not exist.

        Raises:
            VoiceNotFoundError: If there is no such voice.
            StorageError: If `path` exists or cannot be written.
        """
        if path.exists():
            msg = f"{path} is there already. Choose another file, or remove it first."
            raise StorageError(msg)
        write_voice(self.get(name), path)

    def import_(self, path: Path, *, name: str | None = None) -> Voice:
        """Add the voice in the file at `path`, called `name` or as the file says; return it.

        It keeps its id, so that one speaker's agreement, and its withdrawal, stay traceable.

        Raises:
            VoiceFileError: If that is not a sound voice file.
            VoiceNameError: If the name is taken, or the voice is here already.
        """
        voice = read_voice(path)
        voice = replace(voice, name=check_name(voice.name if name is None else name))
        self.add(voice)
        return voice

    def _path(self, voice_id: str) -> Path:
        return self._folder / f"{voice_id}{SUFFIX}"

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = filelock.FileLock(self._folder / _LOCK, timeout=_LOCK_TIMEOUT_S)
            lock.acquire()
        except filelock.Timeout as error:
            msg = f"Another program has been changing {self._folder} for {_LOCK_TIMEOUT_S:.0f} s."
            raise StorageError(msg) from error
        except OSError as error:
            msg = f"Cannot use the voices folder {self._folder}: {error.strerror}."
            raise StorageError(msg) from error
        try:
            self._sweep()
            yield
        finally:
            lock.release()

    def _sweep(self) -> None:
        """Remove what crashed writers left; a live one would hold the lock."""
        for leftover in self._folder.glob(f".*{TEMPORARY_SUFFIX}"):
            with suppress(OSError):
                leftover.unlink()


def _only(name: str, listing: Listing) -> Summary:
    wanted = skeleton(name)
    found = [v for v in listing.voices if v.id == name.lower() or skeleton(v.name) == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(voice.id for voice in found)
        msg = f"{len(found)} voices are called {found[0].name!r}; say which by its id: {ids}."
        raise VoiceNameError(msg)
    raise VoiceNotFoundError(_not_found(name, listing))


def _not_found(name: str, listing: Listing) -> str:
    shown = name if name.isprintable() and len(name) <= 64 else "that name"
    names = {skeleton(voice.name): voice.name for voice in listing.voices}
    close = [names[key] for key in difflib.get_close_matches(skeleton(name), names, n=3)]
    if close:
        return f"There is no voice {shown!r}. Did you mean {' or '.join(map(repr, close))}?"
    if not names:
        return f"There is no voice {shown!r}; none is enrolled yet. Run: rtvc-bridge enrol"
    return f"There is no voice {shown!r}. Run: rtvc-bridge voices"


def _refuse_taken(voice: Voice, listing: Listing) -> None:
    wanted = skeleton(voice.name)
    for other in listing.voices:
        if other.id == voice.id:
            msg = f"This voice is here already, as {other.name!r}."
            raise VoiceNameError(msg)
        if skeleton(other.name) == wanted:
            msg = f"The name {voice.name!r} is taken by the voice {other.name!r}. Choose another."
            raise VoiceNameError(msg)
    if voice.id in {file.id for file in listing.damaged}:
        msg = (
            "A damaged file has this voice's id. "
            f"Remove it first: rtvc-bridge voice delete {voice.id}"
        )
        raise VoiceNameError(msg)
