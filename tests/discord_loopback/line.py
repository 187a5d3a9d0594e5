"""A websocket that is written to in order and without waiting."""

import asyncio
import json
from typing import Any

from aiohttp import web

Json = dict[str, Any]


class Line:
    """One open websocket; what is sent on a closed one is dropped, as on a real network."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.open = True
        self._outbox: asyncio.Queue[str | bytes | tuple[int, bytes]] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write(), name="loopback websocket")

    def send(self, data: Json | bytes) -> None:
        """Send JSON, or bytes as they are."""
        if self.open:
            self._outbox.put_nowait(data if isinstance(data, bytes) else json.dumps(data))

    def close(self, code: int, reason: str = "") -> None:
        """Close with `code`, after what was sent before."""
        if self.open:
            self.open = False
            self._outbox.put_nowait((code, reason.encode()))

    async def end(self) -> None:
        """Let the writer go; the socket itself is its handler's."""
        self.open = False
        self._writer.cancel()
        await asyncio.wait({self._writer})

    async def _write(self) -> None:
        while True:
            item = await self._outbox.get()
            try:
                if isinstance(item, tuple):
                    await self.socket.close(code=item[0], message=item[1])
                    return
                if isinstance(item, bytes):
                    await self.socket.send_bytes(item)
                else:
                    await self.socket.send_str(item)
            except ConnectionError:
                self.open = False
                return
