"""The bot's voices, by server."""

import asyncio
import contextlib
import logging

import discord

from rtvc_bridge.engine import Engine, Status
from rtvc_bridge.levels import Levels
from rtvc_discord.desk import lane
from rtvc_discord.voice import GuildVoice, Manners

logger = logging.getLogger(__name__)


class Voices:
    """Every server's voice, made when it is first asked for. For the event loop.

    Args:
        client: The bot.
        engine: Speaks.
        levels: Is told how loud each lane is.
        manners: How the bot behaves in voice channels.
    """

    def __init__(
        self, client: discord.Client, engine: Engine, levels: Levels, manners: Manners
    ) -> None:
        self._client = client
        self._engine = engine
        self._levels = levels
        self._manners = manners
        self._loop = asyncio.get_running_loop()
        self._voices: dict[int, GuildVoice] = {}
        self._by_lane: dict[str, GuildVoice] = {}
        self._end = engine.on_status(self._status)

    def of(self, guild: discord.Guild) -> GuildVoice:
        """Return that server's."""
        voice = self._voices.get(guild.id)
        if voice is None:
            voice = GuildVoice(self._client, guild.id, self._engine, self._levels, self._manners)
            self._voices[guild.id] = self._by_lane[voice.lane] = voice
        return voice

    def wake(self, guild: discord.Guild) -> None:
        """See at once who is in which channel of that server."""
        if (voice := self._voices.get(guild.id)) is not None:
            voice.wake()

    async def distrust(self) -> None:
        """Compare where Discord lists the bot with where it should be: the gateway was away."""
        for voice in self._voices.values():
            voice.distrust()
        for guild in list(self._client.guilds):
            speaks = lane(guild.id) in self._engine.players
            if not (speaks or guild.unavailable) and guild.me.voice is not None:
                logger.info("guild %d: out of a channel that a former run was in", guild.id)
                with contextlib.suppress(OSError):  # the gateway is away again: next time
                    await guild.change_voice_state(channel=None)

    async def forget(self, guild: discord.Guild) -> None:
        """Have nothing more to do with that server."""
        if (voice := self._voices.pop(guild.id, None)) is not None:
            del self._by_lane[voice.lane]
            await voice.leave()

    async def close(self) -> None:
        """Leave every channel."""
        self._end()
        await asyncio.gather(*(voice.leave() for voice in self._voices.values()))

    def _status(self, status: Status) -> None:
        """Wake the voice that an utterance is for; on the engine's threads."""
        if (voice := self._by_lane.get(status.lane)) is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(voice.wake)
