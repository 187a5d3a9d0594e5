"""/settings: what a server's managers choose."""

import asyncio
from collections.abc import Callable
from typing import Any

import discord
from discord import app_commands

from rtvc_bridge.errors import UserError
from rtvc_discord import access
from rtvc_discord.commands.answering import Visit, answer, shown
from rtvc_discord.commands.completion import usable_voices
from rtvc_discord.desk import Desk
from rtvc_discord.people import check_manages
from rtvc_discord.preferences import MOST_BLOCKED_WORDS, WORD_CHARS, GuildSettings
from rtvc_discord.words import CATALOGUES

Change = Callable[[GuildSettings], GuildSettings]
Seconds = app_commands.Range[int, 3, 600]
LANGUAGES = [app_commands.Choice(name=code, value=code) for code in CATALOGUES]
RESETTABLE = ("voice", "roles", "read_channel", "blocked_users", "blocked_words", "language")


class SettingsCommands(app_commands.Group):
    """The commands of /settings."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            name="settings",
            description="How I behave in this server",
            guild_only=True,
            default_permissions=discord.Permissions(manage_guild=True),
        )
        self._desk = desk
        self._offer_usable = usable_voices(desk)

    @app_commands.command(description="Show the settings of this server")
    async def show(self, interaction: discord.Interaction) -> None:
        """Show the settings of this server."""
        await self._change(interaction, None)

    @app_commands.command(description="The voice of those who have chosen none")
    @app_commands.describe(voice="Its name")
    async def voice(self, interaction: discord.Interaction, voice: str) -> None:
        """Choose the voice of those who have chosen none."""

        async def change(visit: Visit) -> Change:
            chosen = await asyncio.to_thread(_shared_id, visit, voice)
            return _update(voice=chosen)

        await self._change(interaction, change)

    @voice.autocomplete("voice")
    async def _usable(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._offer_usable(interaction, typed)

    @app_commands.command(description="How I come and what I read aloud")
    @app_commands.describe(
        auto_join="Come by myself to whoever has something to say",
        same_channel="Speak only for those in my voice channel",
        say_names="Name a new speaker first",
        read_channel="Read this text channel aloud",
        members_enrol="Members may make a voice of their own recordings",
        language="Of my replies",
    )
    @app_commands.choices(language=LANGUAGES)
    async def manners(
        self,
        interaction: discord.Interaction,
        auto_join: bool | None = None,  # noqa: FBT001 - Discord's options are arguments
        same_channel: bool | None = None,  # noqa: FBT001 - Discord's options are arguments
        say_names: bool | None = None,  # noqa: FBT001 - Discord's options are arguments
        read_channel: discord.TextChannel | discord.VoiceChannel | None = None,
        members_enrol: bool | None = None,  # noqa: FBT001 - Discord's options are arguments
        language: str | None = None,
    ) -> None:
        """Choose how the bot comes and what it reads aloud."""
        asked = {
            "auto_join": auto_join,
            "same_channel": same_channel,
            "say_names": say_names,
            "read_channel": read_channel.id if read_channel else None,
            "members_enrol": members_enrol,
            "language": language,
        }

        async def change(visit: Visit) -> Change:
            if read_channel and not visit.interaction.client.intents.message_content:
                raise UserError(visit.words("read intent"))
            return _update(**{key: each for key, each in asked.items() if each is not None})

        await self._change(interaction, change)

    @app_commands.command(description="How much may be spoken")
    @app_commands.describe(
        max_seconds="Longest line, in seconds",
        user_seconds="Seconds of speech per minute for each person",
        guild_seconds="Seconds of speech per minute for all together",
    )
    async def limits(
        self,
        interaction: discord.Interaction,
        max_seconds: app_commands.Range[int, 3, 120] | None = None,
        user_seconds: Seconds | None = None,
        guild_seconds: Seconds | None = None,
    ) -> None:
        """Choose how much may be spoken."""
        asked = {
            "max_seconds": max_seconds,
            "user_seconds": user_seconds,
            "guild_seconds": guild_seconds,
        }
        await self._update(interaction, **{k: v for k, v in asked.items() if v is not None})

    @app_commands.command(description="Let only some roles speak")
    @app_commands.describe(role="The role", may_speak="Whether it is among those who may")
    async def role(
        self,
        interaction: discord.Interaction,
        role: discord.Role,
        may_speak: bool,  # noqa: FBT001 - Discord's options are arguments
    ) -> None:
        """Let a role be among those who may speak, or not."""
        await self._toggle(interaction, "roles", role.id, present=may_speak)

    @app_commands.command(description="Speak nothing of somebody")
    @app_commands.describe(user="Who", blocked="Whether they are blocked")
    async def block(
        self,
        interaction: discord.Interaction,
        user: discord.User,
        blocked: bool = True,  # noqa: FBT001, FBT002 - Discord's options are arguments
    ) -> None:
        """Block somebody, or not."""
        await self._toggle(interaction, "blocked_users", user.id, present=blocked)

    @app_commands.command(description="Speak no line that has a word or phrase in it")
    @app_commands.describe(word="The word or phrase", blocked="Whether it is blocked")
    async def word(
        self,
        interaction: discord.Interaction,
        word: app_commands.Range[str, 1, WORD_CHARS],
        blocked: bool = True,  # noqa: FBT001, FBT002 - Discord's options are arguments
    ) -> None:
        """Block a word, or not."""
        await self._toggle(interaction, "blocked_words", word.casefold().strip(), present=blocked)

    @app_commands.command(description="Put one setting back to what it was at first")
    @app_commands.describe(setting="Which")
    @app_commands.choices(
        setting=[app_commands.Choice(name=key.replace("_", " "), value=key) for key in RESETTABLE]
    )
    async def reset(self, interaction: discord.Interaction, setting: str) -> None:
        """Put one setting back."""
        await self._update(interaction, **{setting: getattr(GuildSettings(), setting)})

    async def _update(self, interaction: discord.Interaction, **values: object) -> None:
        async def change(visit: Visit) -> Change:
            del visit
            return _update(**values)

        await self._change(interaction, change)

    async def _toggle(
        self, interaction: discord.Interaction, key: str, value: object, *, present: bool
    ) -> None:
        def toggled(old: GuildSettings) -> GuildSettings:
            members: frozenset[Any] = getattr(old, key)
            new: frozenset[Any] = members | {value} if present else members - {value}
            if key == "blocked_words":
                _check_words(new)
            return _update(**{key: new})(old)

        async def change(visit: Visit) -> Change:
            del visit
            return toggled

        await self._change(interaction, change)

    async def _change(
        self,
        interaction: discord.Interaction,
        change: Callable[[Visit], Any] | None,
    ) -> None:
        """Change the settings if the asker may, and show them."""

        async def work(visit: Visit) -> str:
            check_manages(visit.person)
            settings = visit.settings
            if change is not None:
                made: Change = await change(visit)
                guild = visit.guild.id
                settings = await asyncio.to_thread(self._desk.store.change_guild, guild, made)
            names = await asyncio.to_thread(self._desk.voices.listing)
            voices = {voice.id: voice.name for voice in names.voices}
            return _shown(visit, settings, voices.get(settings.voice))

        await answer(interaction, self._desk, work)


def _update(**values: object) -> Change:
    return lambda old: GuildSettings.model_validate(old.model_dump() | values)


def _check_words(words: frozenset[str]) -> None:
    """Pass if these words can be blocked; small letters may be more than the capitals were.

    Raises:
        UserError: If there are too many, or one is blank or too long.
    """
    if len(words) > MOST_BLOCKED_WORDS:
        raise UserError(f"At most {MOST_BLOCKED_WORDS} words can be blocked.")
    if not all(1 <= len(word) <= WORD_CHARS for word in words):
        raise UserError(f"A blocked word or phrase has 1 to {WORD_CHARS} characters.")


def _shared_id(visit: Visit, name: str) -> str:
    """Return the id of the voice of that name, which everybody here may use; blocks.

    Raises:
        UserError: If there is none, or others may not use it.
    """
    person = visit.person
    voice = access.named(name, access.usable(visit.desk, person))
    access.check_sound(visit.desk, voice, person.guild)
    if not access.shared(voice, person.guild):
        raise UserError("Others may not use that voice yet: /voice allow first.")
    return voice.id


def _shown(visit: Visit, settings: GuildSettings, voice: str | None) -> str:
    words = visit.words
    truth = {True: words("yes"), False: words("no")}
    roles = ", ".join(f"<@&{role}>" for role in sorted(settings.roles))
    users = ", ".join(f"<@{user}>" for user in sorted(settings.blocked_users))
    return words(
        "settings",
        voice=shown(voice or words("none")),
        roles=roles or words("everybody"),
        auto_join=truth[settings.auto_join],
        same_channel=truth[settings.same_channel],
        read_channel=f"<#{settings.read_channel}>" if settings.read_channel else words("none"),
        say_names=truth[settings.say_names],
        max_seconds=settings.max_seconds,
        user_seconds=settings.user_seconds,
        guild_seconds=settings.guild_seconds,
        members_enrol=truth[settings.members_enrol],
        blocked_users=users or words("none"),
        blocked_words=shown(", ".join(sorted(settings.blocked_words))) or words("none"),
        language=settings.language or words("automatic"),
    )
