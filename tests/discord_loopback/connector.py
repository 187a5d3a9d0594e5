"""The way in: a connector that leads Discord's host names to the loopback, and no other name."""

import socket
import ssl

import aiohttp
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

HOSTS = ("discord.com", "gateway.discord.gg", "cdn.discordapp.com", "localhost")
VOICE_HOSTS = ".discord.media"


class Certificates:
    """A throw-away authority that vouches for Discord's names, and contexts that use it."""

    def __init__(self) -> None:
        self.authority = trustme.CA()
        self._issued = self.authority.issue_cert(*HOSTS, f"*{VOICE_HOSTS}")

    def server(self) -> ssl.SSLContext:
        """Return what the loopback serves with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._issued.configure_cert(context)
        return context

    @property
    def pem(self) -> str:
        """The authority, as a client in another process has to be told of it."""
        return self.authority.cert_pem.bytes().decode()


class Resolver(AbstractResolver):
    """Answers with the loopback's address and port; any other name is a leak.

    Attributes:
        leaks: The names that were asked for and that Discord does not own.
    """

    def __init__(self, port: int, leaks: list[str]) -> None:
        self._port = port
        self.leaks = leaks

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return where `host` is played: aiohttp takes the port from here too."""
        if host not in HOSTS and not host.endswith(VOICE_HOSTS):
            self.leaks.append(host)
            msg = f"a test tried to leave the machine: {host}"
            raise OSError(msg)
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=self._port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


def connector(port: int, pem: str, leaks: list[str]) -> aiohttp.TCPConnector:
    """Return what the bot under test is given as `connector=`; it trusts that authority only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    return aiohttp.TCPConnector(
        resolver=Resolver(port, leaks), ssl=context, limit=0, use_dns_cache=False
    )
