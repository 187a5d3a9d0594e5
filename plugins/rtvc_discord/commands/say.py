"""/say, and "Speak this" on a message."""

from collections.abc import Iterator
from typing import Any

import discord
from discord import app_commands

from rtvc_bridge.pipeline import EXPRESSION_RANGE, SPEED_RANGE
from rtvc_discord import hearing
from rtvc_discord.commands.answering import Visit, answer, shown
from rtvc_discord.commands.completion import usable_voices
from rtvc_discord.desk import Desk, lane
from rtvc_discord.outcomes import Kind
from rtvc_discord.speaking import Ending, Ordered, Step, Wish, destination, followed, ordered
from rtvc_discord.text import Heard

Speed = app_commands.Range[float, SPEED_RANGE[0], SPEED_RANGE[1]]
Expression = app_commands.Range[float, EXPRESSION_RANGE[0], EXPRESSION_RANGE[1]]
MOST_CHARS = 2000
AnyCommand = app_commands.Command[Any, ..., None] | app_commands.ContextMenu


def commands(desk: Desk) -> Iterator[AnyCommand]:
    """Yield the commands that speak."""

    @app_commands.command(name="say", description="Speak text in a synthetic voice")
    @app_commands.describe(
        text="What to say",
        voice="In whose voice; your usual one when left out",
        speed="1 is the voice's own pace, 2 twice as fast",
        expression="0 is monotone, 1 as the voice does, 2 twice as lively",
    )
    @app_commands.autocomplete(voice=usable_voices(desk))
    @app_commands.guild_only()
    async def say(
        interaction: discord.Interaction,
        text: app_commands.Range[str, 1, MOST_CHARS],
        voice: str | None = None,
        speed: Speed | None = None,
        expression: Expression | None = None,
    ) -> None:
        async def work(visit: Visit) -> str:
            sent_at = interaction.created_at.timestamp()
            heard = await hearing.typed(text, visit.guild, sent_at=sent_at)
            return await spoken(visit, Wish(heard, voice, speed, expression))

        await answer(interaction, desk, work)

    @app_commands.context_menu(name="Speak this")
    @app_commands.guild_only()
    async def speak_this(interaction: discord.Interaction, message: discord.Message) -> None:
        async def work(visit: Visit) -> str:
            heard = hearing.message(message)
            theirs = message.author.id == visit.member.id
            return await spoken(visit, Wish(heard if theirs else Heard("", forwarded=heard)))

        await answer(interaction, desk, work)

    yield say
    yield speak_this


async def spoken(visit: Visit, wish: Wish) -> str:
    """Have a wish spoken, tell how it goes, and return what became of it.

    Raises:
        UserError: Why it is refused.
    """
    desk, member = visit.desk, visit.member
    person, settings = visit.person, visit.settings
    going_to = destination(desk, person, member, settings)
    line = await ordered(desk, person, settings, wish)

    async def tell(step: Step) -> None:
        if step == "queued":
            await visit.show(_queued(visit, line))
        else:
            why = line.utterance.status.reason
            await visit.show(visit.words(step, voice=shown(line.voice.name), why=why))

    place = desk.guild_voices.of(member.guild)
    return _over(visit, line, await followed(desk, place, line, going_to=going_to, tell=tell))


def _queued(visit: Visit, line: Ordered) -> str:
    waiting = visit.desk.engine.queue.listed(lane(visit.guild.id))
    before = waiting.index(line.utterance) if line.utterance in waiting else 0
    key = "queued" if before else "next"
    voice = shown(line.voice.name)
    return visit.words(key, before=before, seconds=line.seconds, voice=voice)


def _over(visit: Visit, line: Ordered, end: Ending) -> str:
    reason = end.outcome.reason
    kind = end.outcome.kind
    if end.too_slow:
        kind, reason = Kind.CUT_OFF, visit.words("too slow", limit=line.limit_s)
    return visit.words(
        kind,
        seconds=end.outcome.seconds,
        voice=shown(line.voice.name),
        reason=f": {reason.rstrip('.')}" if reason else "",
    )
