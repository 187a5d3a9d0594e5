"""The loopback Discord: one object that is started before the bot and ended after it."""

import itertools
import secrets
import time
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from . import opus
from .changes import Changes
from .connector import VOICE_HOSTS, Certificates, connector
from .dave import Delivery
from .gateway import Gateway
from .line import Json, Line
from .messages import Attachment
from .people import User
from .places import Channel, Guild
from .press import Press
from .replies import BROKEN
from .rest import Rest
from .voicegateway import VoiceGateway
from .voicesession import VoiceSession

EPOCH_MS = 1_420_070_400_000  # Discord's ids count milliseconds from 2015
MOST_BYTES = 64 << 20


class Loopback:
    """A Discord in this process, to which the real discord.py connects.

    Args:
        dave: Whether calls are end-to-end encrypted (E2EE), as Discord's are.
        handshake_s: How long each message of an E2EE handshake takes.
        shards: Into how many shards the guilds are divided.
        privileged_intents: Those that the developer portal would show as switched on.

    Attributes:
        guilds: Every guild that the bot is in.
        gateway: The main gateway, and what can go wrong with it.
        rest: The REST API, and what was asked of it.
        presses: Every interaction by its token.
        messages: Every message that a user wrote.
        leaks: Host names outside Discord that the bot asked for.
        problems: What a real Discord would have understood or refused, and this one does not know.
    """

    def __init__(
        self,
        *,
        dave: bool = False,
        handshake_s: float = 0.0,
        shards: int = 1,
        privileged_intents: tuple[str, ...] = (),
    ) -> None:
        self.dave = dave
        self.handshake_s = handshake_s
        self.shards = shards
        self.privileged_intents = privileged_intents
        self.token = f"loopback.{secrets.token_hex(8)}"
        self.changes = Changes()
        self._count = itertools.count()
        self.bot = User(self.new_id(), "bridge", bot=True)
        self.owner = User(self.new_id(), "owner")
        self.guilds: list[Guild] = []
        self.presses: dict[str, Press] = {}
        self.messages: list[Json] = []
        self.attachments: dict[int, Attachment] = {}
        self.lines: list[Line] = []
        self.leaks: list[str] = []
        self.problems: list[str] = []
        self.gateway = Gateway(self)
        self.rest = Rest(self)
        self.certificates = Certificates()
        self.port = 0

    async def __aenter__(self) -> Self:
        opus.library()
        self.voice = VoiceGateway(self)
        app = web.Application(client_max_size=MOST_BYTES)
        self.rest.add_to(app)
        app.router.add_get("/", self._websocket)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.certificates.server())
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for line in list(self.lines):
            line.close(1001, "the loopback ends")
        await self._runner.cleanup()
        self.voice.udp.close()
        for line in list(self.lines):
            await line.end()
        for guild in self.guilds:
            await guild.call.end()
        if kind is None and (self.leaks or self.problems):
            msg = f"leaks: {self.leaks}; not understood: {self.problems}"
            raise AssertionError(msg)

    def connector(self) -> aiohttp.TCPConnector:
        """Return what the bot under test takes as `connector=`; call it in the bot's loop."""
        return connector(self.port, self.certificates.pem, self.leaks)

    def add_guild(self, name: str, *, owner: str | User = "owner") -> Guild:
        """Make a guild with the bot in it."""
        if isinstance(owner, str):
            owner = self.owner if owner == "owner" else User(self.new_id(), owner)
        guild = Guild(self, name, owner)
        self.guilds.append(guild)
        guild.appear()
        return guild

    def add_attachment(
        self,
        filename: str,
        content: bytes,
        content_type: str = "audio/wav",
        *,
        voice_seconds: float | None = None,
    ) -> Attachment:
        """Make a file that a user can attach, and serve it."""
        attachment = Attachment(self.new_id(), filename, content, content_type, voice_seconds)
        self.attachments[attachment.id] = attachment
        return attachment

    def refuse(
        self,
        method: str,
        pattern: str,
        *,
        status: int = 429,
        retry_after_s: float = 0.1,
        code: int = 0,
        message: str = "You are being rate limited.",
        times: int = 1,
    ) -> None:
        """Refuse the next requests whose path matches, such as "/interactions/*/callback"."""
        body: Json = {"code": code, "message": message}
        if status == 429:
            body |= {"retry_after": retry_after_s, "global": False}
        self.rest.refuse(method, pattern, status, times, body)

    async def ready(self) -> None:
        """Wait until every shard of the bot has identified itself."""
        await self.changes.until(lambda: self.gateway.connected >= self.shards, "the bot")

    def new_id(self) -> int:
        """Return a snowflake of now, which no other thing here has."""
        return (int(time.time() * 1000) - EPOCH_MS << 22) + (next(self._count) << 22)

    def guild(self, guild_id: int) -> Guild:
        """Return the guild with this id."""
        for guild in self.guilds:
            if guild.id == guild_id:
                return guild
        msg = f"the bot is in no guild {guild_id}"
        raise LookupError(msg)

    def channel(self, channel_id: int) -> Channel:
        """Return the channel with this id."""
        for guild in self.guilds:
            for channel in guild.channels:
                if channel.id == channel_id:
                    return channel
        msg = f"the bot sees no channel {channel_id}"
        raise LookupError(msg)

    def commands(self, guild: Guild) -> list[Json]:
        """Return the application commands that show in the guild."""
        return self.rest.commands(guild.id)

    def group_of(self, session: VoiceSession) -> Delivery:
        """Return the E2EE group that a voice connection belongs to."""
        return session.member.guild.call.group(session.channel)

    def wrong(self, problem: str) -> None:
        """Note what this Discord does not know; the end of the test fails with it."""
        self.problems.append(problem)

    async def _websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Serve either kind of gateway; as on the real thing, the host name tells them apart."""
        host = request.host.split(":")[0]
        voice = host.endswith(VOICE_HOSTS) or host == "localhost"
        try:
            return await (self.voice if voice else self.gateway).serve(request)
        except BROKEN as error:
            self.wrong(f"a websocket of {host}: {error!r}")
            raise
