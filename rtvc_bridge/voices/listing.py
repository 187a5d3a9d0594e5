"""What is in the folder of the voices, and finding one of them."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from rtvc_bridge.errors import VoiceNameError, VoiceNotFoundError
from rtvc_bridge.voices.file import Summary
from rtvc_bridge.voices.names import skeleton
from rtvc_bridge.voices.value import Voice


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


def only(name: str, listing: Listing) -> Summary:
    """Return the voice called `name`, or with that id.

    Raises:
        VoiceNotFoundError: If there is none; the message names the nearest.
        VoiceNameError: If copied files left two voices of that name.
    """
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


def refuse_taken(voice: Voice, listing: Listing) -> None:
    """Pass if `voice` can live beside those in `listing`.

    Raises:
        VoiceNameError: If its name is taken, or it is there already.
    """
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
