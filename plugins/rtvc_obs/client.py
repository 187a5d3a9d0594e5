"""obs-websocket 5: requests with answers, and events.

Protocol: github.com/obsproject/obs-websocket, docs/generated/protocol.md. simpleobsws, the one
client with a free licence, was last released in June 2025 and leaves a caller waiting for 15 s
when OBS quits, cannot say that a password is wrong, and hands out events in no certain order.
"""

import asyncio
import base64
import contextlib
import hashlib
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from rtvc_bridge.errors import ConfigError, DeviceError

RPC_VERSION = 1
ANSWER_S = 5.0
MAX_BYTES = 16 * 1024 * 1024
NORMAL_EVENTS = 0x7FF
METERS = 1 << 16
"""A high-volume event, InputVolumeMeters: sent 20 times a second to those who ask for it."""
_WRONG_PASSWORD = 4009
_OTHER_VERSION = 4010
_HELLO, _IDENTIFY, _IDENTIFIED, _REIDENTIFY, _EVENT, _REQUEST, _ANSWER = 0, 1, 2, 3, 5, 6, 7


class AbsentError(DeviceError):
    """OBS does not run, does not listen there, or went away."""


class RefusedError(DeviceError):
    """OBS answered that it will not.

    Attributes:
        code: OBS's RequestStatus.
    """

    def __init__(self, request: str, code: int, comment: str) -> None:
        super().__init__(f"OBS refuses {request}: {comment or 'no reason given'} ({code}).")
        self.code = code


@dataclass(frozen=True, slots=True)
class Event:
    """What OBS tells of itself."""

    kind: str
    data: Mapping[str, Any]


class Obs:
    """A connection that OBS has accepted. Made by `connected`.

    Attributes:
        events: What OBS tells, in its order; None once the connection is lost.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._lost = False
        self.events: asyncio.Queue[Event | None] = asyncio.Queue()

    async def call(self, request: str, **data: object) -> dict[str, Any]:
        """Return OBS's answer.

        Raises:
            RefusedError: If OBS will not.
            AbsentError: If it does not answer.
        """
        number = str(next(self._numbers))
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        asked = {"requestType": request, "requestId": number, "requestData": data}
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._send(_REQUEST, asked)
                answered = await answer
        except TimeoutError:
            raise AbsentError(f"OBS has not answered {request} for {ANSWER_S:.0f} s.") from None
        finally:
            del self._answers[number]
        status = answered["requestStatus"]
        if not status["result"]:
            raise RefusedError(request, status["code"], status.get("comment", ""))
        return answered.get("responseData") or {}

    async def subscribe(self, events: int) -> None:
        """Be told of these events from now on: a sum of NORMAL_EVENTS and METERS."""
        await self._send(_REIDENTIFY, {"eventSubscriptions": events})

    async def identify(self, password: str) -> None:
        """Log in; the first thing to be done.

        Raises:
            ConfigError: If the password is missing.
        """
        hello = json.loads(await self._socket.recv())["d"]
        identity: dict[str, Any] = {"rpcVersion": RPC_VERSION, "eventSubscriptions": NORMAL_EVENTS}
        if (asked := hello.get("authentication")) is not None:
            if not password:
                raise ConfigError(
                    "OBS asks for a password. Name where it stands with password_env or "
                    "password_file in [adapters.obs]; OBS shows it under Tools, WebSocket Server "
                    "Settings."
                )
            identity["authentication"] = proof(password, asked["salt"], asked["challenge"])
        await self._send(_IDENTIFY, identity)
        answer = json.loads(await self._socket.recv())
        assert answer["op"] == _IDENTIFIED

    async def read(self) -> None:
        """Hand out what comes until the connection ends."""
        try:
            async for message in self._socket:
                self._take(json.loads(message))
        except ConnectionClosed:
            pass
        finally:
            self._lost = True
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(_gone())
            self.events.put_nowait(None)

    def _take(self, message: dict[str, Any]) -> None:
        data = message["d"]
        if message["op"] == _EVENT:
            self.events.put_nowait(Event(data["eventType"], data.get("eventData") or {}))
        elif message["op"] == _ANSWER:
            answer = self._answers.get(data["requestId"])
            if answer is not None and not answer.done():
                answer.set_result(data)

    async def _send(self, op: int, data: Mapping[str, object]) -> None:
        if self._lost:
            raise _gone()
        try:
            await self._socket.send(json.dumps({"op": op, "d": data}))
        except ConnectionClosed as error:
            raise _gone() from error


@contextlib.asynccontextmanager
async def connected(host: str, port: int, password: str) -> AsyncIterator[Obs]:
    """Give a connection to OBS; it is closed at the end of the block.

    Raises:
        AbsentError: If OBS does not run, or has its WebSocket server off.
        ConfigError: If the password is wrong.
    """
    try:
        socket = await connect(
            f"ws://[{host}]:{port}" if ":" in host else f"ws://{host}:{port}",
            subprotocols=[Subprotocol("obswebsocket.json")],
            proxy=None,
            open_timeout=ANSWER_S,
            close_timeout=1,
            compression=None,
            max_size=MAX_BYTES,
        )
    except (OSError, TimeoutError, WebSocketException) as error:
        raise AbsentError(
            f"OBS does not answer at {host}:{port}. Start it, and switch on Tools, WebSocket "
            "Server Settings, Enable WebSocket server."
        ) from error
    async with socket:
        obs = Obs(socket)
        await _identified(obs, password)
        reading = asyncio.create_task(obs.read())
        try:
            yield obs
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


def proof(password: str, salt: str, challenge: str) -> str:
    """Return what shows OBS that we know the password."""
    secret = base64.b64encode(hashlib.sha256((password + salt).encode()).digest())
    return base64.b64encode(hashlib.sha256(secret + challenge.encode()).digest()).decode()


async def _identified(obs: Obs, password: str) -> None:
    try:
        async with asyncio.timeout(ANSWER_S):
            await obs.identify(password)
    except ConnectionClosed as error:
        code = error.rcvd.code if error.rcvd is not None else None
        if code == _WRONG_PASSWORD:
            raise ConfigError(
                "OBS refuses the password. It stands under Tools, WebSocket Server Settings, "
                "Show Connect Info; put it where password_env or password_file in [adapters.obs] "
                "says."
            ) from error
        if code == _OTHER_VERSION:
            raise ConfigError(
                "This OBS speaks another version of obs-websocket. OBS 28 or later is needed."
            ) from error
        raise _gone() from error
    except TimeoutError:
        raise AbsentError("What listens there does not answer as OBS does.") from None


def _gone() -> AbsentError:
    return AbsentError("OBS was closed.")
