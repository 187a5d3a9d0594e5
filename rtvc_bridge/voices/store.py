"""The folder that keeps the voices, one file each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import filelock

from rtvc_bridge.errors import ConsentError, StorageError, VoiceFileError
from rtvc_bridge.voices.disk import TEMPORARY_SUFFIX, destroy
from rtvc_bridge.voices.file import SUFFIX, Summary, read_summary, read_voice, write_voice
from rtvc_bridge.voices.listing import Damaged, Listing, only, refuse_taken
from rtvc_bridge.voices.memory import Remembered
from rtvc_bridge.voices.names import check_name, skeleton
from rtvc_bridge.voices.tombstones import Tombstone, Tombstones
from rtvc_bridge.voices.value import Embedding, Voice

_LOCK = ".lock"
_LOCK_TIMEOUT_S = 30.0
_VOICES_REMEMBERED = 16


class VoiceStore:
    """Voices by name, in one folder; safe for several processes at once.

    A file is called after the voice's id, so no name touches the file system. Whatever changes
    the folder holds an operating-system lock on it, which a crashed process gives up. Names are
    matched by `skeleton`: neither case nor look-alike letters tell two voices apart. Wherever a
    name is taken, the voice's id serves too.

    Args:
        folder: Made (mode 0700) when the first voice is added.

    Attributes:
        tombstones: Of the voices that were revoked here.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._summaries = Remembered(read_summary)
        self._voices = Remembered(read_voice, most=_VOICES_REMEMBERED)
        self.tombstones = Tombstones(folder)

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
        return only(name, self.listing())

    def known(self, voice_id: str) -> Summary | None:
        """Return what the header of the voice with that id tells now; None if it is not here.

        Raises:
            VoiceFileError: If its file is damaged.
        """
        path = self._path(voice_id)
        return self._summaries.of(path) if path.exists() else None

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
            ConsentError: If it was revoked here.
            StorageError: If it cannot be written; the folder is as before.
        """
        voice = replace(voice, name=check_name(voice.name))
        with self._changing():
            listing = self.listing()
            refuse_taken(voice, listing)
            self.check_not_revoked(voice)
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
            old = only(name, listing)
            others = tuple(voice for voice in listing.voices if voice.id != old.id)
            voice = replace(read_voice(old.path), name=new_name)
            refuse_taken(voice, replace(listing, voices=others))
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
            destroy(broken[0] if broken else only(name, listing).path)
            self._voices.forget()

    def revoke(self, name: str, *, by: str) -> Tombstone:
        """Destroy a voice, or by its id a damaged file, and keep it from ever coming back.

        Args:
            name: Of the voice, or its id.
            by: Who takes the agreement back, as `safety.asker` names people.

        Raises:
            VoiceNotFoundError: If there is no such voice.
            StorageError: If the file cannot be removed; once its tombstone stands, the voice is
                refused all the same.
        """
        with self._changing():
            listing = self.listing()
            broken = [file for file in listing.damaged if file.id == name]
            if broken:
                voice_id, path, embedding = broken[0].id, broken[0].path, None
            else:
                known = only(name, listing)
                voice_id, path, embedding = known.id, known.path, _embedding(known.path)
            stone = self.tombstones.put(voice_id, embedding, by=by)
            destroy(path)
            self._voices.forget()
        return stone

    def check_not_revoked(self, voice: Voice) -> None:
        """Pass unless this voice, or the same d-vector under another id, was revoked here.

        Raises:
            ConsentError: If it was.
        """
        if (stone := self.tombstones.find(voice)) is not None:
            msg = (
                f"The speaker of {voice.name!r} took the agreement back on {stone.revoked_at}. "
                "This voice is not used here any more."
            )
            raise ConsentError(msg)

    def update(self, name: str, change: Callable[[Voice], Voice]) -> Voice:
        """Keep `change(voice)` in place of a voice, with its id and name; return it.

        Raises:
            VoiceNotFoundError: If there is no such voice.
            VoiceFileError: If its file is damaged.
            StorageError: If it cannot be written; the voice is as before.
        """
        with self._changing():
            old = read_voice(only(name, self.listing()).path)
            voice = replace(change(old), id=old.id, name=old.name)
            write_voice(voice, self._path(old.id))
        return voice

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
            ConsentError: If it was revoked here.
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


def _embedding(path: Path) -> Embedding | None:
    try:
        return read_voice(path).embedding
    except VoiceFileError:  # sound in its header only: its id must do
        return None
