"""The voice servers' UDP port: address discovery, and packets with the machine's arrival times."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable

Address = tuple[str, int]
DISCOVERY = struct.Struct(">HHI64sH")
DISCOVERY_S = 0.01  # discord.py listens for the answer only after it asked; 0 ms would be too soon
_TIMESTAMPNS = 35  # SO_TIMESTAMPNS, which Python's socket module does not name
_TIMESPEC = struct.Struct("@qq")


class Udp:
    """One UDP port on 127.0.0.1.

    Args:
        discovered: Called with the SSRC and the sender's address of each discovery.
        received: Called with each other datagram and when the machine received it, which a busy
            event loop does not make later.
    """

    def __init__(
        self,
        discovered: Callable[[int, Address], None],
        received: Callable[[bytes, float], None],
    ) -> None:
        self._discovered = discovered
        self._received = received
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._loop.add_reader(self._socket, self._read)

    def send(self, datagram: bytes, address: Address) -> None:
        """Send one datagram; on a closed port it is lost."""
        if self._socket.fileno() >= 0:
            self._socket.sendto(datagram, address)

    def close(self) -> None:
        """Close the port."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        while True:
            try:
                data, control, _, address = self._socket.recvmsg(4096, 64)
            except BlockingIOError:
                return
            if len(data) == DISCOVERY.size and data[:2] == b"\x00\x01":
                self._discover(data, address)
            else:
                self._received(data, _arrival_s(control))

    def _discover(self, data: bytes, address: Address) -> None:
        ssrc = DISCOVERY.unpack(data)[2]
        self._discovered(ssrc, address)
        answer = DISCOVERY.pack(2, 70, ssrc, address[0].encode(), address[1])
        self._loop.call_later(DISCOVERY_S, self.send, answer, address)


def _arrival_s(control: list[tuple[int, int, bytes]]) -> float:
    """Return the arrival on the clock of time.perf_counter."""
    now = time.perf_counter()
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, _TIMESTAMPNS):
            seconds, nanoseconds = map(int, _TIMESPEC.unpack(data))
            return now - (time.time() - seconds - nanoseconds / 1e9)
    return now
