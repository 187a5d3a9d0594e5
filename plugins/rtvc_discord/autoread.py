"""The messages of a chosen text channel, read aloud."""

import asyncio
import logging
import re

import discord

from rtvc_bridge.errors import RtvcBridgeError
from rtvc_discord import hearing
from rtvc_discord.desk import Desk
from rtvc_discord.speaking import Wish, destination, followed, ordered

logger = logging.getLogger(__name__)

_COMMAND = re.compile(r"[!/$.;?%&+-]{1,2}[^\W\d_]")
_KINDS = (discord.MessageType.default, discord.MessageType.reply)


async def heard(desk: Desk, client: discord.Client, message: discord.Message) -> None:
    """Speak `message` if its channel is read aloud in that server, to its end; else do nothing.

    Left out are bots, commands of other bots, and whoever may not speak. What is refused is logged
    by its number and not marked in the channel: people talk there to each other, not to the bot.
    """
    member = message.author
    if message.guild is None or not isinstance(member, discord.Member) or not _of_people(message):
        return
    try:
        settings = await asyncio.to_thread(desk.store.guild, message.guild.id)
        if settings.read_channel != message.channel.id:
            return
        person = desk.person(member, member.guild_permissions, client)
        going_to = destination(desk, person, member, settings)
        line = await ordered(desk, person, settings, Wish(hearing.message(message)))
        await followed(desk, desk.guild_voices.of(message.guild), line, going_to=going_to)
    except RtvcBridgeError as error:
        logger.info("message %d is not read: %s", message.id, type(error).__name__)


def _of_people(message: discord.Message) -> bool:
    bot = message.author.bot or message.webhook_id is not None
    return not bot and message.type in _KINDS and not _COMMAND.match(message.content)
