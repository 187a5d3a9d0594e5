"""Agreeing aloud: a sentence that only the speaker sees, and the recording of its reading."""

import logging
from dataclasses import dataclass

import discord

from rtvc_bridge.enrolment.spoken import Check
from rtvc_bridge.errors import ClipRejectedError, ConsentError
from rtvc_bridge.voices import Embedding, Spoken
from rtvc_discord.commands.answering import NO_MENTIONS, UNREACHABLE, Visit, failed, shown
from rtvc_discord.commands.confirming import ForOne, Question
from rtvc_discord.enrolling import issued, judged
from rtvc_discord.words import Words

logger = logging.getLogger(__name__)

TRIES = 3
AGAIN_S = 60.0
"""To press for another sentence. All of it together ends before Discord takes no more answers."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A message that the speaker alone sees.

    Attributes:
        visit: Of whoever wants the voice.
        speaker: Who reads.
        message: It; None if it is the answer to the visit, as the speaker is the visitor.
    """

    visit: Visit
    speaker: discord.abc.User
    message: discord.WebhookMessage | None = None

    @classmethod
    async def handed(
        cls, visit: Visit, speaker: discord.abc.User, pressed: discord.Interaction
    ) -> "Sheet":
        """Return one for the speaker, who has just pressed a button.

        Raises:
            ConsentError: If Discord does not show it to them.
        """
        if speaker.id == visit.member.id:
            return cls(visit, speaker)
        try:
            message = await pressed.followup.send(
                visit.words("enrolling"), ephemeral=True, wait=True
            )
        except (discord.HTTPException, *UNREACHABLE) as error:
            raise ConsentError("Discord did not show the sentence to its speaker.") from error
        return cls(visit, speaker, message)

    async def show(self, text: str, *, view: discord.ui.View | None = None) -> None:
        """Make `text` what is on it; nothing but a line in the log if Discord does not take it."""
        if self.message is None:
            await self.visit.show(text, view=view)
            return
        try:
            await self.message.edit(content=text, view=view, allowed_mentions=NO_MENTIONS)
        except (discord.HTTPException, *UNREACHABLE) as error:
            logger.warning("what the speaker is shown was lost: %s", type(error).__name__)


async def read_aloud(sheet: Sheet, check: Check, *, name: str, embedding: Embedding) -> Spoken:
    """Return the record that the speaker read a sentence; each failure leaves another try.

    Args:
        sheet: Where they see it, and how it goes.
        check: Gives out the sentence and judges the reading.
        name: What the voice is to be called.
        embedding: Its d-vector.

    Raises:
        ConsentError: If it was not read, with what failed last.
        ClipRejectedError: If no recording of it came.
        UserError: If what listening takes is not installed.
    """
    left = TRIES
    while True:
        left -= 1
        try:
            return await _read_once(sheet, check, name, embedding)
        except (ConsentError, ClipRejectedError) as error:
            if not left or not await _again(sheet, str(error)):
                await sheet.show(str(error))
                raise


async def _again(sheet: Sheet, why: str) -> bool:
    """Say why a reading does not count; return whether they want another sentence."""
    words = sheet.visit.words
    agree, refuse = words("again button"), words("refuse button")
    question = Question(sheet.speaker.id, agree=agree, refuse=refuse, timeout_s=AGAIN_S)
    await sheet.show(why, view=question)
    await question.wait()
    return question.agreed is True


async def _read_once(sheet: Sheet, check: Check, name: str, embedding: Embedding) -> Spoken:
    words, limit_s = sheet.visit.words, check.challenges.limit_s
    challenge = await issued(check, name)
    handing = HandingIn(sheet.speaker.id, words, limit_s=limit_s)
    task = words("sentence", sentence=shown(challenge.sentence), seconds=limit_s)
    await sheet.show(task, view=handing)
    await handing.wait()
    if handing.reading is None:
        raise ConsentError(words("not read", seconds=limit_s))
    await sheet.show(words("listening"))
    return await judged(check, challenge, handing.reading, embedding)


class HandingIn(ForOne):
    """The button by which one person hands in a recording.

    Args:
        user: Their id.
        words: In their language.
        limit_s: How long they have.

    Attributes:
        reading: What they handed in; None as long as nothing is.
    """

    def __init__(self, user: int, words: Words, *, limit_s: float) -> None:
        super().__init__(user, timeout_s=limit_s)
        self.reading: discord.Attachment | None = None
        self._words = words
        self._limit_s = limit_s
        button: discord.ui.Button[HandingIn] = discord.ui.Button(
            label=words("hand in button"), style=discord.ButtonStyle.primary
        )
        button.callback = self._open  # type: ignore[method-assign] # discord.py looks it up
        self.add_item(button)

    async def _open(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(_Upload(self, self._words, self._limit_s))


class _Upload(discord.ui.Modal):
    """Takes the recording of a reading.

    Args:
        handing: Is given it.
        words: In their language.
        limit_s: How long it is there.
    """

    def __init__(self, handing: HandingIn, words: Words, limit_s: float) -> None:
        super().__init__(title=words("reading title"), timeout=limit_s)
        self._handing = handing
        self._file: discord.ui.FileUpload[_Upload] = discord.ui.FileUpload(
            custom_id="reading", min_values=1, max_values=1
        )
        self.add_item(discord.ui.Label(text=words("reading label"), component=self._file))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Hand it in; what came of it is shown where the sentence was."""
        await interaction.response.defer()
        self._handing.reading = self._file.values[0]
        self._handing.stop()

    async def on_error(  # type: ignore[override] # discord.py gives a modal no item
        self, interaction: discord.Interaction, error: Exception
    ) -> None:
        """Log what went wrong."""
        await failed(interaction, error)
