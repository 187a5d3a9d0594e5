"""/enrol, and "Enrol this recording" on a voice message."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import discord
from discord import app_commands

from rtvc_bridge.enrolment import Enrolment
from rtvc_bridge.errors import ClipRejectedError, ConsentError, UserError
from rtvc_bridge.voices.names import MAX_NAME_CHARS
from rtvc_discord.commands.answering import UNREACHABLE, Visit, answer, failed, shown
from rtvc_discord.commands.confirming import TIMEOUT_S, Question
from rtvc_discord.commands.say import AnyCommand
from rtvc_discord.desk import Desk
from rtvc_discord.enrolling import (
    Recording,
    check_may_enrol,
    check_recording,
    check_room,
    enrolled,
)
from rtvc_discord.words import Words, words_in


def commands(desk: Desk) -> Iterator[AnyCommand]:
    """Yield the commands that make a voice."""
    busy: set[int] = set()

    @app_commands.command(name="enrol", description="Make a synthetic voice of a recording")
    @app_commands.describe(
        name="What to call the voice",
        recording="10 s or more of clear speech of one person",
        speaker="Who speaks in it, if it is not you; they are asked",
    )
    @app_commands.guild_only()
    async def enrol(
        interaction: discord.Interaction,
        name: app_commands.Range[str, 1, MAX_NAME_CHARS],
        recording: discord.Attachment,
        speaker: discord.Member | None = None,
    ) -> None:
        async def work(visit: Visit) -> str:
            wanted = Recording(recording, speaker or visit.member, name)
            return await _alone(visit, wanted, busy)

        await answer(interaction, desk, work)

    @app_commands.context_menu(name="Enrol this recording")
    @app_commands.guild_only()
    async def enrol_this(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_modal(_Naming(desk, message, busy, _own_words(interaction)))

    yield enrol
    yield enrol_this


class _Naming(discord.ui.Modal):
    """Asks what to call the voice in a message.

    Args:
        desk: What it works with.
        message: Has the recording; its author speaks in it.
        busy: Ids of those whose voices are being made.
        words: In their language.
    """

    def __init__(self, desk: Desk, message: discord.Message, busy: set[int], words: Words) -> None:
        super().__init__(title=words("modal title"), timeout=TIMEOUT_S)
        self._desk = desk
        self._message = message
        self._busy = busy
        self._name: discord.ui.TextInput[_Naming] = discord.ui.TextInput(
            custom_id="name", max_length=MAX_NAME_CHARS
        )
        self.add_item(discord.ui.Label(text=words("modal name"), component=self._name))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Make the voice."""

        async def work(visit: Visit) -> str:
            files = self._message.attachments
            if not files:
                raise ClipRejectedError("There is no recording in that message.")
            wanted = Recording(files[0], self._message.author, self._name.value)
            return await _alone(visit, wanted, self._busy)

        await answer(interaction, self._desk, work)

    async def on_error(  # type: ignore[override] # discord.py gives a modal no item
        self, interaction: discord.Interaction, error: Exception
    ) -> None:
        """Log what went wrong."""
        await failed(interaction, error)


def _own_words(interaction: discord.Interaction) -> Words:
    """Return the words of a person's own language: a form cannot wait for the settings."""
    return words_in("", interaction.locale.value)


async def _alone(visit: Visit, recording: Recording, busy: set[int]) -> str:
    """Make one voice at a time for each person."""
    user = visit.member.id
    if user in busy:
        raise UserError("Answer the question I have asked about your other recording first.")
    busy.add(user)
    try:
        return await _enrol(visit, recording)
    finally:
        busy.discard(user)


async def _enrol(visit: Visit, recording: Recording) -> str:
    """Return what to show once a recording has become a voice.

    Raises:
        UserError: Why it has not.
    """
    desk, person, words = visit.desk, visit.person, visit.words
    if recording.speaker.bot:
        raise ConsentError("A bot cannot agree to have its voice cloned.")
    check_may_enrol(person, visit.settings, recording.speaker.id)
    check_recording(recording.file)
    name = await asyncio.to_thread(check_room, desk, person, recording)
    if not await _agreed(visit, recording, name):
        raise ConsentError("Without the speaker's agreement no voice is made.")
    await visit.show(words("enrolling"))
    made = await enrolled(desk, recording, name)
    return words(
        "enrolled",
        voice=shown(name),
        seconds=made.report.speech_s,
        speaker=recording.speaker.mention,
        findings=_findings(made),
    )


async def _agreed(visit: Visit, recording: Recording, name: str) -> bool:
    """Ask the speaker; return whether they pressed that they agree."""
    words, speaker = visit.words, recording.speaker
    question = Question(speaker.id, agree=words("agree button"), refuse=words("refuse button"))
    statement = words(
        "agree",
        speaker=speaker.mention,
        voice=shown(name),
        recording=shown(recording.file.filename),
    )
    if speaker.id == visit.member.id:
        await visit.show(statement, view=question)
        await question.wait()
        return question.agreed is True
    await visit.show(words("asked", speaker=speaker.mention, minutes=round(TIMEOUT_S / 60)))
    asked = await visit.interaction.followup.send(
        f"{statement}\n{recording.file.url}",
        view=question,
        allowed_mentions=discord.AllowedMentions(users=[speaker]),
        wait=True,
    )
    await question.wait()
    with suppress(discord.HTTPException, *UNREACHABLE):  # its buttons do nothing any more
        await asked.edit(view=None)
    return question.agreed is True


def _findings(made: Enrolment) -> str:
    return "".join(f"\n- {finding.message}" for finding in made.report.findings)
