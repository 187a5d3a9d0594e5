"""What Discord offers while somebody types a voice's name."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import discord
from discord.app_commands import Choice

from rtvc_bridge.errors import RtvcBridgeError
from rtvc_bridge.safety.trust import may_use
from rtvc_bridge.voices import Summary, skeleton
from rtvc_discord import access
from rtvc_discord.desk import Desk
from rtvc_discord.people import Person

logger = logging.getLogger(__name__)

MOST_CHOICES = 25
Complete = Callable[[discord.Interaction, str], Coroutine[Any, Any, list[Choice[str]]]]


def usable_voices(desk: Desk) -> Complete:
    """Return what offers the voices that somebody may use here."""

    def fits(person: Person, voice: Summary) -> bool:
        granted = may_use(voice.consent, person.asker)
        return granted and access.trouble(desk, voice, person.guild) is None

    return _offering(desk, fits)


def own_voices(desk: Desk) -> Complete:
    """Return what offers the voices that are somebody's own."""
    return _offering(desk, access.owns)


def removable_voices(desk: Desk) -> Complete:
    """Return what offers the voices that somebody may remove: their own; all for the operator."""
    return _offering(desk, lambda person, voice: person.operator or access.owns(person, voice))


def _offering(desk: Desk, fits: Callable[[Person, Summary], bool]) -> Complete:
    def names(person: Person, typed: str) -> list[str]:
        wanted = skeleton(typed)
        fitting = [v.name for v in desk.voices.listing().voices if fits(person, v)]
        found = [name for name in fitting if wanted in skeleton(name)]
        return sorted(found, key=lambda name: not skeleton(name).startswith(wanted))

    async def complete(interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
        if not isinstance(interaction.user, discord.Member):
            return []
        person = desk.person(interaction.user, interaction.permissions, interaction.client)
        try:
            found = await asyncio.to_thread(names, person, typed)
        except RtvcBridgeError as error:
            logger.error("no voices can be offered: %s", error)
            return []
        return [Choice(name=name, value=name) for name in found[:MOST_CHOICES]]

    return complete
