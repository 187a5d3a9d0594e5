"""The bot: discord.py's client, with the commands, the voices and what happens in servers."""

import asyncio
import hashlib
import json
import logging
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.gateway import KeepAliveHandler

from rtvc_bridge import paths
from rtvc_bridge.errors import OperatorError
from rtvc_bridge.plugins import Host
from rtvc_bridge.worker import whereabouts
from rtvc_discord import autoread
from rtvc_discord.commands import add_commands
from rtvc_discord.desk import Desk
from rtvc_discord.store import Store
from rtvc_discord.voice import USUAL_MANNERS, Manners
from rtvc_discord.voices import Voices

logger = logging.getLogger(__name__)

COMMANDS_FILE = "discord-commands.json"
"""In `paths.state_dir()`: which commands Discord was told of."""
LAST_WORDS_S = 1.0
"""How long replies may take once the bot is stopping."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the bot is told by the settings.

    Attributes:
        manners: How it behaves in voice channels.
        read_messages: Whether it asks for the messages of text channels, a privileged intent.
    """

    manners: Manners = USUAL_MANNERS
    read_messages: bool = False


class Bot(discord.Client):
    """Speaks in servers. Made on the event loop on which it runs.

    Args:
        host: Of the adapter.
        store: What servers and people have chosen.
        options: What the settings say.
        connector: Reaches Discord; tests put their own in.
        sharding: As discord.py's client takes it.

    Attributes:
        desk: What the commands work with.
        voices: Its voice in each server.
        tree: Its commands.
    """

    def __init__(
        self,
        host: Host,
        store: Store,
        options: Options,
        *,
        connector: aiohttp.BaseConnector | None = None,
        **sharding: Any,  # noqa: ANN401 - passed on
    ) -> None:
        super().__init__(
            intents=discord.Intents(
                guilds=True,
                voice_states=True,
                guild_messages=options.read_messages,
                message_content=options.read_messages,
            ),
            connector=connector,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            **sharding,
        )
        self.voices = Voices(self, host.engine, host.levels, options.manners)
        self.desk = Desk(
            host.engine,
            host.voices,
            self.voices,
            store,
            settings=host.settings,
            check=host.consent,
        )
        self.tree = _Tree(self)
        self.answering: set[asyncio.Task[Any]] = set()
        add_commands(self.tree, self.desk)

    async def setup_hook(self) -> None:
        """Tell Discord of the commands, if they are not those that it was told of last.

        Raises:
            OperatorError: If Discord does not take them.
        """
        told = paths.state_dir() / COMMANDS_FILE
        now = {str(self.application_id): self.tree.fingerprint()}
        if await asyncio.to_thread(_read, told) == now:
            return
        try:
            await self.tree.sync()
        except discord.HTTPException as error:
            raise OperatorError(f"Discord does not take the bot's commands: {error}") from error
        await asyncio.to_thread(_write, told, now)
        logger.info("Discord was told of the commands")

    async def close(self) -> None:
        """Leave every channel, let replies end, and leave Discord."""
        await self.voices.close()
        if self.answering:
            _, late = await asyncio.wait(self.answering, timeout=LAST_WORDS_S)
            for task in late:
                task.cancel()
        for task in self._becoming_ready():
            task.cancel()
        await super().close()
        for thread in threading.enumerate():
            # discord.py forgets a connection that had not yet identified itself, and its heart.
            if isinstance(thread, KeepAliveHandler) and thread.ws._connection is self._connection:
                thread.stop()
                await thread.ws.socket.close()

    def _becoming_ready(self) -> Iterator[asyncio.Task[None]]:
        """Yield what discord.py leaves running if it is closed before it was ready."""
        state = self._connection
        yield from getattr(state, "_ready_tasks", {}).values()  # of shards
        if state._ready_task is not None:
            yield state._ready_task

    def answers(self) -> None:
        """Let the present task end before the bot does."""
        if (task := asyncio.current_task()) is not None:
            self.answering.add(task)
            task.add_done_callback(self.answering.discard)

    async def on_error(
        self,
        event_method: str,
        /,
        *_args: Any,  # noqa: ANN401 - as discord.py calls it
        **_options: Any,  # noqa: ANN401 - as discord.py calls it
    ) -> None:
        """Say in the log where something broke that nobody expected, without its message."""
        if (error := sys.exception()) is not None:
            logger.error("%s failed: %s", event_method, whereabouts(error))

    async def on_ready(self) -> None:
        """Be in Discord, for the first time or again."""
        logger.info("in Discord, in %d servers", len(self.guilds))
        await self.voices.distrust()

    async def on_resumed(self) -> None:
        """Be in Discord again after the gateway was away."""
        await self.voices.distrust()

    async def on_message(self, message: discord.Message) -> None:
        """Read a message aloud, if that is what its server has chosen."""
        self.answers()
        await autoread.heard(self.desk, self, message)

    async def on_voice_state_update(
        self, member: discord.Member, _before: discord.VoiceState, _after: discord.VoiceState
    ) -> None:
        """Somebody came, went or moved."""
        self.voices.wake(member.guild)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """A channel is gone, perhaps the one the bot is in."""
        voice = self.voices.of(channel.guild)
        if voice.channel is not None and voice.channel.id == channel.id:
            await voice.leave()

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was taken out of a server."""
        await self.voices.forget(guild)


class ShardedBot(Bot, discord.AutoShardedClient):
    """The same over several connections, as Discord asks of bots in 2,500 servers and more."""


class _Tree(app_commands.CommandTree[Any]):
    async def interaction_check(self, interaction: discord.Interaction[Any]) -> bool:
        """Let every command pass; its answer may end before the bot does."""
        interaction.client.answers()
        return True

    def fingerprint(self) -> str:
        """Return what changes whenever a command does."""
        commands: Iterable[Any] = self.get_commands()
        told = sorted(json.dumps(each.to_dict(self), sort_keys=True) for each in commands)
        return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # then Discord is told again, which does no harm


def _write(path: Path, told: dict[str, str]) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(json.dumps(told), encoding="utf-8")
    except OSError as error:
        logger.warning("cannot write %s: %s", path, error.strerror)
