"""/join and /leave."""

from collections.abc import Iterator

import discord
from discord import app_commands

from rtvc_bridge.errors import UserError
from rtvc_discord.checks import Place
from rtvc_discord.commands.answering import Visit, answer
from rtvc_discord.commands.say import AnyCommand
from rtvc_discord.desk import Desk
from rtvc_discord.people import NotAllowedError, check_may_speak


def commands(desk: Desk) -> Iterator[AnyCommand]:
    """Yield the commands that bring the bot into a voice channel and out of it."""

    @app_commands.command(name="join", description="Come into your voice channel")
    @app_commands.guild_only()
    async def join(interaction: discord.Interaction) -> None:
        await answer(interaction, desk, _join)

    @app_commands.command(name="leave", description="Leave the voice channel")
    @app_commands.guild_only()
    async def leave(interaction: discord.Interaction) -> None:
        await answer(interaction, desk, _leave)

    yield join
    yield leave


async def _join(visit: Visit) -> str:
    member, mine = visit.member, visit.desk.guild_voices.of(visit.guild)
    check_may_speak(visit.person, visit.settings)
    theirs = member.voice.channel if member.voice else None
    if theirs is None:
        raise UserError("Join a voice channel yourself first.")
    if mine.channel is not None and mine.channel.id != theirs.id:
        _check_may_take(visit, mine.channel)
    await mine.join(theirs)
    return visit.words("joined", channel=theirs.mention)


async def _leave(visit: Visit) -> str:
    mine = visit.desk.guild_voices.of(visit.guild)
    check_may_speak(visit.person, visit.settings)
    if mine.channel is None:
        return visit.words("nowhere")
    _check_may_take(visit, mine.channel)
    channel = mine.channel
    await mine.leave()
    return visit.words("left", channel=channel.mention)


def _check_may_take(visit: Visit, channel: Place) -> None:
    """Pass if the bot may be taken out of `channel`: by those in it, or when nobody is left."""
    people = {member.id for member in channel.members if not member.bot}
    if people and visit.member.id not in people and not visit.person.moderates:
        raise NotAllowedError(
            f"Somebody in {channel.mention} uses me. Taking me away needs the permission "
            "Move Members or Manage Messages."
        )
