"""A connection to one server's voice that is kept up, and says truthfully whether it is."""

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from enum import Enum, auto

import discord

from rtvc_discord.checks import ChannelError, Place, check_place
from rtvc_discord.client import SpeechClient

logger = logging.getLogger(__name__)

OUT_S = 3.0
"""Longest that Discord may take to confirm that the bot has left."""
LOOK_S = 0.02
"""How often that is looked at."""
PAUSE_S = 0.5
"""Before a second fresh connection; doubles."""
CRASHED = 4015
E2EE_REQUIRED = 4017
STAY_OUT = {
    E2EE_REQUIRED: "Discord takes only encrypted calls, and refuses this bot's encryption. Whoever "
    'runs the bot has to update it: pip install -U "rtvc-bridge[discord]".',
    4021: "Discord says that the bot joined too often. Try again in a few minutes.",
    4022: "The call was ended.",
}
KICKED = "Somebody disconnected me from the voice channel."
SLOW = (
    "Discord's voice server did not answer in time. If this goes on, the network of the computer "
    "that runs the bot may block UDP."
)
LOST = "The connection to the voice channel was lost, and could not be made again."


@dataclass(frozen=True, slots=True)
class Timings:
    """How patient a link is.

    Attributes:
        connect_s: Longest that a join may take, and then the agreement on encryption.
        patience_s: How long a connection may be down before a fresh one is made.
        attempts: Fresh connections in a row before the link is given up.
        steady_s: A connection that held for so long starts the count of attempts anew.
    """

    connect_s: float = 10.0
    patience_s: float = 2.0
    attempts: int = 4
    steady_s: float = 10.0


USUAL_TIMINGS = Timings()


class Health(Enum):
    """How a link is."""

    UP = auto()
    DOWN = auto()
    LOST = auto()
    OUT = auto()


class Link:
    """The bot's place in one server's voice. For the event loop; `open` for any thread.

    Args:
        client: The bot.
        guild_id: The server.
        timings: How patient it is.
    """

    def __init__(self, client: discord.Client, guild_id: int, timings: Timings) -> None:
        self._client = client
        self._guild_id = guild_id
        self._timings = timings
        self._voice: SpeechClient | None = None
        self._channel_id = 0
        self._down_since: float | None = None
        self._up_since = 0.0
        self._attempts = 0

    @property
    def voice(self) -> SpeechClient | None:
        """The connection there is."""
        return self._voice

    @property
    def channel(self) -> Place | None:
        """The channel of the connection; follows when the bot is moved."""
        return None if self._voice is None else self._voice.channel

    @property
    def reason(self) -> str:
        """Why the bot is out, in words that may be shown."""
        code = None if self._voice is None else self._voice.close_code
        return KICKED if code is None else STAY_OUT.get(code, KICKED)

    def health(self) -> Health:
        """Return how it is; look often."""
        voice, guild = self._voice, self._client.get_guild(self._guild_id)
        if guild is None or guild.unavailable:
            return Health.DOWN  # nothing can be done before Discord brings it back
        reachable = in_reach(self._client, guild)
        if voice is None:
            return Health.LOST if reachable else Health.DOWN
        voice.look()
        self._channel_id = voice.channel.id
        if voice.kicked or voice.close_code in STAY_OUT:
            return Health.OUT
        now = time.monotonic()
        if voice.open:
            self._down_since = None
            if now - self._up_since > self._timings.steady_s:
                self._attempts = 0
            return Health.UP
        if self._down_since is None:
            self._down_since = now
        lost = voice.gone or voice.close_code == CRASHED
        # With the server there, only the others have yet to agree on encryption.
        patience_s = self._timings.connect_s if voice.reached else self._timings.patience_s
        patient = now - self._down_since < patience_s
        return Health.LOST if reachable and (lost or not patient) else Health.DOWN

    def distrust(self) -> None:
        """Compare what Discord says with what the connection believes; mend the difference."""
        guild = self._client.get_guild(self._guild_id)
        if self._voice is not None and guild is not None and guild.me.voice is None:
            self._down_since = float("-inf")

    async def join(self, place: Place) -> None:
        """Be in `place`, by a fresh connection.

        Raises:
            ChannelError: Why it cannot.
        """
        check_place(place)
        self._channel_id = place.id
        told = self._voice is not None
        await self.close()
        try:
            self._voice = await self._connected(place, told=told)
        except TimeoutError as error:
            raise ChannelError(SLOW) from error
        except discord.ConnectionClosed as error:
            logger.warning("guild %d: the voice server refused: %d", self._guild_id, error.code)
            raise ChannelError(
                STAY_OUT.get(error.code, f"Discord's voice server refused: {error.code}."),
                final=error.code in STAY_OUT,
            ) from error
        except (discord.DiscordException, OSError) as error:
            raise ChannelError(f"Discord's voice server cannot be reached: {error}") from error
        self._down_since = None
        self._up_since = time.monotonic()
        logger.info("guild %d: in voice channel %d", self._guild_id, place.id)

    async def mend(self) -> None:
        """Make the connection anew, in the channel where it was; if that fails, it stays lost.

        Raises:
            ChannelError: If it is in vain to try again.
        """
        place = self._place()
        code = None if self._voice is None else self._voice.close_code
        self._attempts += 1
        if place is None or self._attempts > self._timings.attempts:
            raise ChannelError(LOST, final=True)
        logger.warning(
            "guild %d: voice is down (%s), attempt %d", self._guild_id, code, self._attempts
        )
        try:
            await self.join(place)
        except ChannelError as error:
            if error.final or self._attempts >= self._timings.attempts:
                raise
            await asyncio.sleep(PAUSE_S * 2 ** (self._attempts - 1))

    async def close(self) -> None:
        """Leave."""
        voice, self._voice = self._voice, None
        if voice is not None:
            await voice.disconnect(force=True)

    async def _connected(self, place: Place, *, told: bool) -> SpeechClient:
        guild = place.guild
        # Discord does not answer who asks for the channel where it lists them already, and the
        # news of a leave would be taken for being thrown out again.
        if not (told and await _out(guild)) and guild.me.voice is not None:
            await guild.change_voice_state(channel=None)
            await _out(guild)
        try:
            return await place.connect(
                cls=SpeechClient, timeout=self._timings.connect_s, reconnect=False, self_deaf=True
            )
        except asyncio.CancelledError:
            if guild.voice_client is not None:
                await guild.voice_client.disconnect(force=True)
            raise

    def _place(self) -> Place | None:
        guild = self._client.get_guild(self._guild_id)
        channel = None if guild is None else guild.get_channel(self._channel_id)
        return channel if isinstance(channel, discord.VoiceChannel) else None


def in_reach(client: discord.Client, guild: discord.Guild) -> bool:
    """Return whether Discord's gateway, which leads into voice, takes messages for that server."""
    if isinstance(client, discord.AutoShardedClient):
        shard = client.get_shard(guild.shard_id)
        return shard is not None and not shard.is_closed()
    gateway: discord.gateway.DiscordWebSocket | None = client.ws
    return gateway is not None and gateway.open


async def _out(guild: discord.Guild) -> bool:
    """Return whether Discord lists the bot in no channel of that server, once it does not."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(OUT_S):
            while guild.me.voice is not None:  # noqa: ASYNC110 - discord.py has no event to keep
                await asyncio.sleep(LOOK_S)
    return guild.me.voice is None
