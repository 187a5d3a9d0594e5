"""/voice: which voices there are, whose they are, and choosing one."""

import asyncio
from collections.abc import Callable

import discord
from discord import app_commands

from rtvc_bridge.voices import Summary
from rtvc_discord import access
from rtvc_discord.commands.answering import Visit, answer, shown
from rtvc_discord.commands.completion import own_voices, usable_voices
from rtvc_discord.commands.me import choose
from rtvc_discord.desk import Desk
from rtvc_discord.people import Person

Name = app_commands.Range[str, 1, 64]
Blocking = Callable[[Visit, Person], str]


class VoiceCommands(app_commands.Group):
    """The commands of /voice."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(name="voice", description="The voices you may use", guild_only=True)
        self._desk = desk
        self._offer_usable = usable_voices(desk)
        self._offer_own = own_voices(desk)

    @app_commands.command(description="Choose the voice of your lines in this server")
    @app_commands.describe(voice="Its name")
    async def use(self, interaction: discord.Interaction, voice: Name) -> None:
        """Choose the voice of the asker's lines in this server."""
        await self._answer(interaction, lambda visit, person: _use(visit, person, voice))

    @app_commands.command(name="list", description="Show the voices you may use here")
    async def list_(self, interaction: discord.Interaction) -> None:
        """Show the voices that the asker may use here."""
        await self._answer(interaction, _list)

    @app_commands.command(description="Say whose voice that is and who may use it")
    @app_commands.describe(voice="Its name")
    async def info(self, interaction: discord.Interaction, voice: Name) -> None:
        """Say whose voice that is and who may use it."""
        await self._answer(interaction, lambda visit, person: _info(visit, person, voice))

    @app_commands.command(description="Show the voices that are yours")
    async def mine(self, interaction: discord.Interaction) -> None:
        """Show the voices that are the asker's."""
        await self._answer(interaction, _mine)

    @app_commands.command(description="Let everybody in this server use a voice of yours")
    @app_commands.describe(voice="Its name")
    async def allow(self, interaction: discord.Interaction, voice: Name) -> None:
        """Let everybody in this server use a voice of the asker's."""
        await self._answer(interaction, lambda visit, person: _allow(visit, person, voice))

    @app_commands.command(description="Keep a voice of yours to yourself again")
    @app_commands.describe(voice="Its name")
    async def disallow(self, interaction: discord.Interaction, voice: Name) -> None:
        """Keep a voice of the asker's to its owner again."""
        await self._answer(interaction, lambda visit, person: _disallow(visit, person, voice))

    @app_commands.command(description="Delete a voice of yours and the recordings kept in it")
    @app_commands.describe(voice="Its name")
    async def delete(self, interaction: discord.Interaction, voice: Name) -> None:
        """Delete a voice of the asker's."""
        await self._answer(interaction, lambda visit, person: _delete(visit, person, voice))

    @use.autocomplete("voice")
    @info.autocomplete("voice")
    async def _usable(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._offer_usable(interaction, typed)

    @allow.autocomplete("voice")
    @disallow.autocomplete("voice")
    @delete.autocomplete("voice")
    async def _own(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._offer_own(interaction, typed)

    async def _answer(self, interaction: discord.Interaction, blocking: Blocking) -> None:
        async def work(visit: Visit) -> str:
            return await asyncio.to_thread(blocking, visit, visit.person)

        await answer(interaction, self._desk, work)


def _use(visit: Visit, person: Person, voice: str) -> str:
    return visit.words("voice in use", voice=shown(choose(visit.desk, person, voice)))


def _list(visit: Visit, person: Person) -> str:
    rights = access.Rights.read(visit.desk, person.guild)
    chosen = visit.desk.store.user(person.user).voices.get(str(person.guild))
    found = access.usable(visit.desk, person, rights)
    lines = [_line(visit, each, _notes(visit, person, rights, each, chosen)) for each in found]
    return visit.words("voices", voices="\n".join(lines)) if lines else visit.words("no voices")


def _mine(visit: Visit, person: Person) -> str:
    rights = access.Rights.read(visit.desk, person.guild)
    voices = visit.desk.voices.listing().voices
    lines = [
        _line(visit, each, [visit.words("note shared")] if rights.shared(each) else [])
        for each in voices
        if rights.owns(person, each)
    ]
    if not lines:
        return visit.words("no own voices")
    return visit.words("your voices", voices="\n".join(lines))


def _info(visit: Visit, person: Person, name: str) -> str:
    rights = access.Rights.read(visit.desk, person.guild)
    voice = access.named(name, access.usable(visit.desk, person, rights))
    owner = rights.owners.get(voice.id)
    return visit.words(
        "voice info",
        voice=shown(voice.name),
        by=shown(voice.consent.by),
        date=voice.consent.given_at[:10],
        level=voice.consent.level,
        owner=f"<@{owner}>" if owner is not None else visit.words("the operator"),
        shared=visit.words("yes" if rights.shared(voice) else "no"),
        clip_seconds=sum(voice.clip_seconds),
    )


def _allow(visit: Visit, person: Person, name: str) -> str:
    voice = access.own(visit.desk, person, name)
    visit.desk.store.grant(voice.id, person.guild)
    return visit.words("allowed", voice=shown(voice.name))


def _disallow(visit: Visit, person: Person, name: str) -> str:
    voice = access.own(visit.desk, person, name)
    visit.desk.store.withdraw(voice.id, person.guild)
    if not access.Rights.read(visit.desk, person.guild).shared(voice):
        access.silence(visit.desk, voice, guild=person.guild, but=person.user)
    return visit.words("disallowed", voice=shown(voice.name))


def _delete(visit: Visit, person: Person, name: str) -> str:
    voice = access.own(visit.desk, person, name)
    visit.desk.voices.delete(voice.id)
    visit.desk.store.forget_voice(voice.id)
    access.silence(visit.desk, voice)
    return visit.words("voice deleted", voice=shown(voice.name))


def _notes(
    visit: Visit, person: Person, rights: access.Rights, voice: Summary, chosen: str | None
) -> list[str]:
    notes = {
        "note chosen": voice.id == chosen,
        "note default": voice.id == visit.settings.voice,
        "note yours": rights.owns(person, voice),
        "note shared": rights.shared(voice),
    }
    return [visit.words(key) for key, holds in notes.items() if holds]


def _line(visit: Visit, voice: Summary, notes: list[str]) -> str:
    shown_notes = f" ({', '.join(notes)})" if notes else ""
    return visit.words("voice line", voice=shown(voice.name), notes=shown_notes)
