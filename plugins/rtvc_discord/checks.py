"""What must be there before the bot can speak, and where it may."""

import importlib.metadata
from collections.abc import Iterator

import discord
from discord import opus

from rtvc_bridge.errors import OperatorError, UserError

Place = discord.VoiceChannel | discord.StageChannel

INSTALL = 'pip install "rtvc-bridge[discord]"'
NEEDED = (2, 7)
"""The first version of discord.py that encrypts calls end to end; Discord takes no others."""


class ChannelError(UserError):
    """The bot cannot be in that voice channel; the message says why and how to mend it.

    Attributes:
        final: Whether to try again is in vain.
    """

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


def missing() -> Iterator[str]:
    """Yield what this computer lacks for speaking in Discord, each with what mends it."""
    if discord.version_info[:2] < NEEDED:
        yield (
            f"discord.py is {discord.__version__}; calls need at least 2.7, which encrypts them: "
            f"{INSTALL}"
        )
    if not _installed("davey"):
        yield f"davey, which encrypts calls end to end, is not installed: {INSTALL}"
    if not _installed("PyNaCl"):
        yield f"PyNaCl, which encrypts the way to Discord, is not installed: {INSTALL}"
    if not opus.is_loaded() and not opus._load_default():  # nothing public loads it ahead of a call
        yield (
            "The Opus library is missing: on Debian or Ubuntu, sudo apt-get install libopus0; "
            "on macOS, brew install opus."
        )


def require() -> None:
    """Return if this computer can speak in Discord.

    Raises:
        OperatorError: Naming all that it lacks.
    """
    if lacks := list(missing()):
        raise OperatorError("The Discord bot cannot speak yet. " + " ".join(lacks))


def check_elsewhere(mine: Place | None, theirs: Place | None) -> None:
    """Pass if the bot, which is in the channel `mine`, is heard in `theirs`, or is nowhere.

    Raises:
        UserError: If not.
    """
    if mine is not None and (theirs is None or theirs.id != mine.id):
        raise UserError(f"Join {mine.mention} to have text spoken there.")


def check_place(place: Place) -> None:
    """Return if the bot may speak in `place`.

    Raises:
        ChannelError: Naming what it lacks.
    """
    me, where = place.guild.me, place.mention
    if isinstance(place, discord.StageChannel):
        raise ChannelError(f"{where} is a stage; ask me into a voice channel.", final=True)
    if place == place.guild.afk_channel:
        raise ChannelError(
            f"{where} is the channel for those who are away; nobody can speak there.", final=True
        )
    if me.is_timed_out():
        raise ChannelError("I am timed out in this server, so I cannot speak.", final=True)
    may = place.permissions_for(me)
    wanted = {"View Channel": may.view_channel, "Connect": may.connect, "Speak": may.speak}
    lacks = [name for name, has in wanted.items() if not has]
    if lacks:
        raise ChannelError(
            f"I am not allowed into {where}: I lack {_listed(lacks)}. Somebody who manages this "
            "server can allow it in the channel's permissions.",
            final=True,
        )
    if me.voice is not None and me.voice.mute:
        raise ChannelError("I am muted in this server. A moderator can unmute me.", final=True)
    others = place.voice_states.keys() - {me.id}
    if place.user_limit and len(others) >= place.user_limit and not may.move_members:
        raise ChannelError(f"{where} is full.")


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _listed(names: list[str]) -> str:
    """Return "A", "A and B" or "A, B and C"."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
