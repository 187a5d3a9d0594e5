"""Discord's REST API, as much of it as a speaking bot uses."""

import fnmatch
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from . import payloads
from .callbacks import Callbacks
from .line import Json
from .posts import Posts
from .replies import API, BROKEN, RECEIVED, Request, answer, refused

if TYPE_CHECKING:
    from .server import Loopback

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
FLAG_OF_INTENT = {"presences": 1 << 13, "members": 1 << 15, "message_content": 1 << 19}


@dataclass
class Refusal:
    """What to answer to the next requests that match, instead of doing them."""

    method: str
    pattern: str
    status: int
    times: int
    body: Json
    headers: dict[str, str] = field(default_factory=dict)


class Rest:
    """The REST API and the file server.

    Attributes:
        requests: Every request, in order.
        channels: What it did in channels.
    """

    def __init__(self, loopback: "Loopback") -> None:
        self._loopback = loopback
        self.requests: list[Request] = []
        self._callbacks = Callbacks(loopback)
        self.channels = Posts(loopback)
        self._refusals: list[Refusal] = []
        self._global_commands: list[Json] = []
        self._guild_commands: dict[str, list[Json]] = {}

    def refuse(self, method: str, pattern: str, status: int, times: int, body: Json) -> None:
        """Refuse the next `times` requests whose path matches a pattern such as "/users/*"."""
        headers = {"Via": "1.1 loopback"} if status == 429 else {}
        if "retry_after" in body:
            headers["Retry-After"] = str(body["retry_after"])
        self._refusals.append(Refusal(method, pattern, status, times, body, headers))

    def commands(self, guild_id: int) -> list[Json]:
        """Return the application commands that show in a guild."""
        return self._guild_commands.get(str(guild_id), []) + self._global_commands

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.middlewares.append(self._record)
        add = app.router.add_route
        add("GET", f"{API}/users/@me", self._me)
        add("GET", f"{API}/oauth2/applications/@me", self._application)
        add("GET", f"{API}/applications/@me", self._application)
        add("GET", f"{API}/gateway/bot", self._gateway)
        add("PUT", f"{API}/applications/{{app}}/commands", self._put_commands)
        add("GET", f"{API}/applications/{{app}}/commands", self._get_commands)
        add("PUT", f"{API}/applications/{{app}}/guilds/{{guild}}/commands", self._put_commands)
        add("GET", f"{API}/applications/{{app}}/guilds/{{guild}}/commands", self._get_commands)
        self._callbacks.add_to(app)
        self.channels.add_to(app)

    @property
    def posts(self) -> list[Json]:
        """The messages that the bot posted in channels."""
        return self.channels.messages

    @web.middleware
    async def _record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(API):
            return await handler(request)
        path = request.path.removeprefix(API)
        body, files = await _read(request)
        request[RECEIVED] = Request(time.perf_counter(), request.method, path, body, files)
        self.requests.append(request[RECEIVED])
        self._loopback.changes.note()
        refusal = self._refusal(request.method, path)
        if refusal is not None:
            return answer(refusal.body, refusal.status, refusal.headers)
        open_to_all = path.startswith(("/interactions/", "/webhooks/"))
        if not open_to_all and request.headers.get("Authorization") != f"Bot {self._token}":
            return refused(401, 0, "401: Unauthorized")
        try:
            return await handler(request)
        except web.HTTPException as error:
            self._loopback.wrong(f"REST {request.method} {path}: {error.reason}")
            return refused(error.status, 0, f"{error.status}: {error.reason}")
        except BROKEN as error:
            self._loopback.wrong(f"REST {request.method} {path}: {error!r}")
            raise

    @property
    def _token(self) -> str:
        return self._loopback.token

    def _refusal(self, method: str, path: str) -> Refusal | None:
        for refusal in self._refusals:
            if (
                refusal.times
                and refusal.method == method
                and fnmatch.fnmatch(path, refusal.pattern)
            ):
                refusal.times -= 1
                return refusal
        return None

    # Who the bot is

    async def _me(self, _: web.Request) -> web.Response:
        return answer(payloads.user_json(self._loopback.bot))

    async def _application(self, _: web.Request) -> web.Response:
        bot = self._loopback.bot
        flags = sum(FLAG_OF_INTENT[name] for name in self._loopback.privileged_intents)
        return answer(
            {
                "id": str(bot.id),
                "name": bot.name,
                "icon": None,
                "description": "",
                "summary": "",
                "bot_public": False,
                "bot_require_code_grant": False,
                "verify_key": "00" * 32,
                "flags": flags,
                "team": None,
                "owner": payloads.user_json(self._loopback.owner),
            }
        )

    async def _gateway(self, _: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 16}
        shards = self._loopback.shards
        return answer(
            {"url": "wss://gateway.discord.gg", "shards": shards, "session_start_limit": limit}
        )

    # Commands

    async def _put_commands(self, request: web.Request) -> web.Response:
        guild = request.match_info.get("guild")
        commands = [
            {"type": 1, "description": "", "default_member_permissions": None}
            | command
            | {"id": str(self._loopback.new_id()), "version": "1", "guild_id": guild}
            | {"application_id": str(self._loopback.bot.id)}
            for command in request[RECEIVED].body
        ]
        if guild is None:
            self._global_commands = commands
        else:
            self._guild_commands[guild] = commands
        self._loopback.changes.note()
        return answer(commands)

    async def _get_commands(self, request: web.Request) -> web.Response:
        guild = request.match_info.get("guild")
        if guild is None:
            return answer(self._global_commands)
        return answer(self._guild_commands.get(guild, []))


async def _read(request: web.Request) -> tuple[Any, dict[str, bytes]]:
    """Return the body's JSON and the files beside it."""
    if request.content_type == "application/json":
        return await request.json(), {}
    body, files = None, {}
    if request.content_type == "multipart/form-data":
        for name, part in (await request.post()).items():
            if isinstance(part, web.FileField):
                files[part.filename] = part.file.read()
            elif name == "payload_json":
                body = json.loads(str(part))
    return body, files
