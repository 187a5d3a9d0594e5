"""/enrol, and "Enrol this recording" on a voice message."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import discord
from discord import app_commands

from rtvc_bridge.enrolment import Enrolment
from rtvc_bridge.enrolment.spoken import Check
from rtvc_bridge.errors import ClipRejectedError, ConsentError, UserError
from rtvc_bridge.voices import Consent, Summary
from rtvc_bridge.voices.names import MAX_NAME_CHARS
from rtvc_discord.commands.answering import UNREACHABLE, Visit, answer, failed, shown
from rtvc_discord.commands.confirming import TIMEOUT_S, Question
from rtvc_discord.commands.reading import Sheet, read_aloud
from rtvc_discord.commands.say import AnyCommand
from rtvc_discord.consent import pressed
from rtvc_discord.consent import read_aloud as agreed_aloud
from rtvc_discord.desk import Desk
from rtvc_discord.enrolling import (
    Recording,
    check_may_enrol,
    check_recording,
    check_room,
    kept,
    listener,
    made,
)
from rtvc_discord.people import user_name
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
    check = listener(desk)
    name = await asyncio.to_thread(check_room, desk, person, recording)
    recording = replace(recording, name=name)
    press = await _agreed(visit, recording, spoken=check is not None)
    await visit.show(words("enrolling"))
    voice = await made(desk, recording)
    if check is not None:
        sheet = await Sheet.handed(visit, recording.speaker, press)
        agreement = await _spoken(sheet, check, voice)
    else:
        agreement = voice.voice.consent
    await kept(desk, voice, agreement, person)
    return words(
        "enrolled",
        voice=shown(name),
        seconds=voice.report.speech_s,
        speaker=recording.speaker.mention,
        findings=_findings(voice),
    )


async def _spoken(sheet: Sheet, check: Check, voice: Enrolment) -> Consent:
    """Have the speaker agree aloud; return the record of it."""
    name, embedding = voice.voice.name, voice.voice.embedding
    shown_so = await read_aloud(sheet, check, name=name, embedding=embedding)
    await sheet.show(sheet.visit.words("agreed aloud"))
    valid_days = sheet.visit.desk.settings.consent.valid_days
    return agreed_aloud(sheet.speaker, shown_so, valid_days=valid_days)


async def agreed_again(visit: Visit, voice: Summary) -> str:
    """Have the owner of a voice agree anew; return what to show.

    Raises:
        UserError: Why they have not.
    """
    desk, words, speaker = visit.desk, visit.words, visit.member
    if voice.consent.owner != user_name(speaker.id):
        raise ConsentError(words("computer's", voice=shown(voice.name)))
    check, valid_days = listener(desk), desk.settings.consent.valid_days
    embedding = (await asyncio.to_thread(desk.voices.get, voice.id)).embedding
    question = Question(speaker.id, agree=words("agree button"), refuse=words("refuse button"))
    then = words("agree then") if check is not None else ""
    await visit.show(words("agree again", voice=shown(voice.name), then=then), view=question)
    await question.wait()
    if not question.agreed:
        raise ConsentError("Nothing was changed.")
    agreement = pressed(speaker, valid_days=valid_days)
    if check is not None:
        sheet = Sheet(visit, speaker)
        heard = await read_aloud(sheet, check, name=voice.name, embedding=embedding)
        agreement = agreed_aloud(speaker, heard, valid_days=valid_days)
    await asyncio.to_thread(desk.custody.consent, voice.id, agreement, visit.person.asker)
    return words("agreed again", voice=shown(voice.name))


async def _agreed(visit: Visit, recording: Recording, *, spoken: bool) -> discord.Interaction:
    """Ask the speaker; return their pressing that they agree.

    Raises:
        ConsentError: If they do not.
    """
    words, speaker = visit.words, recording.speaker
    question = Question(speaker.id, agree=words("agree button"), refuse=words("refuse button"))
    statement = words(
        "agree",
        speaker=speaker.mention,
        voice=shown(recording.name),
        recording=shown(recording.file.filename),
        then=words("agree then") if spoken else "",
    )
    if speaker.id == visit.member.id:
        await visit.show(statement, view=question)
        await question.wait()
    else:
        await visit.show(words("asked", speaker=speaker.mention, minutes=round(TIMEOUT_S / 60)))
        await _ask(visit, recording, statement, question)
    if not question.agreed or question.pressed is None:
        raise ConsentError("Without the speaker's agreement no voice is made.")
    return question.pressed


async def _ask(visit: Visit, recording: Recording, statement: str, question: Question) -> None:
    """Ask somebody else, where they see it, and wait for what they press."""
    asked = await visit.interaction.followup.send(
        f"{statement}\n{recording.file.url}",
        view=question,
        allowed_mentions=discord.AllowedMentions(users=[recording.speaker]),
        wait=True,
    )
    await question.wait()
    with suppress(discord.HTTPException, *UNREACHABLE):  # its buttons do nothing any more
        await asked.edit(view=None)


def _findings(made: Enrolment) -> str:
    return "".join(f"\n- {finding.message}" for finding in made.report.findings)
