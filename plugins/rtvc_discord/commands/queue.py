"""/queue: what is spoken and what waits, and stopping it."""

import discord
from discord import app_commands

from rtvc_bridge.engine import Utterance
from rtvc_bridge.errors import UserError
from rtvc_discord.commands.answering import Visit, answer, shown
from rtvc_discord.desk import Desk, lane
from rtvc_discord.moderating import check_not_stopped
from rtvc_discord.people import check_moderates

MOST_LINES = 20
_TEXT_CHARS = 60


class QueueCommands(app_commands.Group):
    """The commands of /queue."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(name="queue", description="What is spoken and waits", guild_only=True)
        self._desk = desk

    @app_commands.command(description="Show what is spoken and what waits")
    async def show(self, interaction: discord.Interaction) -> None:
        """Show what is spoken and what waits."""
        await answer(interaction, self._desk, _show)

    @app_commands.command(description="Stop your line that is being spoken")
    async def skip(self, interaction: discord.Interaction) -> None:
        """Stop the asker's own line that is being spoken."""
        await answer(interaction, self._desk, _skip)

    @app_commands.command(name="skip-current", description="Stop whatever is being spoken")
    async def skip_current(self, interaction: discord.Interaction) -> None:
        """Stop whatever is being spoken."""
        await answer(interaction, self._desk, _skip_current)

    @app_commands.command(name="clear-mine", description="Take your waiting lines out")
    async def clear_mine(self, interaction: discord.Interaction) -> None:
        """Take the asker's waiting lines out of the queue."""
        await answer(interaction, self._desk, _clear_mine)

    @app_commands.command(description="Take all waiting lines out")
    async def clear(self, interaction: discord.Interaction) -> None:
        """Take all waiting lines out of the queue."""
        await answer(interaction, self._desk, _clear)

    @app_commands.command(description="Let lines wait; what is being spoken goes on")
    async def pause(self, interaction: discord.Interaction) -> None:
        """Let lines wait."""
        await answer(interaction, self._desk, _pause)

    @app_commands.command(description="Go on after a pause")
    async def resume(self, interaction: discord.Interaction) -> None:
        """Go on after a pause."""
        await answer(interaction, self._desk, _resume)


async def _show(visit: Visit) -> str:
    queue, here = visit.desk.engine.queue, lane(visit.guild.id)
    lines = [_line(visit, i, each) for i, each in enumerate(queue.listed(here)[:MOST_LINES], 1)]
    if {None, here} & queue.paused:
        lines.append(visit.words("queue paused"))
    return "\n".join(lines) or visit.words("queue empty")


async def _skip(visit: Visit) -> str:
    current = _current(visit)
    if current.status.user != str(visit.person.user):
        raise UserError("That line is not yours. /queue clear-mine takes out those of yours.")
    current.cancel()
    return visit.words("skipped line")


async def _skip_current(visit: Visit) -> str:
    current = _current(visit)
    if current.status.user != str(visit.person.user):
        check_moderates(visit.person)
    current.cancel()
    return visit.words("skipped line")


async def _clear_mine(visit: Visit) -> str:
    return _cleared(visit, str(visit.person.user))


async def _clear(visit: Visit) -> str:
    check_moderates(visit.person)
    return _cleared(visit, None)


async def _pause(visit: Visit) -> str:
    check_moderates(visit.person)
    visit.desk.engine.queue.pause(lane(visit.guild.id))
    return visit.words("paused")


async def _resume(visit: Visit) -> str:
    check_moderates(visit.person)
    check_not_stopped(visit.settings)
    visit.desk.engine.queue.resume(lane(visit.guild.id))
    return visit.words("resumed")


def _current(visit: Visit) -> Utterance:
    """Return the line that is spoken now, or comes next if none is.

    Raises:
        UserError: If there is none.
    """
    listed = visit.desk.engine.queue.listed(lane(visit.guild.id))
    if not listed:
        raise UserError("Nothing is being spoken.")
    heard = [each for each in listed if _heard_since(each) is not None]
    return max(heard, key=lambda each: _heard_since(each) or 0.0, default=listed[0])


def _heard_since(utterance: Utterance) -> float | None:
    return utterance.status.first_delivered_at


def _cleared(visit: Visit, user: str | None) -> str:
    """Cancel what nobody has heard any of, of that person (None: of all); tell how many."""
    listed = visit.desk.engine.queue.listed(lane(visit.guild.id), user)
    unheard = [each for each in listed if _heard_since(each) is None]
    for utterance in unheard:
        utterance.cancel()
    return visit.words("cleared", count=len(unheard))


def _line(visit: Visit, place: int, utterance: Utterance) -> str:
    """Return one line of the list; only its owner is shown what it says."""
    status = utterance.status
    mine = status.user == str(visit.person.user)
    text = utterance.text.replace("\n", " ")
    return visit.words(
        "queue line",
        place=place,
        who=f"<@{status.user}>",
        voice=shown(status.voice),
        state=visit.words("heard") if status.first_delivered_at is not None else "",
        text=f": {shown(text[:_TEXT_CHARS])}" if mine else "",
    )
