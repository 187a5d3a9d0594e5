"""Answering a command: acknowledged at once, refused in words, edited as things go."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import discord

from rtvc_bridge.errors import OperatorError, UserError
from rtvc_bridge.worker import whereabouts
from rtvc_discord.desk import Desk
from rtvc_discord.people import Person
from rtvc_discord.preferences import GuildSettings
from rtvc_discord.words import Words, words_in

logger = logging.getLogger(__name__)

UNKNOWN_INTERACTION = 10062
ANSWERED_ALREADY = 40060
NO_MENTIONS = discord.AllowedMentions.none()
MESSAGE_CHARS = 2000
UNREACHABLE = (aiohttp.ClientError, OSError)
"""What discord.py raises when the way to Discord is gone for a while."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody with a command, whose answer may be edited for 15 minutes.

    Attributes:
        desk: What it works with.
        interaction: Acknowledged.
        words: In their language.
        settings: What this server has chosen.
    """

    desk: Desk
    interaction: discord.Interaction
    words: Words
    settings: GuildSettings

    @property
    def member(self) -> discord.Member:
        """Who they are in this server.

        Raises:
            UserError: If this is no server that the bot has joined.
        """
        user = self.interaction.user
        if not isinstance(user, discord.Member) or self.interaction.guild is None:
            raise UserError(self.words("no guild"))
        return user

    @property
    def guild(self) -> discord.Guild:
        """This server. Raises UserError as `member` does."""
        return self.member.guild

    @property
    def person(self) -> Person:
        """What the rules look at. Raises UserError as `member` does."""
        asking = self.interaction
        return self.desk.person(self.member, asking.permissions, asking.client)

    async def show(self, text: str, *, view: discord.ui.View | None = None) -> None:
        """Make `text` the answer; nothing but a line in the log if Discord does not take it."""
        if self.interaction.is_expired():
            logger.info("interaction %d is too old for its answer", self.interaction.id)
            return
        try:
            await self.interaction.edit_original_response(
                content=shortened(text), view=view, allowed_mentions=NO_MENTIONS
            )
        except discord.HTTPException as error:
            logger.warning(
                "the answer to interaction %d was not taken: %d", self.interaction.id, error.code
            )
        except UNREACHABLE as error:
            logger.warning(
                "the answer to interaction %d was lost: %s",
                self.interaction.id,
                type(error).__name__,
            )


Work = Callable[[Visit], Awaitable[str | None]]


async def answer(interaction: discord.Interaction, desk: Desk, work: Work) -> None:
    """Acknowledge a command, do `work`, and show what it returns or why it refused.

    Only the person who asked sees the answer. An unknown interaction (it came too late, or was
    answered by another process) is left alone.
    """
    if not await acknowledged(interaction):
        return
    visit = Visit(desk, interaction, words_in("", interaction.locale.value), GuildSettings())
    try:
        if interaction.guild_id is not None:
            settings = await asyncio.to_thread(desk.store.guild, interaction.guild_id)
            words = words_in(settings.language, interaction.locale.value)
            visit = Visit(desk, interaction, words, settings)
        text = await work(visit)
    except UserError as error:
        text = str(error)
    except OperatorError as error:
        logger.error("interaction %d: %s", interaction.id, error)
        text = visit.words("broken")
    if text is not None:
        await visit.show(text)


async def acknowledged(interaction: discord.Interaction) -> bool:
    """Tell Discord that an answer follows, for their eyes only; return whether it may."""
    try:
        await interaction.response.defer(ephemeral=True, thinking=True)
    except (discord.HTTPException, discord.InteractionResponded, *UNREACHABLE) as error:
        _note_late(interaction, error)
        return False
    return True


async def failed(interaction: discord.Interaction, error: Exception) -> None:
    """Log what no command expects, and say so; the bot goes on."""
    cause = getattr(error, "original", error)
    if isinstance(cause, discord.HTTPException) and cause.code in (
        UNKNOWN_INTERACTION,
        ANSWERED_ALREADY,
    ):
        _note_late(interaction, cause)
        return
    logger.error("interaction %d failed: %s", interaction.id, whereabouts(cause))
    text = words_in("", interaction.locale.value)("unexpected")
    try:
        if interaction.response.is_done():
            await interaction.edit_original_response(content=text, view=None)
        else:
            await interaction.response.send_message(text, ephemeral=True)
    except (discord.HTTPException, discord.InteractionResponded, *UNREACHABLE) as late:
        _note_late(interaction, late)


def shortened(text: str) -> str:
    """Return as much of `text` as fits into a message."""
    return text if len(text) <= MESSAGE_CHARS else f"{text[: MESSAGE_CHARS - 1]}…"


def shown(name: str) -> str:
    """Return a name as it is, without a meaning in Discord's notation."""
    return discord.utils.escape_markdown(discord.utils.escape_mentions(name))


def _note_late(interaction: discord.Interaction, error: Exception) -> None:
    why = error.code if isinstance(error, discord.HTTPException) else type(error).__name__
    logger.warning("interaction %d takes no answer: %s", interaction.id, why)
