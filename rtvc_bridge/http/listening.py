"""A web application on a socket of its own, for as long as an adapter runs."""

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import uvicorn

from rtvc_bridge.errors import ConfigError, DeviceError

_GRACE_S = 1
_BACKLOG = 512


async def bound(host: str, port: int, *, advice: str) -> socket.socket:
    """Return a socket bound to that address; port 0 takes any free one.

    Args:
        host: A name or an address of this computer.
        port: Where it listens.
        advice: What to set if that cannot be, for example "another port in [adapters.http]".

    Raises:
        ConfigError: If this computer has no such address, or may not use that port.
        DeviceError: If another program has the port.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigError(
            f"There is no address {host!r}: {error.strerror}. Set {advice}."
        ) from error
    family, kind, protocol, _, address = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # on Windows it would let two programs share the port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise DeviceError(
                f"Port {port} on {host} is taken by another program. End that one, or set {advice}."
            ) from error
        raise ConfigError(
            f"Cannot listen on {host} port {port}: {error.strerror}. Set {advice}."
        ) from error
    return sock


@contextlib.asynccontextmanager
async def serving(
    app: Callable[..., Any], sock: socket.socket, *, close: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    """Serve `app` on `sock` while the block lasts; then `close` ends its streams, and all end."""
    server = _Server(_config(app))
    running = asyncio.create_task(server.serve([sock]))
    try:
        await server.listening.wait()
        yield
    finally:
        server.should_exit = True
        await close()
        await running
        for connection in list(server.server_state.connections):
            connection.transport.abort()  # of a client that takes nothing any more


class _Server(uvicorn.Server):
    """Leaves signals to the daemon, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self.listening.set()


def _config(app: Callable[..., Any]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # its tracebacks could quote people's words or a secret address
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
