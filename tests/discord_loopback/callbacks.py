"""The REST routes by which the bot answers interactions."""

import time
from typing import TYPE_CHECKING

from aiohttp import web

from . import payloads
from .line import Json
from .press import EPHEMERAL, KINDS, Answer, Press
from .replies import API, RECEIVED, answer, refused

if TYPE_CHECKING:
    from .server import Loopback

ACKNOWLEDGE_S = 3.0
UNKNOWN_INTERACTION, ALREADY_ACKNOWLEDGED = 10_062, 40_060
INVALID_WEBHOOK, UNKNOWN_MESSAGE = 50_027, 10_008


class Callbacks:
    """Takes the bot's answers and keeps them with the press that they answer."""

    def __init__(self, loopback: "Loopback") -> None:
        self._loopback = loopback

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        webhook = f"{API}/webhooks/{{app}}/{{token}}"
        app.router.add_post(f"{API}/interactions/{{id}}/{{token}}/callback", self._callback)
        app.router.add_post(webhook, self._followup)
        app.router.add_route("*", f"{webhook}/messages/{{id}}", self._followup_message)

    async def _callback(self, request: web.Request) -> web.Response:
        press = self._loopback.presses.get(request.match_info["token"])
        late = press is not None and time.perf_counter() - press.sent_s > ACKNOWLEDGE_S
        if press is None or press.expired or late:
            return refused(404, UNKNOWN_INTERACTION, "Unknown interaction")
        if press.answers:
            return refused(400, ALREADY_ACKNOWLEDGED, "Interaction has already been acknowledged.")
        body = request[RECEIVED].body
        kind = KINDS[body["type"]]
        data = body.get("data") or {}
        resource: Json = {"type": body["type"]}
        if kind == "message":
            press.original = resource["message"] = self._written(press, data)
        elif kind == "deferred":
            press.original = self._written(press, data)
        elif kind == "update":
            assert press.original is not None
            press.original.update(data)
        self._answered(press, kind, request)
        interaction = {"id": request.match_info["id"], "type": 2}
        interaction["response_message_loading"] = kind == "deferred"
        interaction["response_message_ephemeral"] = bool(data.get("flags", 0) & EPHEMERAL)
        if press.original is not None:
            interaction["response_message_id"] = press.original["id"]
        return answer({"interaction": interaction, "resource": resource})

    async def _followup(self, request: web.Request) -> web.Response:
        press = self._loopback.presses.get(request.match_info["token"])
        if press is None or press.expired:
            return refused(401, INVALID_WEBHOOK, "Invalid Webhook Token")
        message = self._written(press, request[RECEIVED].body)
        press.followups.append(message)
        self._answered(press, "followup", request)
        return answer(message)

    async def _followup_message(self, request: web.Request) -> web.Response:
        press = self._loopback.presses.get(request.match_info["token"])
        if press is None or press.expired:
            return refused(401, INVALID_WEBHOOK, "Invalid Webhook Token")
        wanted = request.match_info["id"]
        messages = [press.original] if press.original else []
        messages += press.followups
        message = next((m for m in messages if wanted in ("@original", m["id"])), None)
        if message is None:
            return refused(404, UNKNOWN_MESSAGE, "Unknown Message")
        if request.method == "DELETE":
            message.update(content="", embeds=[], components=[])
            self._answered(press, "delete", request)
            return web.Response(status=204)
        if request.method == "PATCH":
            message.update(request[RECEIVED].body)
            self._answered(press, "edit", request)
        return answer(message)

    def _written(self, press: Press, data: Json) -> Json:
        message = payloads.message_json(self._loopback.new_id(), press.channel, self._loopback.bot)
        message["webhook_id"] = str(self._loopback.bot.id)
        return message | {name: value for name, value in data.items() if name != "attachments"}

    def _answered(self, press: Press, kind: str, request: web.Request) -> None:
        body, files = request[RECEIVED].body or {}, request[RECEIVED].files
        press.answers.append(Answer(time.perf_counter(), kind, body, files))
        if press.original is not None and kind != "followup":
            press.history.append(press.text)
        self._loopback.changes.note()
