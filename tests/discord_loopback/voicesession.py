"""One client's voice connection: websocket, transport key and UDP address."""

import secrets
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .line import Json, Line
from .rtp import Header, sealed
from .udp import Address, Udp

if TYPE_CHECKING:
    from .people import Member
    from .places import Channel

KEY_BYTES = 32


@dataclass(eq=False)
class VoiceSession:
    """One client's connection to a voice server.

    Attributes:
        channel: The channel that it was made for.
        mode: How its packets are sealed; None until the client chose.
        address: Where its packets go, once discovered.
        speaking: Each SPEAKING that it sent.
        identify: What its IDENTIFY said.
    """

    member: "Member"
    channel: "Channel"
    line: Line
    udp: Udp
    ssrc: int
    identify: Json
    key: bytes = field(default_factory=lambda: secrets.token_bytes(KEY_BYTES), repr=False)
    mode: str | None = None
    address: Address | None = None
    speaking: list[int] = field(default_factory=list)
    _sequence: int = 0
    _nonce: int = 0

    @property
    def up(self) -> bool:
        """Whether its websocket is open: media is taken only then."""
        return self.line.open

    @property
    def user_id(self) -> int:
        """Whose it is."""
        return self.member.user.id

    def send(self, op: int, data: Json | None) -> None:
        """Send a JSON message."""
        self.line.send({"op": op, "d": data, "seq": self._next()})

    def send_binary(self, op: int, payload: bytes) -> None:
        """Send a binary message, as DAVE's handshakes use."""
        self.line.send(struct.pack(">HB", self._next(), op) + payload)

    def close(self, code: int, reason: str = "") -> None:
        """Close the websocket."""
        self.line.close(code, reason)

    def forward(self, header: Header, payload: bytes) -> None:
        """Send another client's packet on, sealed for this one."""
        if self.address is not None and self.mode is not None:
            self._nonce += 1
            self.udp.send(sealed(self.mode, self.key, header, payload, self._nonce), self.address)

    def _next(self) -> int:
        self._sequence = (self._sequence + 1) & 0xFFFF
        return self._sequence
