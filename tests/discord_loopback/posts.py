"""The REST routes for messages in channels, members, and files."""

from typing import TYPE_CHECKING

from aiohttp import web

from . import payloads
from .line import Json
from .replies import API, RECEIVED, answer, refused

if TYPE_CHECKING:
    from .server import Loopback

MISSING_PERMISSIONS, UNKNOWN_MESSAGE, UNKNOWN_MEMBER = 50_013, 10_008, 10_007


class Posts:
    """Takes what the bot posts, and serves what it asks for.

    Attributes:
        messages: The messages that the bot posted.
        reactions: The id of each message that it reacted to, and the emoji.
    """

    def __init__(self, loopback: "Loopback") -> None:
        self._loopback = loopback
        self.messages: list[Json] = []
        self.reactions: list[tuple[int, str]] = []

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        add = app.router.add_route
        message = f"{API}/channels/{{channel}}/messages/{{id}}"
        add("POST", f"{API}/channels/{{channel}}/messages", self._post)
        add("GET", message, self._get)
        add("PATCH", message, self._edit)
        add("DELETE", message, self._delete)
        add("PUT", f"{message}/reactions/{{emoji}}/@me", self._react)
        add("POST", f"{API}/channels/{{channel}}/typing", self._typing)
        add("GET", f"{API}/guilds/{{guild}}/members/{{user}}", self._member)
        add("GET", "/attachments/{id}/{name}", self._attachment)

    async def _post(self, request: web.Request) -> web.Response:
        channel = self._loopback.channel(int(request.match_info["channel"]))
        if not channel.guild.me.may(channel, "view_channel", "send_messages"):
            return refused(403, MISSING_PERMISSIONS, "Missing Permissions")
        message = payloads.message_json(self._loopback.new_id(), channel, self._loopback.bot)
        body = request[RECEIVED].body
        message |= {name: value for name, value in body.items() if name != "attachments"}
        self.messages.append(message)
        self._loopback.changes.note()
        return answer(message)

    def _found(self, request: web.Request) -> Json | None:
        wanted = request.match_info["id"]
        every = [*self._loopback.messages, *self.messages]
        return next((message for message in every if message["id"] == wanted), None)

    async def _get(self, request: web.Request) -> web.Response:
        message = self._found(request)
        return answer(message) if message else refused(404, UNKNOWN_MESSAGE, "Unknown Message")

    async def _edit(self, request: web.Request) -> web.Response:
        message = self._found(request)
        if message is None:
            return refused(404, UNKNOWN_MESSAGE, "Unknown Message")
        message.update(request[RECEIVED].body)
        self._loopback.changes.note()
        return answer(message)

    async def _delete(self, request: web.Request) -> web.Response:
        message = self._found(request)
        if message is None:
            return refused(404, UNKNOWN_MESSAGE, "Unknown Message")
        if message in self.messages:
            self.messages.remove(message)
        self._loopback.changes.note()
        return web.Response(status=204)

    async def _react(self, request: web.Request) -> web.Response:
        self.reactions.append((int(request.match_info["id"]), request.match_info["emoji"]))
        self._loopback.changes.note()
        return web.Response(status=204)

    async def _typing(self, _: web.Request) -> web.Response:
        return web.Response(status=204)

    async def _member(self, request: web.Request) -> web.Response:
        guild = self._loopback.guild(int(request.match_info["guild"]))
        for member in guild.members:
            if str(member.user.id) == request.match_info["user"]:
                return answer(payloads.member_json(member))
        return refused(404, UNKNOWN_MEMBER, "Unknown Member")

    async def _attachment(self, request: web.Request) -> web.Response:
        attachment = self._loopback.attachments.get(int(request.match_info["id"]))
        if attachment is None:
            return web.Response(status=404)
        return web.Response(body=attachment.content, content_type=attachment.content_type)
