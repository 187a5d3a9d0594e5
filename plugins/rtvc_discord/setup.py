"""Setting the bot up: is its token right, and the link that invites it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import discord

from rtvc_bridge.errors import ConfigError, OperatorError, StorageError
from rtvc_bridge.voices.disk import write_bytes

SCOPES = ("bot", "applications.commands")
PORTAL = "https://discord.com/developers/applications"
_LOGIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Application:
    """The bot as Discord knows it.

    Attributes:
        id: Of the application.
        name: The bot's.
        guilds: How many servers it has joined, about; None if Discord does not say.
        message_content: Whether it may read messages.
    """

    id: int
    name: str
    guilds: int | None
    message_content: bool


def permissions(*, read_messages: bool) -> discord.Permissions:
    """Return what the bot must be allowed in a server."""
    return discord.Permissions(
        view_channel=True,
        connect=True,
        speak=True,
        use_voice_activation=True,
        send_messages=True,
        read_message_history=read_messages,
    )


def invite_link(application: int, *, read_messages: bool) -> str:
    """Return the address under which a server's manager lets the bot in."""
    return discord.utils.oauth_url(
        application, permissions=permissions(read_messages=read_messages), scopes=SCOPES
    )


def keep(token: str, path: Path) -> None:
    """Put `token` into the file at `path`, mode 0600, in place of what was there.

    Raises:
        StorageError: If it cannot be written; what was there stays.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"Cannot make the folder {path.parent}: {error.strerror}.") from error
    write_bytes(f"{token}\n".encode(), path)


async def look_up(token: str, *, connector: aiohttp.BaseConnector | None = None) -> Application:
    """Log in with `token` and return what Discord knows of the bot.

    Args:
        token: The bot's.
        connector: What reaches Discord; the internet unless given. It is closed.

    Raises:
        ConfigError: If Discord does not take the token.
        OperatorError: If Discord cannot be reached.
    """
    client = discord.Client(intents=discord.Intents.none(), connector=connector)
    try:
        async with client, asyncio.timeout(_LOGIN_S):
            await client.login(token)
            return _known(client)
    except discord.LoginFailure as error:
        raise ConfigError(
            f"Discord does not take this token. Copy it again, or reset it: {PORTAL}, your "
            "application, Bot, Reset Token."
        ) from error
    except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
        raise OperatorError(f"Discord cannot be reached ({type(error).__name__}).") from error


def _known(client: discord.Client) -> Application:
    application, user = client.application, client.user
    if application is None or user is None:
        raise OperatorError("Discord does not tell which application this token belongs to.")
    flags = application.flags
    return Application(
        id=application.id,
        name=user.name,
        guilds=application.approximate_guild_count,
        message_content=flags.gateway_message_content or flags.gateway_message_content_limited,
    )
