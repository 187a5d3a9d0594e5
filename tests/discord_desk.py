"""The bot's commands in front of simcord's Discord and a humming engine, for tests.

simcord simulates Discord's REST and gateway, but no voice: `StandInVoice` takes its place, and
reads what is said as fast as it is made.
"""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import discord
import simcord
import soundfile
from discord import app_commands
from rtvc_discord import autoread
from rtvc_discord.checks import Place, check_elsewhere
from rtvc_discord.commands import add_commands
from rtvc_discord.desk import Desk, lane
from rtvc_discord.outcomes import Kind, Outcome
from rtvc_discord.store import Store
from unit.test_enrolment import speech

from rtvc_bridge.config import ConsentSettings, ModerationSettings, Settings
from rtvc_bridge.engine import Engine, State, Utterance
from rtvc_bridge.enrolment import SpeechDetector
from rtvc_bridge.enrolment.spoken import Check, Listen
from rtvc_bridge.errors import UserError
from rtvc_bridge.pipeline import Pipeline
from rtvc_bridge.safety.challenges import Challenges
from rtvc_bridge.safety.moderation import Moderation
from rtvc_bridge.safety.policy import Policy
from rtvc_bridge.testing import humming, policy, tone_voice
from rtvc_bridge.voices import Voice, VoiceStore

Test = Callable[[Path], None]

SPOKEN = "Spoken in the synthetic voice of alba: 0.1 s."
EVERYBODY = "discord:everyone"
SETTLE_S = 120.0  # a limit on failure, not a wait


class StandInVoice:
    """Reads a server's lane to the end; comes and reads only while `held` is set."""

    def __init__(self, engine: Engine, guild: int) -> None:
        self.channel: Place | None = None
        self.refusal: str | None = None
        self.held = asyncio.Event()
        self.held.set()
        self.said: list[Utterance] = []
        self._end = engine.play_lane(lane(guild), self.said.append)

    async def join(self, channel: Place, *, move: bool = True) -> None:
        await self.held.wait()
        check_elsewhere(None if move else self.channel, channel)
        if self.refusal is not None:
            raise UserError(self.refusal)
        self.channel = channel

    async def leave(self) -> None:
        self.channel = None

    async def outcome(self, utterance: Utterance) -> Outcome:
        await self.held.wait()
        sounds = await asyncio.to_thread(list, utterance)
        seconds = sum(sound.seconds for sound in sounds)
        status = await asyncio.to_thread(utterance.wait, 20)
        if status.state is State.FAILED:
            return Outcome(Kind.FAILED, seconds, status.reason)
        return Outcome(Kind.SPOKEN if status.state is State.DONE else Kind.SKIPPED, seconds)


@dataclass
class StandInVoices:
    """One StandInVoice for each server."""

    engine: Engine
    by_guild: dict[int, StandInVoice] = field(default_factory=dict)

    def of(self, guild: discord.Guild) -> StandInVoice:
        if guild.id not in self.by_guild:
            self.by_guild[guild.id] = StandInVoice(self.engine, guild.id)
        return self.by_guild[guild.id]


class DeskBot(discord.Client):
    """A bot with the commands and nothing else."""

    def __init__(self, desk: Desk, *, message_content: bool) -> None:
        intents = discord.Intents(
            guilds=True, voice_states=True, guild_messages=True, message_content=message_content
        )
        super().__init__(intents=intents)
        self.desk = desk
        self.tree = app_commands.CommandTree(self)
        add_commands(self.tree, desk)

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        await autoread.heard(self.desk, self, message)


@dataclass
class Scene:
    """One server with a text channel, a voice channel and two people in it.

    Attributes:
        env: simcord's Discord.
        desk: What the commands work with.
        place: The bot's voice in the server.
        alice: Owns the server.
        bob: A member.
    """

    env: simcord.Env
    desk: Desk
    place: StandInVoice
    guild: simcord.GuildHandle
    text: simcord.ChannelHandle
    voice: simcord.ChannelHandle
    alice: simcord.MemberActor
    bob: simcord.MemberActor

    @property
    def said(self) -> list[str]:
        return [utterance.text for utterance in self.place.said]


def granted(voice: Voice, *grants: str) -> Voice:
    """Return a voice of this computer that those may use too."""
    return policy().trust.sign(replace(voice, consent=replace(voice.consent, grants=grants)))


def owned_by(voice: Voice, user: int) -> Voice:
    """Return a voice that is that person's."""
    consent = replace(voice.consent, owner=f"discord:user:{user}")
    return policy().trust.sign(replace(voice, consent=consent))


@asynccontextmanager
async def scene(
    folder: Path,
    *,
    operator: str = "",
    joined: bool = True,
    message_content: bool = False,
    pipeline: Pipeline | None = None,
    pipeline_options: dict[str, str] | None = None,
    consent: str = "attested",
    listen: Listen | None = None,
    moderation: ModerationSettings | None = None,
) -> AsyncIterator[Scene]:
    """Give a server where everybody may speak as "alba", and the bot waits in the voice channel.

    "secret" is a voice of this computer that nobody else may use.
    """
    voices = VoiceStore(folder / "voices")
    voices.add(granted(tone_voice("alba", 220.0), EVERYBODY))
    voices.add(tone_voice("secret", 330.0))
    settings = Settings(
        consent=ConsentSettings.model_validate({"others": consent}),
        moderation=moderation or ModerationSettings(),
    )
    rules = Policy(policy().trust, moderator=Moderation(settings.moderation))
    store = Store.opened(folder / "discord.db")
    operators: set[int] = set()
    with Engine(pipeline or humming(**(pipeline_options or {})), rules) as engine:
        desk = Desk(
            engine,
            voices,
            StandInVoices(engine),
            store,
            operators=lambda _: operators,
            settings=settings,
            check=None if listen is None else check_by(engine, listen),
        )
        bot = DeskBot(desk, message_content=message_content)
        try:
            async with simcord.run(bot, settle_timeout=SETTLE_S) as env:
                alice_user, bob_user = env.create_user("alice"), env.create_user("bob")
                operators.update(u.id for u in (alice_user, bob_user) if u.name == operator)
                guild = env.create_guild("tests", owner=alice_user)
                text, voice = guild.create_text_channel("chat"), guild.create_voice_channel("talk")
                alice, bob = _actor(env, guild, alice_user), guild.add_member(bob_user)
                await alice.join_voice(voice)
                await bob.join_voice(voice)
                real = bot.get_guild(guild.id)
                assert real is not None
                place = desk.guild_voices.of(real)
                assert isinstance(place, StandInVoice)
                if joined:
                    channel = real.get_channel(voice.id)
                    assert isinstance(channel, discord.VoiceChannel)
                    place.channel = channel
                yield Scene(env, desk, place, guild, text, voice, alice, bob)
        finally:
            store.close()


def check_by(engine: Engine, listen: Listen) -> Check:
    """Return what judges spoken agreement by what `listen` hears."""
    return Check(Challenges(time.monotonic), engine.embed, listen, SpeechDetector())


def _actor(
    env: simcord.Env, guild: simcord.GuildHandle, user: simcord.UserHandle
) -> simcord.MemberActor:
    return simcord.MemberActor(env, guild, user)


def in_scene(
    **options: Any,
) -> Callable[[Callable[[Scene], Awaitable[None]]], Callable[[Path], None]]:
    """Run a test in a scene; `options` as in `scene`."""

    def wrap(test: Callable[[Scene], Awaitable[None]]) -> Test:
        def run(tmp_path: Path) -> None:
            async def inside() -> None:
                async with scene(tmp_path, **options) as there:
                    await test(there)

            asyncio.run(inside())

        return run

    return wrap


async def ask(who: simcord.MemberActor, there: Scene, command: str, **options: Any) -> str:
    """Give a command; return what its answer says in the end."""
    result = await who.slash(there.text, command, **options)
    assert result.ephemeral
    assert result.response is not None
    return result.response.content


def recording(seconds: float = 12.0) -> bytes:
    sound, file = speech(seconds), io.BytesIO()  # type: ignore[no-untyped-call] # a test's own
    soundfile.write(file, sound.samples, sound.rate_hz, format="WAV", subtype="PCM_16")
    return file.getvalue()
