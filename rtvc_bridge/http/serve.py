"""The server's life: bind, listen, announce, and end everything when cancelled."""

import asyncio
import contextlib
import errno
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import uvicorn

from rtvc_bridge import paths
from rtvc_bridge.config import Strict
from rtvc_bridge.errors import ConfigError, DeviceError
from rtvc_bridge.http.app import application
from rtvc_bridge.http.credentials import token_in
from rtvc_bridge.http.guard import Rules
from rtvc_bridge.http.settings import Settings
from rtvc_bridge.http.site import Site
from rtvc_bridge.plugins import Host

logger = logging.getLogger(__name__)

_GRACE_S = 1
_BACKLOG = 512


async def run(host: Host, settings: Strict) -> None:
    """Serve until cancelled.

    Raises:
        ConfigError: If the address or the token's file cannot be used.
        DeviceError: If the port is taken.
        StorageError: If the token cannot be kept.
    """
    assert isinstance(settings, Settings)
    token, token_file = await asyncio.to_thread(token_in, paths.state_dir(), fixed=settings.token)
    with await bound(settings.host, settings.port) as sock:
        site = Site.opened(host, settings)
        server = _Server(_config(application(site, Rules.of(settings, token))))
        async with _serving(server, sock, site):
            url = _url(sock, settings.host)
            host.announce(url, str(token_file))
            logger.info("listening on %s", url)
            async with asyncio.TaskGroup() as watching:
                watching.create_task(site.watch_adapters())
                watching.create_task(site.watch_levels())


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


async def bound(host: str, port: int) -> socket.socket:
    """Return a socket bound to that address; port 0 takes any free one.

    Raises:
        ConfigError: If this computer has no such address, or may not use that port.
        DeviceError: If another program has the port.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        msg = f"There is no address {host!r}: {error.strerror}. Set host in [adapters.http]."
        raise ConfigError(msg) from error
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
            msg = (
                f"Port {port} on {host} is taken by another program. End that one, or set "
                "another port in [adapters.http]."
            )
            raise DeviceError(msg) from error
        msg = (
            f"Cannot listen on {host} port {port}: {error.strerror}. "
            "Set host and port in [adapters.http]."
        )
        raise ConfigError(msg) from error
    return sock


def _config(app: Callable[..., Any]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # its tracebacks could quote people's words; ours are logged
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )


def _url(sock: socket.socket, host: str) -> str:
    """Return where clients on this computer reach it."""
    port = sock.getsockname()[1]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


@contextlib.asynccontextmanager
async def _serving(server: _Server, sock: socket.socket, site: Site) -> AsyncIterator[None]:
    """Serve while the block lasts, and end every stream and connection after it."""
    serving = asyncio.create_task(server.serve([sock]))
    try:
        await server.listening.wait()
        yield
    finally:
        server.should_exit = True
        await site.close()
        await serving
        for connection in list(server.server_state.connections):
            connection.transport.abort()  # of a client that takes nothing any more
