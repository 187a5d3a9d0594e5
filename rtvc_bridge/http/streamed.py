"""A response that is sent as it is made, and given up when the client hangs up."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from rtvc_bridge.errors import RtvcBridgeError

logger = logging.getLogger(__name__)


class Streamed(Response):
    """Sends `pieces`; an error before the first is answered as a problem, one after cuts it off.

    Args:
        pieces: Closed as soon as the client hangs up.
        media_type: What they are.
        headers: Further ones.
    """

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        *,
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._pieces = pieces
        self._started = False
        self.status_code = 200
        self.media_type = media_type
        self.background = None
        self.init_headers({"cache-control": "no-store", **(headers or {})})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything, or stop at the client's wish."""
        sending = asyncio.create_task(self._send_all(send))
        hanging_up = asyncio.create_task(_hung_up(receive))
        try:
            await asyncio.wait({sending, hanging_up}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            given_up = not sending.done()
            sending.cancel()
            hanging_up.cancel()
            await asyncio.gather(sending, hanging_up, return_exceptions=True)
        if given_up:
            return
        try:
            sending.result()
        except RtvcBridgeError as error:
            if not self._started:
                raise
            # The server closes a connection whose last piece is missing, so that the client
            # does not take what it got for all of it.
            logger.info("%s was cut off: %s", scope["path"], type(error).__name__)

    async def _send_all(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        async with aclosing(self._pieces) as pieces:
            async for piece in pieces:
                if not self._started:
                    self._started = True
                    await send(start)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        if not self._started:
            await send(start)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
