"""/me: what a person chooses for themselves."""

import asyncio
from collections.abc import Iterator

import discord
from discord import app_commands

from rtvc_bridge.errors import TextRejectedError
from rtvc_discord import access
from rtvc_discord.commands.answering import Visit, answer, shown
from rtvc_discord.commands.completion import usable_voices
from rtvc_discord.commands.say import AnyCommand, Expression, Speed
from rtvc_discord.desk import Desk
from rtvc_discord.people import Person
from rtvc_discord.preferences import SAY_AS_CHARS, UserSettings
from rtvc_discord.text.reading import blocked_word, spoken_name


def commands(desk: Desk) -> Iterator[AnyCommand]:
    """Yield the command by which people choose."""

    @app_commands.command(name="me", description="Your voice, your speed, how your name is said")
    @app_commands.describe(
        voice="In whose voice your text is spoken here",
        speed="1 is the voice's own pace, 2 twice as fast",
        expression="0 is monotone, 1 as the voice does, 2 twice as lively",
        say_as="How your name is said, written as it sounds; - for the name Discord shows",
    )
    @app_commands.autocomplete(voice=usable_voices(desk))
    @app_commands.guild_only()
    async def me(
        interaction: discord.Interaction,
        voice: str | None = None,
        speed: Speed | None = None,
        expression: Expression | None = None,
        say_as: app_commands.Range[str, 1, SAY_AS_CHARS] | None = None,
    ) -> None:
        async def work(visit: Visit) -> str:
            changes: dict[str, object] = {
                "speed": speed,
                "expression": expression,
                "say_as": say_as,
            }
            asked = {key: value for key, value in changes.items() if value is not None}
            return await asyncio.to_thread(_changed, visit, visit.person, voice, asked)

        await answer(interaction, desk, work)

    yield me


def choose(desk: Desk, person: Person, voice: str) -> str:
    """Let `person`'s lines be spoken in `voice` here; return its name. Blocks.

    Raises:
        VoiceNotFoundError: If they may not use it.
        ConsentError: If nobody can use it now.
    """
    chosen = access.named(voice, access.usable(desk, person))
    access.check_sound(desk, chosen, person.guild)

    def change(settings: UserSettings) -> UserSettings:
        voices = {**settings.voices, str(person.guild): chosen.id}
        return UserSettings.model_validate(settings.model_dump() | {"voices": voices})

    desk.store.change_user(person.user, change)
    return chosen.name


def _changed(visit: Visit, person: Person, voice: str | None, asked: dict[str, object]) -> str:
    desk = visit.desk
    if "say_as" in asked:
        asked["say_as"] = _sayable(str(asked["say_as"]), visit)
    if voice is not None:
        choose(desk, person, voice)
    if asked:
        desk.store.change_user(
            person.user, lambda old: UserSettings.model_validate(old.model_dump() | asked)
        )
    return _shown(visit, person)


def _sayable(say_as: str, visit: Visit) -> str:
    if say_as.strip() == "-":
        return ""
    if blocked_word(say_as, visit.settings.blocked_words):
        raise TextRejectedError("That has a word in it that is not spoken in this server.")
    return spoken_name("", say_as=say_as)


def _shown(visit: Visit, person: Person) -> str:
    desk, chosen = visit.desk, visit.desk.store.user(person.user)
    wanted = chosen.voices.get(str(person.guild)) or visit.settings.voice
    names = {voice.id: voice.name for voice in desk.voices.listing().voices}
    return visit.words(
        "me",
        voice=shown(names.get(wanted, visit.words("none"))),
        speed=chosen.speed,
        expression=chosen.expression,
        say_as=shown(person.called(chosen.say_as)),
    )
