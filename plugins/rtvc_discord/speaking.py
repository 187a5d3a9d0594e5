"""From a person's wish to a line in the queue, and what becomes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal

import discord

from rtvc_bridge.engine import State, Utterance
from rtvc_bridge.errors import TextRejectedError, UserError
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.voices import Summary
from rtvc_discord import access
from rtvc_discord.checks import Place, check_elsewhere
from rtvc_discord.desk import Desk, GuildVoice, lane
from rtvc_discord.limits import Held
from rtvc_discord.moderating import check_not_stopped, decided
from rtvc_discord.outcomes import Kind, Outcome
from rtvc_discord.people import Person, check_may_speak
from rtvc_discord.preferences import GuildSettings, UserSettings
from rtvc_discord.text import Heard, read
from rtvc_discord.text.reading import blocked_word

LATE = 1.25
"""A line is cut off at this many times the longest allowed: it was only an estimate."""
_GRACE_S = 10.0  # for a connection that is down in between
_LOOK_S = 0.2

Step = Literal["held", "queued", "speaking"]
Tell = Callable[[Step], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants said.

    Attributes:
        heard: What.
        voice: Name of the voice; None for their usual one.
        speed: As in Delivery; None for their usual one.
        expression: As in Delivery; None for their usual one.
    """

    heard: Heard
    voice: str | None = None
    speed: float | None = None
    expression: float | None = None


@dataclass(frozen=True, slots=True)
class Ordered:
    """A line in the queue.

    Attributes:
        utterance: It.
        voice: Who speaks.
        speed: As in Delivery.
        seconds: How long it will take, estimated.
        held: Set aside for it.
        limit_s: Longest allowed here.
        cut_off_s: After so long from its first sound it is cut off.
    """

    utterance: Utterance
    voice: Summary
    speed: float
    seconds: float
    held: Held
    limit_s: int
    cut_off_s: float


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a line.

    Attributes:
        outcome: As its listeners heard it.
        too_slow: Whether it was cut off for being longer than allowed.
    """

    outcome: Outcome
    too_slow: bool


def destination(
    desk: Desk, person: Person, member: discord.Member, settings: GuildSettings
) -> Place | None:
    """Return where the bot has to go so that `person`, who is `member`, is heard; None if nowhere.

    Raises:
        UserError: Why they may not have it speak where they are.
    """
    check_may_speak(person, settings)
    check_not_stopped(settings)
    mine = desk.guild_voices.of(member.guild)
    theirs = member.voice.channel if member.voice else None
    if mine.channel is None:
        if not settings.auto_join or theirs is None:
            hint = "Join one yourself first." if theirs is None else "Use /join."
            raise UserError(f"I am in no voice channel. {hint}")
        return theirs
    if settings.same_channel:
        check_elsewhere(mine.channel, theirs)
    return None


async def ordered(desk: Desk, person: Person, settings: GuildSettings, wish: Wish) -> Ordered:
    """Put a wish into the queue.

    Raises:
        UserError: Why that is refused.
    """
    async with desk.ordering:  # lines keep the order in which they were asked for
        return await asyncio.to_thread(_order, desk, person, settings, wish)


async def followed(
    desk: Desk,
    place: GuildVoice,
    line: Ordered,
    *,
    going_to: Place | None = None,
    tell: Tell | None = None,
) -> Ending:
    """Return what becomes of a line; what it took is charged, and it is cut off if too long.

    Args:
        desk: What it works with.
        place: Where it is heard.
        line: It.
        going_to: Where the bot goes first, while the line is already being made; None for nowhere.
        tell: Awaited when it is "held", when it is "queued" and when it is "speaking".

    Raises:
        UserError: Why the bot cannot go there; the line is cancelled.
    """
    ending = None
    try:
        if line.utterance.status.state is State.HELD and tell is not None:
            await tell("held")
        if (kept_out := await decided(desk.engine, line.utterance)) is not None:
            ending = Ending(kept_out, too_slow=False)
        else:
            ending = await _followed(place, line, going_to, tell or _tell_nobody)
    finally:
        desk.allowances.settle(line.held, ending.outcome.seconds if ending else 0.0)
        if ending is None:
            line.utterance.cancel()
    if ending.outcome.kind is Kind.SPOKEN:
        text, voice_id = line.utterance.text, line.voice.id
        desk.paces.learn(text, ending.outcome.seconds, voice_id=voice_id, speed=line.speed)
    return ending


async def _tell_nobody(_: Step) -> None:
    """Take note of a step."""


async def _followed(place: GuildVoice, line: Ordered, going_to: Place | None, tell: Tell) -> Ending:
    """Return what becomes of a line that nobody holds; it is cut off if too long."""
    ending = asyncio.ensure_future(_heard(place, line.utterance, going_to))
    too_slow = False
    try:
        await tell("queued")
        if await _begun(line.utterance, ending):
            await tell("speaking")
            await asyncio.wait({ending}, timeout=line.cut_off_s)
            if too_slow := not ending.done():
                line.utterance.cancel()
        return Ending(await ending, too_slow)
    finally:
        ending.cancel()


async def _heard(place: GuildVoice, utterance: Utterance, going_to: Place | None) -> Outcome:
    if going_to is not None:
        await place.join(going_to, move=False)  # another line may have brought it elsewhere
    return await place.outcome(utterance)


async def _begun(utterance: Utterance, ending: asyncio.Future[Outcome]) -> bool:
    """Return, once it is heard or over, whether it is heard."""
    while utterance.status.first_delivered_at is None and not ending.done():
        await asyncio.wait({ending}, timeout=_LOOK_S)
    return not ending.done()


def _order(desk: Desk, person: Person, settings: GuildSettings, wish: Wish) -> Ordered:
    check_not_stopped(desk.store.guild(person.guild))  # again: it may have been meanwhile
    chosen, now = desk.store.user(person.user), desk.clock()
    voice = _voice(desk, person, wish.voice or _usual(person, settings, chosen))
    speed = chosen.speed if wish.speed is None else wish.speed
    expression = chosen.expression if wish.expression is None else wish.expression
    last = desk.introductions
    named = settings.say_names and last.due(person.guild, person.user, now=now)
    text = _text(wish.heard, settings, person.called(chosen.say_as) if named else None)
    seconds = desk.paces.seconds(text, voice_id=voice.id, speed=speed)
    if seconds > settings.max_seconds:
        raise TextRejectedError(
            f"That would take about {seconds:.0f} s; the limit here is {settings.max_seconds} s."
        )
    held = desk.allowances.hold(
        seconds,
        guild=person.guild,
        user=person.user,
        user_per_minute=settings.user_seconds,
        guild_per_minute=settings.guild_seconds,
        now=now,
    )
    with ExitStack() as undo:
        undo.callback(desk.allowances.settle, held, 0.0)
        utterance = _said(desk, person, text, voice, Delivery(speed=speed, expression=expression))
        undo.pop_all()
    last.spoke(person.guild, person.user, now=now)
    return Ordered(
        utterance=utterance,
        voice=voice,
        speed=speed,
        seconds=seconds,
        held=held,
        limit_s=settings.max_seconds,
        cut_off_s=settings.max_seconds * LATE + _GRACE_S,
    )


def _said(desk: Desk, person: Person, text: str, voice: Summary, delivery: Delivery) -> Utterance:
    loaded = desk.voices.get(voice.id)
    return desk.engine.say(
        text,
        loaded,
        lane=lane(person.guild),
        user=str(person.user),
        asker=person.asker,
        delivery=delivery,
    )


def _usual(person: Person, settings: GuildSettings, chosen: UserSettings) -> str:
    voice = chosen.voices.get(str(person.guild)) or settings.voice
    if not voice:
        raise UserError("Choose a voice first: /voice list, then /voice use.")
    return voice


def _voice(desk: Desk, person: Person, name: str) -> Summary:
    return access.named(name, access.usable(desk, person))


def _text(heard: Heard, settings: GuildSettings, name: str | None) -> str:
    text = read(heard, name=name)
    if not text:
        raise TextRejectedError("There is nothing to say in that; write at least one word.")
    for each in (heard.content, text):
        if blocked_word(each, settings.blocked_words):
            raise TextRejectedError("That has a word in it that is not spoken in this server.")
    return text
