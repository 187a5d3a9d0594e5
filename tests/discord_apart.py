"""A loopback Discord in a process of its own, and people in it who keep a bot busy.

So what the bot's own process holds is the bot's. The two talk in lines of JSON: the other process
says how it is reached, then answers each request with a number.
"""

import asyncio
import contextlib
import json
import random
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
from discord_loopback import Channel, Guild, Loopback, Member, Press
from discord_loopback.connector import connector

LIMIT_S = 120.0  # a limit on failure, not a wait
ON_THE_WAY = ("Next,", "Queued,", "Speaking now")
CALL_FAULTS = (4006, 4009, 4014, 4015)
VERBS = (
    "/queue skip-current",
    "/queue clear-mine",
    "/queue show",
    "/leave",
    "/voice list",
    "/me",
    "/help",
)
GATEWAY_FAULT_CHANCE = 0.1


@dataclass
class Apart:
    """The other process, as this one sees it.

    Attributes:
        token: The bot's.
        guilds: The ids of its servers.
        leaks: Host names outside Discord that the bot asked for.
    """

    _process: asyncio.subprocess.Process
    _port: int
    _pem: str
    token: str
    guilds: list[int]
    leaks: list[str] = field(default_factory=list)

    def connector(self) -> aiohttp.TCPConnector:
        """Return the bot's way there; call it in the bot's loop."""
        return connector(self._port, self._pem, self.leaks)

    async def ask(self, wish: str) -> int:
        """Return what the other process answers: "round" (see Crowd.round), or "quiet"."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{wish}\n".encode())
        answer: int = await _heard(self._process)
        return answer


@asynccontextmanager
async def apart(guilds: int) -> AsyncIterator[Apart]:
    """Give a Discord with so many servers; a problem of its own is raised at its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, str(guilds), stdin=PIPE, stdout=PIPE
    )
    assert process.stdin is not None
    try:
        there = Apart(process, *await _heard(process))
        yield there
        process.stdin.close()
        async with asyncio.timeout(LIMIT_S):
            assert await process.wait() == 0, "the loopback failed; its error is above"
        assert not there.leaks
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _heard(process: asyncio.subprocess.Process) -> Any:
    assert process.stdout is not None
    async with asyncio.timeout(2 * LIMIT_S):
        line = await process.stdout.readline()
    assert line, "the loopback ended; its error is above"
    return json.loads(line)


@dataclass
class Crowd:
    """People who use the bot in every server, and what goes wrong meanwhile."""

    loopback: Loopback
    rooms: list[tuple[Guild, Channel, Member]]
    chance: random.Random

    async def round(self) -> int:
        """Have lines said in every server, and something happen; return how many lines ended."""
        await asyncio.gather(*(self._ended(self._ask(each, "/join")) for each in self.rooms))
        presses = [self._say(each) for each in self.rooms for _ in range(self.chance.randint(1, 4))]
        await asyncio.gather(*(press.acknowledged(limit_s=LIMIT_S) for press in presses))
        await asyncio.sleep(self.chance.random())
        gateway = self.loopback.gateway
        if self.chance.random() < GATEWAY_FAULT_CHANCE:
            self.chance.choice([gateway.drop, gateway.ask_to_reconnect, gateway.invalidate])()
        else:
            for each in self.rooms:
                self.chance.choice(self._happenings(each))()
        await asyncio.gather(*map(self._ended, presses))
        await self.loopback.changes.until(
            lambda: gateway.connected, "the bot on the gateway", limit_s=LIMIT_S
        )
        for guild, _, alice in self.rooms:
            alice.heard.clear()
            guild.call.wire.clear()
        return len(presses)

    async def quiet(self) -> int:
        """Return once no call is live."""
        await self.loopback.changes.until(
            lambda: not any(guild.call.live for guild, _, _ in self.rooms),
            "the end of the calls",
            limit_s=LIMIT_S,
        )
        return 0

    def _ask(self, room: tuple[Guild, Channel, Member], verb: str, **options: Any) -> Press:
        guild, _, alice = room
        return guild.press(verb, user=alice, **options)

    def _say(self, room: tuple[Guild, Channel, Member]) -> Press:
        return self._ask(room, "/say", text="word " * self.chance.randint(1, 30), voice="alba")

    def _happenings(self, room: tuple[Guild, Channel, Member]) -> list[Callable[[], object]]:
        guild, _, _ = room
        call = guild.call
        happenings: list[Callable[[], object]] = [partial(self._ask, room, verb) for verb in VERBS]
        if guild.me.voice is not None and call.live:
            happenings += [call.change_region, call.kick_bot]
            happenings += [partial(call.close, code) for code in CALL_FAULTS]
        return happenings

    async def _ended(self, press: Press) -> None:
        """Return once a command has its last answer."""
        await self.loopback.changes.until(
            lambda: press.text and not press.text.startswith(ON_THE_WAY),
            "the end of a command",
            limit_s=LIMIT_S,
        )


async def serve(guilds: int) -> None:
    """Be the Discord until standard input ends."""
    async with Loopback(dave=True) as loopback:
        rooms = [_room(loopback, number) for number in range(guilds)]
        crowd = Crowd(loopback, rooms, random.Random(1))
        ids = [guild.id for guild, _, _ in rooms]
        _tell([loopback.port, loopback.certificates.pem, loopback.token, ids])
        wishes = {"round": crowd.round, "quiet": crowd.quiet}
        while wish := await asyncio.to_thread(sys.stdin.readline):
            _tell(await wishes[wish.strip()]())


def _room(loopback: Loopback, number: int) -> tuple[Guild, Channel, Member]:
    guild = loopback.add_guild(f"Home {number}")
    lounge, alice = guild.add_voice_channel("Lounge"), guild.add_member("alice")
    alice.join_voice(lounge)
    return guild, lounge, alice


def _tell(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
