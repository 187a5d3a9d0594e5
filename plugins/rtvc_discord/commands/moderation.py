"""/held and /panic: what moderators decide on."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Literal

import discord
from discord import app_commands

from rtvc_bridge.engine import Utterance
from rtvc_discord import moderating
from rtvc_discord.commands.answering import Visit, answer, shown
from rtvc_discord.commands.say import AnyCommand
from rtvc_discord.desk import Desk
from rtvc_discord.people import NotAllowedError

MOST_REASON_CHARS = 200
_MOST_LINES = 10
_TEXT_CHARS = 150

Number = app_commands.Range[int, 1]
Action = Literal["stop this server", "lift", "stop everything", "lift everything"]


def commands(desk: Desk) -> Iterator[AnyCommand]:
    """Yield the command that stops all speech."""

    @app_commands.command(name="panic", description="Silence this server at once, until lifted")
    @app_commands.describe(do="What to do; this server is silenced when left out")
    @app_commands.guild_only()
    async def panic(interaction: discord.Interaction, do: Action = "stop this server") -> None:
        async def work(visit: Visit) -> str:
            return await _ACTIONS[do](visit)

        await answer(interaction, desk, work)

    yield panic


class HeldCommands(app_commands.Group):
    """The commands of /held."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(name="held", description="Lines that wait for you", guild_only=True)
        self._desk = desk

    @app_commands.command(name="list", description="Show the lines that wait for a moderator")
    async def list_(self, interaction: discord.Interaction) -> None:
        """Show the lines that wait for a moderator."""
        await self._answer(interaction, _list)

    @app_commands.command(description="Let a line be spoken")
    @app_commands.describe(number="Of the line, as /held list shows it")
    async def approve(self, interaction: discord.Interaction, number: Number) -> None:
        """Let a line be spoken."""

        def decide(visit: Visit) -> str:
            return _told(visit, moderating.approve(visit.desk, visit.person, number), "approved")

        await self._answer(interaction, decide)

    @app_commands.command(description="Keep a line from being spoken")
    @app_commands.describe(
        number="Of the line, as /held list shows it", reason="Why; its author is told"
    )
    async def deny(
        self,
        interaction: discord.Interaction,
        number: Number,
        reason: app_commands.Range[str, 1, MOST_REASON_CHARS] = "",
    ) -> None:
        """Keep a line from being spoken."""

        def decide(visit: Visit) -> str:
            line = moderating.deny(visit.desk, visit.person, number, reason)
            return _told(visit, line, "denied")

        await self._answer(interaction, decide)

    async def _answer(
        self, interaction: discord.Interaction, decide: Callable[[Visit], str]
    ) -> None:
        async def work(visit: Visit) -> str:
            moderating.check_may_decide(visit.desk, visit.person)
            return await asyncio.to_thread(decide, visit)

        await answer(interaction, self._desk, work)


def _list(visit: Visit) -> str:
    held = moderating.held(visit.desk, visit.guild.id)
    lines = [_line(visit, each) for each in held[:_MOST_LINES]]
    if len(held) > _MOST_LINES:
        lines.append(visit.words("held more", count=len(held) - _MOST_LINES))
    return "\n".join(lines) or visit.words("nothing held")


def _line(visit: Visit, line: Utterance) -> str:
    status = line.status
    return visit.words(
        "held line",
        number=status.id,
        who=f"<@{status.user}>",
        voice=shown(status.voice),
        text=shown(line.text.replace("\n", " ")[:_TEXT_CHARS]),
    )


def _told(visit: Visit, line: Utterance, key: str) -> str:
    return visit.words(key, number=line.status.id, who=f"<@{line.status.user}>")


async def _stop(visit: Visit) -> str:
    moderating.check_may_decide(visit.desk, visit.person)
    return visit.words("stopped", count=await moderating.stop(visit.desk, visit.person))


async def _lift(visit: Visit) -> str:
    moderating.check_may_decide(visit.desk, visit.person)
    await moderating.lift(visit.desk, visit.person)
    return visit.words("lifted")


async def _stop_everything(visit: Visit) -> str:
    _check_operator(visit)
    count = moderating.stop_everything(visit.desk, visit.person)
    return visit.words("stopped everything", count=count)


async def _lift_everything(visit: Visit) -> str:
    _check_operator(visit)
    moderating.lift_everything(visit.desk, visit.person)
    return visit.words("lifted everything")


def _check_operator(visit: Visit) -> None:
    if not visit.person.operator:
        raise NotAllowedError(visit.words("operator only"))


_ACTIONS = {
    "stop this server": _stop,
    "lift": _lift,
    "stop everything": _stop_everything,
    "lift everything": _lift_everything,
}
