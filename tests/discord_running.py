"""The Discord bot in front of the loopback Discord and a humming engine, for tests."""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ParamSpec

import aiohttp
import discord
from discord_loopback import Channel, FarEnd, Guild, Loopback, Member
from rtvc_discord import Bot, GuildVoice, Outcome, Settings
from rtvc_discord.adapter import STORE_FILE, made
from rtvc_discord.store import Store

from rtvc_bridge import config, paths
from rtvc_bridge.engine import Engine, Utterance
from rtvc_bridge.pipeline import Pipeline
from rtvc_bridge.plugins import Host, Reload
from rtvc_bridge.safety.policy import Policy
from rtvc_bridge.testing import humming, policy, tone_voice
from rtvc_bridge.voices import Voice, VoiceStore


def everybodys(voice: Voice) -> Voice:
    """Return a voice of this computer that everybody on Discord may use."""
    consent = replace(voice.consent, grants=("discord:everyone",))
    return policy().trust.sign(replace(voice, consent=consent))


ALBA = everybodys(tone_voice("alba", 440.0))
FRAMES_PER_LETTER = 0.5
SOON_S = 40.0  # a limit on failure, not a wait
LOOK_S = 0.01

P = ParamSpec("P")


def in_loop(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Return a coroutine as a test that runs it in an event loop of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **options: P.kwargs) -> None:
        async def story() -> None:
            await test(*args, **options)

        asyncio.run(story())

    return run


@dataclass
class Server:
    """One server with a voice channel, somebody in it who listens, and the bot's voice there.

    Attributes:
        guild: The loopback's.
        lounge: The voice channel.
        alice: Is in it.
        voice: The bot's.
        engine: Speaks.
    """

    guild: Guild
    lounge: Channel
    alice: Member
    voice: GuildVoice
    engine: Engine
    bot: Bot

    @property
    def heard(self) -> FarEnd:
        """What alice was sent."""
        return self.alice.heard

    @property
    def me(self) -> discord.Member:
        """The bot, as discord.py sees it."""
        return self._real.me

    @property
    def _real(self) -> discord.Guild:
        real = self.bot.get_guild(self.guild.id)
        assert real is not None
        return real

    def place(self, channel: Channel) -> discord.VoiceChannel | discord.StageChannel:
        """Return discord.py's view of a channel."""
        real = self._real.get_channel(channel.id)
        assert isinstance(real, discord.VoiceChannel | discord.StageChannel)
        return real

    async def join(self) -> None:
        """Have the bot come into the lounge."""
        await self.voice.join(self.place(self.lounge))

    def say(self, text: str, voice: Voice = ALBA, *, user: str = "") -> Utterance:
        """Say a line into the server's lane."""
        return self.engine.say(text, voice, lane=self.voice.lane, user=user)

    async def outcome(self, utterance: Utterance) -> Outcome:
        """Return how a line ended."""
        async with asyncio.timeout(SOON_S):
            return await self.voice.outcome(utterance)


@dataclass
class Stage:
    """A bot in Discord.

    Attributes:
        loopback: The Discord.
        bot: The bot.
        host: What the daemon handed to it.
        servers: Those it is in.
    """

    loopback: Loopback
    bot: Bot
    host: Host
    servers: list[Server]

    @property
    def engine(self) -> Engine:
        """What speaks."""
        return self.host.engine


@asynccontextmanager
async def stage(
    folder: Path,
    settings: Settings | None = None,
    *,
    dave: bool = True,
    handshake_s: float = 0.0,
    servers: int = 1,
    shards: int = 1,
    pipeline: Pipeline | None = None,
    rules: Policy | None = None,
) -> AsyncIterator[Stage]:
    """Give a bot that is in as many servers; RTVC_HOME must be set by the test."""
    voices = VoiceStore(folder / "voices")
    voices.add(ALBA)
    settings = settings or Settings()
    async with Loopback(dave=dave, handshake_s=handshake_s, shards=shards) as loopback:
        rooms = [room(loopback, number) for number in range(servers)]
        ids = [guild.id for guild, _, _ in rooms]
        with Engine(pipeline or humming(), rules or policy()) as engine:
            host = host_of(engine, voices)
            async with running(host, settings, loopback.connector(), loopback.token, ids) as bot:
                await loopback.ready()
                here = [
                    Server(*where, bot.voices.of(real(bot, where[0].id)), engine, bot)
                    for where in rooms
                ]
                yield Stage(loopback, bot, host, here)


@asynccontextmanager
async def running(
    host: Host,
    settings: Settings,
    connector: aiohttp.BaseConnector,
    token: str,
    guilds: Collection[int],
) -> AsyncIterator[Bot]:
    """Give the bot once it knows of those servers; RTVC_HOME must be set."""
    with closing(Store.opened(paths.data_dir() / STORE_FILE)) as store:
        bot = made(host, settings, store, connector)
        async with bot:
            started = asyncio.create_task(bot.start(token))
            # on_ready comes 2 s after the last server, lest there be more.
            await until(lambda: started.done() or all(known(bot, guilds)), "the servers")
            if started.done():
                await started
            yield bot
        started.cancel()
        await asyncio.gather(started, return_exceptions=True)


async def until(condition: Callable[[], object], what: str) -> None:
    """Return once `condition`, which nothing announces, holds."""
    try:
        async with asyncio.timeout(SOON_S):
            while not condition():  # noqa: ASYNC110 - nothing announces it
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        msg = f"waited {SOON_S:g} s for {what}"
        raise AssertionError(msg) from None


def room(loopback: Loopback, number: int) -> tuple[Guild, Channel, Member]:
    """Return a server with a voice channel, and somebody in it."""
    guild = loopback.add_guild(f"Home {number}")
    lounge = guild.add_voice_channel("Lounge")
    alice = guild.add_member("alice")
    alice.join_voice(lounge)
    return guild, lounge, alice


def known(bot: Bot, guilds: Collection[int]) -> Iterator[bool]:
    """Yield for each server whether discord.py has been told of it."""
    for guild in guilds:
        found = bot.get_guild(guild)
        yield found is not None and not found.unavailable


def real(bot: Bot, guild: int) -> discord.Guild:
    """Return discord.py's view of a server."""
    found = bot.get_guild(guild)
    assert found is not None
    return found


def host_of(engine: Engine, voices: VoiceStore) -> Host:
    """Return what the daemon would hand to the adapter."""
    return Host(
        engine=engine,
        voices=voices,
        settings=config.Settings(),
        ready=lambda: True,
        adapters=lambda: (),
        announce=lambda *_: None,
        stop=lambda: None,
        reload=lambda: Reload((), ()),
    )
