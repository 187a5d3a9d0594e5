"""What every REST route shares: a request as it was received, and answers as Discord words them."""

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

API = "/api/v10"
# What a handler raises when the bot sends something that it cannot deal with
BROKEN = (AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True)
class Request:
    """One request that the bot made: its path is without API."""

    at_s: float
    method: str
    path: str
    body: Any
    files: dict[str, bytes]


RECEIVED = web.RequestKey("received", Request)


def answer(data: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return JSON; discord.py reads it only if the content type is exactly application/json."""
    return web.Response(
        body=json.dumps(data).encode(),
        status=status,
        headers={"Content-Type": "application/json"} | (headers or {}),
    )


def refused(status: int, code: int, message: str) -> web.Response:
    """Return an error as Discord words it."""
    return answer({"code": code, "message": message}, status)
