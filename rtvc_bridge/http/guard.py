"""Who may ask, from where, how much and how often. Before anything else looks at a request."""

import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rtvc_bridge.http.problems import problem
from rtvc_bridge.http.settings import MIB, Settings

HEALTH = "/v1/health"
HALT = "/v1/halt"
"""Never too often: it is what stops a program that asks too often."""
UPLOADS = frozenset({"/v1/detect", "/v1/voices", "/v1/voices/import"})
UPLOAD = re.compile("/v1/voices/.*/consent", re.DOTALL)
"""One more, for each voice."""

SMALL_BODY_BYTES = MIB
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Rate:
    """Says yes `per_minute` times a minute, all of them at once if need be.

    Args:
        per_minute: How often.
        clock: Seconds, as time.monotonic gives them.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._left = self._most
        self._clock = clock
        self._at = clock()

    def allows(self) -> bool:
        """Return whether one more is in order now, and count it."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self._most / 60)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass(frozen=True, slots=True)
class Rules:
    """What the guard lets in.

    Attributes:
        token: The bearer token.
        hosts: Names under which the server may be called.
        origins: Web pages that may use it, besides its own.
        max_body_bytes: Largest upload.
        rate: How often.
    """

    token: str
    hosts: frozenset[str]
    origins: frozenset[str]
    max_body_bytes: int
    rate: Rate

    @classmethod
    def of(cls, settings: Settings, token: str) -> "Rules":
        """Return the rules that the settings make."""
        names = {*LOOPBACK_NAMES, settings.host, *settings.allowed_hosts}
        return cls(
            token=token,
            hosts=frozenset(name.lower() for name in names),
            origins=frozenset(origin.lower().rstrip("/") for origin in settings.allowed_origins),
            max_body_bytes=settings.max_body_bytes,
            rate=Rate(settings.requests_per_minute),
        )


class Guard:
    """Lets through what keeps to `rules`, and answers the rest with a problem.

    Args:
        app: Behind it.
        rules: What is let in.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = (
            self._wrong_host(headers)
            or self._wrong_origin(headers)
            or self._stranger(scope, headers)
            or self._too_large(scope, headers)
        )
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self._app(scope, _bounded(receive, self._limit(scope)), send)

    def _wrong_host(self, headers: Headers) -> Response | None:
        """Refuse other names: a web page may have pointed its own at this computer."""
        hosts = headers.getlist("host")
        if len(hosts) == 1 and _hostname(hosts[0]) in self._rules.hosts:
            return None
        return problem(
            421,
            "This server is not called that. To call it by another name, add the name to "
            "allowed_hosts in [adapters.http].",
        )

    def _wrong_origin(self, headers: Headers) -> Response | None:
        """Refuse foreign web pages: browsers name the page that asks."""
        for origin in headers.getlist("origin"):
            own = origin.lower() == f"http://{headers['host'].lower()}"
            if not own and origin.lower() not in self._rules.origins:
                return problem(
                    403,
                    "Web pages may not use this server. To allow one, add its origin to "
                    "allowed_origins in [adapters.http].",
                )
        return None

    def _stranger(self, scope: Scope, headers: Headers) -> Response | None:
        if scope["path"] == HEALTH or _preflight(scope, headers):
            return None
        scheme, _, token = headers.get("authorization", "").partition(" ")
        known = hmac.compare_digest(token.strip().encode(), self._rules.token.encode())
        if scheme.lower() != "bearer" or not known:
            return problem(
                401,
                "Send the header `Authorization: Bearer TOKEN`; the token is in the file "
                "`token` of the daemon's state folder.",
                headers={"www-authenticate": 'Bearer realm="rtvc-bridge"'},
            )
        if scope["path"] != HALT and not self._rules.rate.allows():
            return problem(
                429, "That is too many requests; try again soon.", headers={"retry-after": "1"}
            )
        return None

    def _too_large(self, scope: Scope, headers: Headers) -> Response | None:
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length[:20]) <= self._limit(scope):
            return None
        return problem(413, _too_large(self._limit(scope)), headers={"connection": "close"})

    def _limit(self, scope: Scope) -> int:
        path: str = scope["path"]
        large = path in UPLOADS or UPLOAD.fullmatch(path)
        return self._rules.max_body_bytes if large else SMALL_BODY_BYTES


def _hostname(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _preflight(scope: Scope, headers: Headers) -> bool:
    """Browsers ask without a token whether they may ask; the origin was allowed by then."""
    return (
        scope["method"] == "OPTIONS"
        and "origin" in headers
        and "access-control-request-method" in headers
    )


def _too_large(limit_bytes: int) -> str:
    return f"That is too large; this address takes at most {limit_bytes:,} bytes."


def _bounded(receive: Receive, limit_bytes: int) -> Receive:
    """Return `receive`, refusing a body that grows beyond its limit without having said so."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit_bytes:
            raise HTTPException(413, _too_large(limit_bytes), {"connection": "close"})
        return message

    return counted
