"""How soon the far end hears nothing more of a revoked voice, and after /panic."""

from collections.abc import AsyncIterator
from typing import Any

from discord_loopback import Member
from discord_running import Server, Stage, everybodys

from rtvc_bridge.testing import tone_voice

RUNS = 20
LINE = "a line of some words that goes on for a while " * 8  # 3.7 s
HEARD_FIRST = 30  # packets


async def after_revocation_s(on: Stage) -> AsyncIterator[float]:
    """Yield the seconds from /voice revoke to the last packet with speech, of many runs."""
    (server,) = on.servers
    owner = _owner(on, server)
    for number in range(RUNS):
        voice = everybodys(tone_voice(f"tone {number}", 300.0 + 20 * number))
        on.bot.desk.voices.add(voice)
        yield await _silenced_s(server, voice.name, owner, "/voice revoke", voice=voice.name)


async def after_panic_s(on: Stage) -> AsyncIterator[float]:
    """Yield the seconds from /panic to the last packet with speech, of many runs."""
    (server,) = on.servers
    owner = _owner(on, server)
    for _ in range(RUNS):
        yield await _silenced_s(server, "alba", owner, "/panic")
        await server.guild.press("/panic", user=owner, do="lift").shows("Speech goes on")


async def _silenced_s(
    server: Server, spoken_as: str, owner: Member, command: str, **options: Any
) -> float:
    server.heard.clear()
    said = server.guild.press("/say", user=server.alice, text=LINE, voice=spoken_as)
    await server.heard.until_packets(HEARD_FIRST)
    press = server.guild.press(command, user=owner, **options)
    await said.shows("Cut off after")
    await server.heard.until_quiet()
    return server.heard.sounding()[-1].at_s - press.sent_s


def _owner(on: Stage, server: Server) -> Member:
    """Return whoever runs the bot."""
    return next(each for each in server.guild.members if each.user is on.loopback.owner)
