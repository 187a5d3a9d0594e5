"""/help, /privacy and /forget-me."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import discord
from discord import app_commands

from rtvc_bridge.errors import VoiceNotFoundError
from rtvc_bridge.voices import Summary
from rtvc_discord.commands.answering import Visit, answer, shown
from rtvc_discord.commands.confirming import Question
from rtvc_discord.commands.say import AnyCommand
from rtvc_discord.desk import Desk, is_lane
from rtvc_discord.people import somebody, user_name


def commands(desk: Desk) -> Iterator[AnyCommand]:
    """Yield the commands that explain, and the one that forgets."""

    @app_commands.command(name="help", description="How to have text spoken")
    async def help_(interaction: discord.Interaction) -> None:
        await answer(interaction, desk, _help)

    @app_commands.command(name="privacy", description="What I keep about you")
    async def privacy(interaction: discord.Interaction) -> None:
        await answer(interaction, desk, _privacy)

    @app_commands.command(name="forget-me", description="Delete what I keep about you")
    async def forget_me(interaction: discord.Interaction) -> None:
        await answer(interaction, desk, _forget)

    yield help_
    yield privacy
    yield forget_me


async def _help(visit: Visit) -> str:
    return visit.words("help")


async def _privacy(visit: Visit) -> str:
    words, settings = visit.words, visit.desk.settings
    record = "no record"
    if settings.audit.enabled:
        record = "record with text" if settings.audit.text else "record"
    return words("privacy", record=words(record))


async def _forget(visit: Visit) -> str:
    user, words = visit.interaction.user.id, visit.words
    voices = await asyncio.to_thread(_own, visit.desk, user)
    names = ", ".join(shown(voice.name) for voice in voices)
    question = Question(user, agree=words("forget button"), refuse=words("keep button"))
    also = words("forget voices", names=names) if voices else ""
    await visit.show(words("forget", voices=also), view=question)
    await question.wait()
    if not question.agreed:
        return words("kept")
    await asyncio.to_thread(_delete, visit.desk, user)
    return words("forgotten")


def _own(desk: Desk, user: int) -> list[Summary]:
    owner = user_name(user)
    return [each for each in desk.voices.listing().voices if each.consent.owner == owner]


def _delete(desk: Desk, user: int) -> None:
    for voice in _own(desk, user):  # read again: they had minutes to press the button
        with suppress(VoiceNotFoundError):
            desk.custody.revoke(voice.id, somebody(user))
    desk.store.forget_user(user)
    queue = desk.engine.queue
    for line in (*queue.listed(user=str(user)), *queue.held()):
        if is_lane(line.status.lane) and line.status.user == str(user):
            line.cancel()
