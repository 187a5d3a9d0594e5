"""/voice: which voices there are, whose they are, and choosing one."""

import asyncio
from collections.abc import Callable, Iterable

import discord
from discord import app_commands

from rtvc_bridge.voices import Summary
from rtvc_discord import access
from rtvc_discord.commands.answering import Visit, answer, shown
from rtvc_discord.commands.completion import own_voices, removable_voices, usable_voices
from rtvc_discord.commands.enrol import agreed_again
from rtvc_discord.commands.me import choose
from rtvc_discord.desk import Desk
from rtvc_discord.people import Person

Name = app_commands.Range[str, 1, 64]
Grantee = discord.Member | discord.Role
Blocking = Callable[[Visit, Person], str]


class VoiceCommands(app_commands.Group):
    """The commands of /voice."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(name="voice", description="The voices you may use", guild_only=True)
        self._desk = desk
        self._offer_usable = usable_voices(desk)
        self._offer_own = own_voices(desk)
        self._offer_removable = removable_voices(desk)

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

    @app_commands.command(description="Let others use a voice of yours")
    @app_commands.describe(voice="Its name", to="Who; everybody in this server when left out")
    async def allow(
        self, interaction: discord.Interaction, voice: Name, to: Grantee | None = None
    ) -> None:
        """Let a server, a role or a person use a voice of the asker's."""
        await self._answer(interaction, lambda visit, person: _allow(visit, person, voice, to))

    @app_commands.command(description="Let others use a voice of yours no more")
    @app_commands.describe(voice="Its name", to="Who; everybody in this server when left out")
    async def disallow(
        self, interaction: discord.Interaction, voice: Name, to: Grantee | None = None
    ) -> None:
        """Take a voice of the asker's from a server, a role or a person again."""
        await self._answer(interaction, lambda visit, person: _disallow(visit, person, voice, to))

    @app_commands.command(description="Take your agreement back: nobody speaks in that voice again")
    @app_commands.describe(voice="Its name")
    async def revoke(self, interaction: discord.Interaction, voice: Name) -> None:
        """Silence and destroy a voice of the asker's, and keep it away for good."""
        await self._answer(interaction, lambda visit, person: _revoke(visit, person, voice))

    @app_commands.command(
        description="Agree anew to a voice of yours, if it cannot be used any more"
    )
    @app_commands.describe(voice="Its name")
    async def consent(self, interaction: discord.Interaction, voice: Name) -> None:
        """Have the asker agree anew to a voice of theirs."""

        async def work(visit: Visit) -> str:
            own = await asyncio.to_thread(access.own, self._desk, visit.person, voice)
            return await agreed_again(visit, own)

        await answer(interaction, self._desk, work)

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

    @revoke.autocomplete("voice")
    @delete.autocomplete("voice")
    async def _removable(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._offer_removable(interaction, typed)

    @consent.autocomplete("voice")
    @allow.autocomplete("voice")
    @disallow.autocomplete("voice")
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
    chosen = visit.desk.store.user(person.user).voices.get(str(person.guild))
    found = access.usable(visit.desk, person)
    lines = [_line(visit, each, _notes(visit, person, each, chosen)) for each in found]
    return visit.words("voices", voices="\n".join(lines)) if lines else visit.words("no voices")


def _mine(visit: Visit, person: Person) -> str:
    voices = visit.desk.voices.listing().voices
    lines = [
        _line(visit, each, [_allowed(visit, person, each)] if each.consent.grants else [])
        for each in voices
        if access.owns(person, each)
    ]
    if not lines:
        return visit.words("no own voices")
    return visit.words("your voices", voices="\n".join(lines))


def _info(visit: Visit, person: Person, name: str) -> str:
    words, voice = visit.words, access.named(name, access.usable(visit.desk, person))
    consent = voice.consent
    info = words(
        "voice info",
        voice=shown(voice.name),
        by=shown(consent.by),
        date=consent.given_at[:10],
        level=consent.level,
        owner=access.owner(voice) or words("the operator"),
        shared=words("yes" if access.shared(voice, person.guild) else "no"),
        clip_seconds=sum(voice.clip_seconds),
    )
    if consent.expires_at:
        info += words("until", date=consent.expires_at[:10])
    if access.owns(person, voice) and consent.grants:
        info += f" {_allowed(visit, person, voice).capitalize()}."
    why = access.trouble(visit.desk, voice, person.guild)
    return info if why is None else f"{info}{words('trouble', why=why)}"


def _allow(visit: Visit, person: Person, name: str, to: Grantee | None) -> str:
    voice = access.own(visit.desk, person, name)
    grantee = access.grantee(to, person.guild)
    voice = visit.desk.custody.grant(voice.id, grantee, person.asker)
    who = _who(visit, person, [grantee])
    return visit.words("allowed", voice=shown(voice.name), who=who)


def _disallow(visit: Visit, person: Person, name: str, to: Grantee | None) -> str:
    voice = access.own(visit.desk, person, name)
    grantee = access.grantee(to, person.guild)
    voice = visit.desk.custody.withdraw(voice.id, grantee, person.asker)
    who = _who(visit, person, voice.consent.grants)
    return visit.words("disallowed", voice=shown(voice.name), who=who)


def _revoke(visit: Visit, person: Person, name: str) -> str:
    voice = access.removable(visit.desk, person, name)
    count = visit.desk.custody.revoke(voice.id, person.asker)
    return visit.words("revoked", voice=shown(voice.name), count=count)


def _delete(visit: Visit, person: Person, name: str) -> str:
    voice = access.removable(visit.desk, person, name)
    visit.desk.custody.delete(voice.id, person.asker)
    return visit.words("voice deleted", voice=shown(voice.name))


def _notes(visit: Visit, person: Person, voice: Summary, chosen: str | None) -> list[str]:
    notes = {
        "note chosen": voice.id == chosen,
        "note default": voice.id == visit.settings.voice,
        "note yours": access.owns(person, voice),
        "note shared": access.shared(voice, person.guild),
    }
    return [visit.words(key) for key, holds in notes.items() if holds]


def _allowed(visit: Visit, person: Person, voice: Summary) -> str:
    return visit.words("note allowed", who=_who(visit, person, voice.consent.grants))


def _who(visit: Visit, person: Person, grants: Iterable[str]) -> str:
    return ", ".join(access.mentions(grants, person.guild)) or visit.words("nobody else")


def _line(visit: Visit, voice: Summary, notes: list[str]) -> str:
    shown_notes = f" ({', '.join(notes)})" if notes else ""
    line = visit.words("voice line", voice=shown(voice.name), notes=shown_notes)
    why = access.trouble(visit.desk, voice, visit.guild.id)
    return line if why is None else f"{line}{visit.words('trouble', why=why)}"
