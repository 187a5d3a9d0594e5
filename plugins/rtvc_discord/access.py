"""Who may speak in whose voice here: what the agreement in each voice says, as Discord shows it.

A voice enrolled by Discord belongs to the person who speaks in it. One enrolled on this computer
belongs to whoever runs the bot. The engine checks every line again, by the same record.
"""

import re
from collections.abc import Collection, Iterable

import discord

from rtvc_bridge.errors import ConsentError, VoiceNotFoundError
from rtvc_bridge.safety.asker import EVERYONE
from rtvc_bridge.safety.trust import check_lane, may_use
from rtvc_bridge.voices import Summary, skeleton
from rtvc_discord.desk import Desk, lane
from rtvc_discord.people import ADAPTER, NotAllowedError, Person, members_of, user_name

_ID = re.compile("[0-9a-f]{32}")


def owns(person: Person, voice: Summary) -> bool:
    """Whether `voice` is that person's."""
    return voice.consent.owner in person.asker.names


def owner(voice: Summary) -> str | None:
    """Return whose `voice` is, as Discord shows it; None if it is this computer's."""
    mark = f"{ADAPTER}:user:"
    name = voice.consent.owner
    return f"<@{name.removeprefix(mark)}>" if name.startswith(mark) else None


def shared(voice: Summary, guild: int) -> bool:
    """Whether everybody in that server may use `voice`."""
    return may_use(voice.consent, members_of(guild))


def trouble(desk: Desk, voice: Summary, guild: int) -> str | None:
    """Return why nobody can use `voice` in that server now; None if somebody can."""
    try:
        desk.engine.policy.trust.check_record(voice)
        check_lane(voice, lane(guild))
    except ConsentError as error:
        return str(error)
    return None


def check_sound(desk: Desk, voice: Summary, guild: int) -> None:
    """Pass if the agreement that `voice` carries is good for that server.

    Raises:
        ConsentError: If it is not; the message says why.
    """
    if (why := trouble(desk, voice, guild)) is not None:
        raise ConsentError(why)


def usable(desk: Desk, person: Person) -> tuple[Summary, ...]:
    """Return the voices that `person` was granted or owns, by name, even if in trouble; blocks."""
    return tuple(v for v in desk.voices.listing().voices if may_use(v.consent, person.asker))


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
    voice = named(name, usable(desk, person))
    if not owns(person, voice):
        raise NotAllowedError("Only the owner of a voice may do that.")
    return voice


def removable(desk: Desk, person: Person, name: str) -> Summary:
    """Return the voice of that name, which is that person's, or any for whoever runs the bot.

    Raises:
        VoiceNotFoundError: If there is none that they may use.
        NotAllowedError: If it is somebody else's.
    """
    if person.operator:
        return named(name, desk.voices.listing().voices)
    return own(desk, person, name)


def grantee(to: discord.Member | discord.User | discord.Role | None, guild: int) -> str:
    """Return how the agreement names those people; None, or everybody's role, for the server."""
    if to is None or to.id == guild:
        return f"{ADAPTER}:guild:{guild}"
    if isinstance(to, discord.Role):
        return f"{ADAPTER}:role:{to.id}"
    return user_name(to.id)


def mentions(grants: Iterable[str], guild: int) -> list[str]:
    """Return whom grants name, as Discord shows them."""
    return [_mention(grant, guild) for grant in grants]


def _mention(grant: str, guild: int) -> str:
    if grant in (EVERYONE, f"{ADAPTER}:{EVERYONE}"):
        return "everybody in every server"
    adapter, kind, number = (*grant.split(":", 2), "", "")[:3]
    if adapter != ADAPTER or not number.isdecimal():
        return "somebody outside Discord"
    if kind == "guild":
        return "everybody in this server" if int(number) == guild else "everybody in another server"
    return f"<@&{number}>" if kind == "role" else f"<@{number}>"
