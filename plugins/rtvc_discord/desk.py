"""What the commands work with."""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

import discord

from rtvc_bridge.config import Settings
from rtvc_bridge.engine import Engine, Utterance
from rtvc_bridge.engine.custody import Custody
from rtvc_bridge.enrolment.spoken import Check
from rtvc_bridge.voices import VoiceStore
from rtvc_discord.checks import Place
from rtvc_discord.limits import Allowances, Paces
from rtvc_discord.outcomes import Outcome
from rtvc_discord.people import Person, operators
from rtvc_discord.store import Store
from rtvc_discord.text.introductions import Introductions

_LANES = "discord:"


class GuildVoice(Protocol):
    """The bot's voice in one server."""

    @property
    def channel(self) -> Place | None:
        """Where it is."""

    async def join(self, channel: Place, *, move: bool = True) -> None:
        """Be in `channel`.

        Args:
            channel: The voice channel.
            move: Whether to come out of another one for it.

        Raises:
            UserError: Why it cannot, in words that may be shown.
        """

    async def leave(self) -> None:
        """Be in no channel."""

    async def outcome(self, utterance: Utterance) -> Outcome:
        """Return how the utterance ended, once it has."""


class GuildVoices(Protocol):
    """The bot's voices by server."""

    def of(self, guild: discord.Guild) -> GuildVoice:
        """Return that server's."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the commands work with; one for all servers.

    Attributes:
        engine: Speaks.
        voices: What it can speak in.
        guild_voices: Where it is heard.
        store: What people have chosen.
        operators: Returns the ids of those who run the bot.
        settings: Of the program.
        check: Judges agreements that are read aloud; None where nothing can.
        clock: Seconds, as time.monotonic gives them.
        allowances: How much each may still have spoken.
        paces: How fast each voice speaks.
        introductions: Who spoke last, and when.
        ordering: Held while a line is put into the queue.
    """

    engine: Engine
    voices: VoiceStore
    guild_voices: GuildVoices
    store: Store
    operators: Callable[[discord.Client], Collection[int]] = operators
    settings: Settings = field(default_factory=Settings)
    check: Check | None = None
    clock: Callable[[], float] = time.monotonic
    allowances: Allowances = field(default_factory=Allowances)
    paces: Paces = field(default_factory=Paces)
    introductions: Introductions = field(default_factory=Introductions)
    ordering: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def custody(self) -> Custody:
        """What changes voices."""
        return Custody(self.voices, self.engine.policy, self.engine.queue.silence)

    def person(
        self, member: discord.Member, permissions: discord.Permissions, client: discord.Client
    ) -> Person:
        """Return what the rules look at in `member`, with those permissions where they ask."""
        return Person.of(member, permissions, operator=member.id in self.operators(client))


def lane(guild_id: int) -> str:
    """Return the engine's name for what is said in that server."""
    return f"{_LANES}{guild_id}"


def is_lane(name: str) -> bool:
    """Return whether that is the engine's name for a server."""
    return name.startswith(_LANES)
