"""Who may speak in whose voice: the one place where that is decided.

A voice enrolled by Discord belongs to the person who speaks in it. One enrolled on this computer
belongs to whoever runs the bot. Its owner may use it anywhere, everybody else where it is
granted: in one server by the owner, or, for voices of this computer, in all by the settings.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from rtvc_bridge.errors import VoiceNotFoundError
from rtvc_bridge.voices import Summary, skeleton
from rtvc_discord.desk import Desk, is_lane, lane
from rtvc_discord.people import NotAllowedError, Person

_ID = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Rights:
    """What decides over voices in one server, read once.

    Attributes:
        owners: User id by voice id, of voices enrolled by Discord.
        granted: Ids of voices for everybody in this server.
        offered: Folded names of voices of this computer for everybody in every server.
    """

    owners: dict[str, int]
    granted: frozenset[str]
    offered: frozenset[str]

    @classmethod
    def read(cls, desk: Desk, guild: int) -> "Rights":
        """Return what holds in that server now; blocks."""
        return cls(
            desk.store.owners(),
            desk.store.granted(guild),
            frozenset(skeleton(name) for name in desk.offered),
        )

    def owns(self, person: Person, voice: Summary) -> bool:
        """Whether `voice` is that person's."""
        owner = self.owners.get(voice.id)
        return person.operator if owner is None else owner == person.user

    def shared(self, voice: Summary) -> bool:
        """Whether everybody in this server may use `voice`."""
        offered = voice.id not in self.owners and skeleton(voice.name) in self.offered
        return offered or voice.id in self.granted

    def may_use(self, person: Person, voice: Summary) -> bool:
        """Whether `person` may speak as `voice` here."""
        return self.owns(person, voice) or self.shared(voice)


def usable(desk: Desk, person: Person, rights: Rights) -> tuple[Summary, ...]:
    """Return the voices that `person` may use here, by name; blocks."""
    return tuple(v for v in desk.voices.listing().voices if rights.may_use(person, v))


def named(name: str, voices: Collection[Summary]) -> Summary:
    """Return the voice of that name or id among `voices`; others are not told of.

    Raises:
        VoiceNotFoundError: If it is not among them.
    """
    wanted = skeleton(name)
    for voice in voices:
        if voice.id == name or skeleton(voice.name) == wanted:
            return voice
    if _ID.fullmatch(name):
        raise VoiceNotFoundError("Your usual voice is gone; /voice use chooses another.")
    shown = name if name.isprintable() and len(name) <= 64 else "that name"
    raise VoiceNotFoundError(
        f"There is no voice {shown!r} that you may use here. /voice list shows those you may."
    )


def own(desk: Desk, person: Person, name: str) -> Summary:
    """Return the voice of that name, which is that person's; blocks.

    Raises:
        VoiceNotFoundError: If there is none that they may use.
        NotAllowedError: If it is somebody else's.
    """
    rights = Rights.read(desk, person.guild)
    voice = named(name, usable(desk, person, rights))
    if not rights.owns(person, voice):
        raise NotAllowedError("Only the owner of a voice may do that.")
    return voice


def silence(
    desk: Desk, voice: Summary, *, guild: int | None = None, but: int | None = None
) -> None:
    """Cancel what is spoken and what waits in `voice`.

    Args:
        desk: What speaks.
        voice: Whose lines; nobody may use it any more.
        guild: Only in that server; None for all.
        but: Id of whoever may still use it.
    """
    for line in desk.engine.queue.listed(None if guild is None else lane(guild)):
        status = line.status
        theirs = status.voice == voice.name and status.user != str(but)
        if theirs and is_lane(status.lane):
            line.cancel()
