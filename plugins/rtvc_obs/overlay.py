"""The overlay: a page for a browser source that shows what is said, by whom and how loud.

A browser source can send no header, so the address itself is the secret: 256 random bits in its
path. Whoever has it can read captions, and nothing else.
"""

import asyncio
import contextlib
import hmac
import json
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from rtvc_bridge import paths
from rtvc_bridge.errors import StorageError
from rtvc_bridge.http.credentials import token_in
from rtvc_bridge.http.listening import bound, serving
from rtvc_bridge.levels import Levels
from rtvc_obs.settings import Settings
from rtvc_obs.timeline import Caption, Show

HOST = "127.0.0.1"
ADVICE = "another overlay_port in [adapters.obs], and the browser source's address with it"
MAX_WATCHERS = 16
KEPT_EVENTS = 256
HEARTBEAT_S = 15.0
LEVEL_S = 0.06
_TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Board:
    """What the pages show now. Made and used on the event loop."""

    def __init__(self) -> None:
        self._watchers: set[asyncio.Queue[bytes | None]] = set()
        self._now = _event("caption", None)

    def show(self, caption: Caption | None) -> None:
        """Let every page show it."""
        shown = caption and {"text": caption.text, "voice": caption.voice, "lane": caption.lane}
        self._now = _event("caption", shown)
        self._spread(self._now)

    async def meter(self, levels: Levels, lanes: list[str]) -> None:
        """Let every page show how loud it is, until cancelled."""
        sounded = False
        while True:
            await asyncio.sleep(LEVEL_S)
            loud = [db for lane, db in levels.read().items() if lane in lanes]
            if loud or sounded:
                self._spread(_event("level", {"db": round(max(loud), 1) if loud else None}))
            sounded = bool(loud)

    def close(self) -> None:
        """End every page's stream."""
        for watcher in list(self._watchers):
            self._end(watcher)

    async def events(self) -> AsyncIterator[bytes]:
        """Yield what is shown, and then each change."""
        watcher: asyncio.Queue[bytes | None] = asyncio.Queue(KEPT_EVENTS)
        self._watchers.add(watcher)
        try:
            yield self._now
            while True:
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        event = await watcher.get()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if event is None:
                    return
                yield event
        finally:
            self._watchers.discard(watcher)

    @property
    def full(self) -> bool:
        """Whether no more pages are served."""
        return len(self._watchers) >= MAX_WATCHERS

    def _spread(self, event: bytes) -> None:
        for watcher in list(self._watchers):
            try:
                watcher.put_nowait(event)
            except asyncio.QueueFull:  # it reads no more; a page connects anew by itself
                self._end(watcher)

    def _end(self, watcher: asyncio.Queue[bytes | None]) -> None:
        self._watchers.discard(watcher)
        while not watcher.empty():
            watcher.get_nowait()
        watcher.put_nowait(None)


@contextlib.asynccontextmanager
async def served(levels: Levels, settings: Settings) -> AsyncIterator[tuple[Show, str]]:
    """Serve the page while the block lasts; gives what shows a caption, and the address.

    Raises:
        DeviceError: If the port is taken.
        ConfigError, StorageError: If the address's secret cannot be kept.
    """
    board = Board()

    async def close() -> None:
        board.close()

    with await bound(HOST, settings.overlay_port, advice=ADVICE) as listening:
        port = listening.getsockname()[1]
        token, address = await asyncio.to_thread(_kept_address, port)
        metering = asyncio.create_task(board.meter(levels, settings.lanes))
        try:
            async with serving(application(board, token), listening, close=close):
                yield board.show, address
        finally:
            metering.cancel()
            await asyncio.gather(metering, return_exceptions=True)


def address_file() -> Path:
    """Return where the address stands while the page is served, for this user's eyes only."""
    return paths.state_dir() / "obs-overlay" / "address"


def _kept_address(port: int) -> tuple[str, str]:
    """Return the secret part, made on the first call, and the address, which is left in a file.

    Raises:
        ConfigError, StorageError: If they cannot be read or kept.
    """
    file = address_file()
    token, _ = token_in(file.parent)
    address = f"http://{HOST}:{port}/{token}/"
    try:
        file.touch(mode=0o600)
        file.write_text(address, encoding="ascii")
    except OSError as error:
        msg = f"Cannot write {file}: {error.strerror}."
        raise StorageError(msg) from error
    return token, address


def application(board: Board, token: str) -> Starlette:
    """Return the page as an ASGI application that answers below /`token`/ only."""
    folder = files("rtvc_obs") / "page"

    def known(request: Request) -> bool:
        return hmac.compare_digest(request.path_params["token"].encode(), token.encode())

    async def page(request: Request) -> Response:
        name = request.path_params.get("name") or "index.html"
        content = {each.name: each for each in folder.iterdir()}
        if not known(request) or name not in content:
            return Response(status_code=404, headers=_HEADERS)
        kind = _TYPES[Path(name).suffix]
        return Response(content[name].read_bytes(), media_type=kind, headers=_HEADERS)

    async def events(request: Request) -> Response:
        if not known(request):
            return Response(status_code=404, headers=_HEADERS)
        if board.full:
            return Response(status_code=503, headers=_HEADERS)
        return StreamingResponse(board.events(), media_type="text/event-stream", headers=_HEADERS)

    return Starlette(
        routes=[
            Route("/{token}/events", events),
            Route("/{token}/", page),
            Route("/{token}/{name}", page),
        ],
        # Another name than this would be a web page that lets its own name point here.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )


def _event(name: str, data: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
