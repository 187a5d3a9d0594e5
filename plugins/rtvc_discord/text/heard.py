"""A message as a value: all that is needed to read it out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["picture", "gif", "video", "sound file", "voice message", "file"]

_ENDINGS: Mapping[str, Kind] = {
    "gif": "gif",
    **dict.fromkeys(("png", "jpg", "jpeg", "webp", "avif", "heic", "bmp"), "picture"),
    **dict.fromkeys(("mp4", "mov", "webm", "mkv", "avi"), "video"),
    **dict.fromkeys(("mp3", "wav", "ogg", "flac", "m4a", "opus"), "sound file"),
}
_TYPES: Mapping[str, Kind] = {"image": "picture", "video": "video", "audio": "sound file"}


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that came with a message.

    Attributes:
        kind: As people call it.
        hidden: Whether it is a spoiler.
    """

    kind: Kind
    hidden: bool = False

    @classmethod
    def of(
        cls, filename: str, content_type: str = "", *, voice: bool = False, hidden: bool = False
    ) -> "Attached":
        """Return what a file of that name and MIME type is called; `voice`: a voice message."""
        return cls("voice message" if voice else _kind(content_type, filename), hidden)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message, with the names of all it mentions.

    Attributes:
        content: As typed, in Discord's notation.
        users: Names by id.
        roles: Names by id.
        channels: Names by id.
        attached: Files.
        stickers: Their names.
        reply_to: Name of whoever is answered.
        forwarded: The message that is passed on.
        sent_at: When, in seconds since 1970, UTC.
    """

    content: str
    users: Mapping[int, str] = field(default_factory=dict)
    roles: Mapping[int, str] = field(default_factory=dict)
    channels: Mapping[int, str] = field(default_factory=dict)
    attached: tuple[Attached, ...] = ()
    stickers: tuple[str, ...] = ()
    reply_to: str | None = None
    forwarded: "Heard | None" = None
    sent_at: float = 0.0


def _kind(content_type: str, filename: str) -> Kind:
    ending = filename.rpartition(".")[2].lower()
    if content_type == "image/gif":
        return "gif"
    return _TYPES.get(content_type.partition("/")[0]) or _ENDINGS.get(ending, "file")
