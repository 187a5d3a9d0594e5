"""The server's life: bind, listen, announce, and end everything when cancelled."""

import asyncio
import logging
import socket

from rtvc_bridge import paths
from rtvc_bridge.config import Strict
from rtvc_bridge.http.app import application
from rtvc_bridge.http.credentials import token_in
from rtvc_bridge.http.guard import Rules
from rtvc_bridge.http.listening import bound, serving
from rtvc_bridge.http.settings import Settings
from rtvc_bridge.http.site import Site
from rtvc_bridge.plugins import Host

logger = logging.getLogger(__name__)

ADVICE = "host and port in [adapters.http]"


async def run(host: Host, settings: Strict) -> None:
    """Serve until cancelled.

    Raises:
        ConfigError: If the address or the token's file cannot be used.
        DeviceError: If the port is taken.
        StorageError: If the token cannot be kept.
    """
    assert isinstance(settings, Settings)
    token, token_file = await asyncio.to_thread(token_in, paths.state_dir(), fixed=settings.token)
    with await bound(settings.host, settings.port, advice=ADVICE) as sock:
        site = Site.opened(host, settings)
        app = application(site, Rules.of(settings, token))
        async with serving(app, sock, close=site.close):
            url = _url(sock, settings.host)
            host.announce(url, str(token_file))
            logger.info("listening on %s", url)
            async with asyncio.TaskGroup() as watching:
                watching.create_task(site.watch_adapters())
                watching.create_task(site.watch_levels())
                watching.create_task(site.watch_halts())


def _url(sock: socket.socket, host: str) -> str:
    """Return where clients on this computer reach it."""
    port = sock.getsockname()[1]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
