"""Who may do what in a channel, as Discord computes it."""

from functools import cache
from typing import TYPE_CHECKING

import discord

if TYPE_CHECKING:
    from .people import Member
    from .places import Channel

ALL = discord.Permissions.all().value
ADMINISTRATOR = discord.Permissions(administrator=True).value


@cache
def bits(*names: str) -> int:
    """Return the bit set of permission names such as "connect" and "speak"."""
    return discord.Permissions(**dict.fromkeys(names, True)).value


def in_guild(member: "Member") -> int:
    """Return what the member's roles give, channels apart."""
    if member.user is member.guild.owner:
        return ALL
    granted = member.guild.everyone.permissions
    for role in member.roles:
        granted |= role.permissions
    return ALL if granted & ADMINISTRATOR else granted


def in_channel(member: "Member", channel: "Channel") -> int:
    """Return what the member may do in the channel: roles, then the channel's overwrites."""
    granted = in_guild(member)
    if granted == ALL:
        return ALL
    allow, deny = channel.overwrites.get(member.guild.everyone.id, (0, 0))
    granted = granted & ~deny | allow
    pairs = [channel.overwrites.get(role.id, (0, 0)) for role in member.roles]
    for _, deny in pairs:
        granted &= ~deny
    for allow, _ in pairs:
        granted |= allow
    allow, deny = channel.overwrites.get(member.user.id, (0, 0))
    return granted & ~deny | allow


def may(member: "Member", channel: "Channel", *names: str) -> bool:
    """Return whether the member has every one of the named permissions in the channel."""
    wanted = bits(*names)
    return in_channel(member, channel) & wanted == wanted
