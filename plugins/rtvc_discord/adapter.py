"""The Discord bot, run until cancelled."""

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated, Any, Literal

import aiohttp
import discord
from pydantic import Field

from rtvc_bridge import paths
from rtvc_bridge.config import Strict
from rtvc_bridge.errors import ConfigError, OperatorError
from rtvc_bridge.plugins import Host
from rtvc_discord import checks, credentials
from rtvc_discord.bot import Bot, Options, ShardedBot
from rtvc_discord.setup import PORTAL
from rtvc_discord.store import Store
from rtvc_discord.voice import Manners

STORE_FILE = "discord.db"
"""In `paths.data_dir()`."""
TOKEN_REFUSED = 4004
WRONG_TOKEN = (
    f"Discord does not know the bot's token. Make a new one at {PORTAL} (Bot, Reset Token), and "
    "store it: rtvc-bridge discord setup --store"
)


class Settings(Strict):
    """[adapters.discord]: a bot that speaks in Discord's voice channels."""

    token_env: str = "RTVC_DISCORD_TOKEN"
    """The environment variable that holds the bot's token."""

    token_file: str = ""
    """The file that holds it when that variable does not; empty: discord.token beside the voices.
    """

    read_messages: bool = False
    """Ask for the messages of text channels, so that one can be read aloud. Discord wants the
    "Message Content Intent" of the bot to be switched on for that."""

    volume_db: float = Field(default=0.0, ge=-60.0, le=12.0, allow_inf_nan=False)
    """Louder or quieter than it was made, in decibels."""

    alone_s: float = Field(default=60.0, ge=0.0, allow_inf_nan=False)
    """How long to stay in a voice channel when nobody else is left there; 0: for ever."""

    idle_s: float = Field(default=0.0, ge=0.0, allow_inf_nan=False)
    """How long to stay in a voice channel with nothing to say; 0: for ever."""

    shards: Annotated[int, Field(ge=1)] | Literal["auto"] = 1
    """Connections to Discord; "auto" for as many as it asks for."""


async def run(host: Host, settings: Settings) -> None:
    """Be in Discord until cancelled.

    Raises:
        ConfigError: If there is no token, or Discord does not take it.
        OperatorError: If Discord cannot be reached, or something is missing on this computer.
    """
    await serve(host, settings)


async def serve(
    host: Host, settings: Settings, *, connector: aiohttp.BaseConnector | None = None
) -> None:
    """Do what `run` does, over a given way to Discord."""
    await asyncio.to_thread(checks.require)
    token = await asyncio.to_thread(credentials.token, settings.token_env, settings.token_file)
    store = await asyncio.to_thread(Store.opened, paths.data_dir() / STORE_FILE)
    with closing(store), _in_words():
        async with made(host, settings, store, connector) as bot:
            await bot.start(token)


def made(
    host: Host, settings: Settings, store: Store, connector: aiohttp.BaseConnector | None
) -> Bot:
    """Return the bot as the settings want it."""
    options = Options(
        manners=Manners(
            alone_s=settings.alone_s,
            idle_s=settings.idle_s,
            gain=10 ** (settings.volume_db / 20),
        ),
        read_messages=settings.read_messages,
    )
    if settings.shards == 1:
        return Bot(host, store, options, connector=connector)
    sharding: dict[str, Any] = {}
    if settings.shards != "auto":
        sharding["shard_count"] = settings.shards
    return ShardedBot(host, store, options, connector=connector, **sharding)


@contextmanager
def _in_words() -> Iterator[None]:
    """Say in words what keeps the bot out of Discord."""
    try:
        yield
    except discord.LoginFailure as error:
        raise ConfigError(WRONG_TOKEN) from error
    except discord.PrivilegedIntentsRequired as error:
        raise ConfigError(
            f"The bot may not read messages. Switch on its Message Content Intent at {PORTAL} "
            "(Bot), or set read_messages = false in [adapters.discord]."
        ) from error
    except discord.ConnectionClosed as error:
        if error.code == TOKEN_REFUSED:
            raise ConfigError(WRONG_TOKEN) from error
        raise OperatorError(f"Discord closed the connection with code {error.code}.") from error
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
        raise OperatorError(f"Discord cannot be reached: {error}") from error
