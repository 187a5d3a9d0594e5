"""[adapters.http]: where the API listens, for whom, and how much."""

import ipaddress
from typing import Self

from pydantic import Field, model_validator

from rtvc_bridge.config import Strict

LEAST_TOKEN_CHARS = 16
MIB = 2**20


class Settings(Strict):
    """[adapters.http]."""

    host: str = Field(default="127.0.0.1", min_length=1)
    """Address to listen on. Beyond 127.0.0.1 other computers can reach it: set `token` too."""

    port: int = Field(default=7878, ge=0, le=65535)
    """Port to listen on; 0 takes any free one."""

    token: str = ""
    """What clients must show; empty makes one at the first start, in a file for you alone."""

    allowed_hosts: tuple[str, ...] = ()
    """More names, without port, under which clients may call this computer."""

    allowed_origins: tuple[str, ...] = ()
    """Web pages that may use the API, for example "https://example.org"."""

    max_body_bytes: int = Field(default=64 * MIB, ge=MIB)
    """Largest upload of recordings or voice files; every other request is held to 1 MiB."""

    max_streams: int = Field(default=64, gt=0)
    """Most requests for sound that are served at once."""

    max_watchers: int = Field(default=256, gt=0)
    """Most clients that watch the live status at once."""

    requests_per_minute: int = Field(default=6000, gt=0)
    """Most requests that are answered per minute, all clients together."""

    @property
    def loopback(self) -> bool:
        """Whether only this computer can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.token and (len(self.token) < LEAST_TOKEN_CHARS or not self.token.isascii()):
            msg = f"want a token of at least {LEAST_TOKEN_CHARS} plain characters"
            raise ValueError(msg)
        if self.token and not (self.token.isprintable() and " " not in self.token):
            msg = "want a token without spaces"
            raise ValueError(msg)
        if not self.loopback and not self.token:
            msg = (
                f"host {self.host!r} lets other computers speak in your voices and steer the "
                "queue, and what they send is not encrypted. If you want that, set `token` to a "
                f"secret of at least {LEAST_TOKEN_CHARS} characters; else leave `host` out"
            )
            raise ValueError(msg)
        return self
