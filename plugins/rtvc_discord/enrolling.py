"""A recording that came by Discord, as a voice. The steps that block run in a thread."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import discord

from rtvc_bridge.enrolment import Enrolment, read_clip
from rtvc_bridge.enrolment.spoken import Check
from rtvc_bridge.errors import (
    ClipRejectedError,
    ModelError,
    StorageError,
    UserError,
    VoiceNameError,
)
from rtvc_bridge.safety.challenges import Challenge
from rtvc_bridge.safety.consent import SPOKEN
from rtvc_bridge.safety.phrase import Phrase
from rtvc_bridge.voices import Consent, Embedding, Spoken, check_name, skeleton
from rtvc_discord import consent
from rtvc_discord.desk import Desk
from rtvc_discord.people import NotAllowedError, Person, check_not_blocked, user_name
from rtvc_discord.preferences import GuildSettings

logger = logging.getLogger(__name__)

DEAF = (
    "In this bot a voice is only made once its speaker has read a sentence aloud, and I cannot "
    'listen to that. Whoever runs me must run: pip install "rtvc-bridge[consent]", and then: '
    "rtvc-bridge models pull whisper-base perth"
)
MOST_BYTES = 25 * 2**20
MOST_S = 180.0
MOST_VOICES = 5
_SHOWN_CHARS = 60


@dataclass(frozen=True, slots=True)
class Recording:
    """What is to become a voice.

    Attributes:
        file: The sound.
        speaker: Who speaks in it.
        name: What to call the voice.
    """

    file: discord.Attachment
    speaker: discord.abc.User
    name: str


def check_may_enrol(person: Person, settings: GuildSettings, speaker: int) -> None:
    """Pass if `person` may make a voice of a recording in which `speaker` speaks.

    Raises:
        NotAllowedError: If not.
    """
    if person.operator:
        return
    if not settings.members_enrol:
        raise NotAllowedError(
            "In this server only whoever runs me may make voices. Its managers can change that: "
            "/settings manners members_enrol."
        )
    check_not_blocked(person, settings)
    if speaker != person.user:
        raise NotAllowedError("You may only make a voice of your own recordings.")


def check_recording(file: discord.Attachment) -> None:
    """Pass if `file` may be a recording, by what Discord says of it.

    Raises:
        ClipRejectedError: If it is no sound, too large or too long.
    """
    kind = (file.content_type or "audio/unknown").partition("/")[0]
    if kind not in ("audio", "video"):
        raise ClipRejectedError("That is not a recording. Attach a sound file.")
    if file.size > MOST_BYTES:
        raise ClipRejectedError(
            f"That file has {file.size / 2**20:.0f} MB; the limit is {MOST_BYTES / 2**20:.0f} MB."
        )
    if file.duration is not None:
        _check_length(file.duration)


def check_room(desk: Desk, person: Person, recording: Recording) -> str:
    """Return the name for the voice if there may be one more; blocks.

    Raises:
        VoiceNameError: If the name is unfit or taken.
        UserError: If the speaker has too many voices.
    """
    name = check_name(recording.name)
    voices = desk.voices.listing().voices
    if skeleton(name) in {skeleton(known.name) for known in voices}:
        raise VoiceNameError(f"There is a voice {name!r} already; choose another name.")
    owner = user_name(recording.speaker.id)
    theirs = sum(voice.consent.owner == owner for voice in voices)
    if theirs >= MOST_VOICES and not person.operator:
        raise UserError(f"{MOST_VOICES} voices are the limit. /voice delete makes room.")
    return name


def listener(desk: Desk) -> Check | None:
    """Return what judges spoken agreement; None where a button is enough.

    Raises:
        UserError: If it has to be spoken and nothing here can listen.
    """
    if desk.settings.consent.others != SPOKEN:
        return None
    if desk.check is None:
        raise UserError(DEAF)
    return desk.check


async def made(desk: Desk, recording: Recording) -> Enrolment:
    """Return the voice in a recording whose speaker has just pressed that they agree.

    Nothing is kept yet.

    Raises:
        ClipRejectedError: With every reason for which it was refused.
        StorageError: If there is no room for the recording.
    """
    agreement = consent.pressed(recording.speaker, valid_days=desk.settings.consent.valid_days)
    async with _saved(recording.file) as path:
        return await asyncio.to_thread(_made, desk, path, recording.name, agreement)


async def issued(check: Check, name: str) -> Challenge:
    """Return a sentence to read for the voice `name`.

    Raises:
        ConsentError: If too many wait to be read.
        UserError: If what listening takes is not installed.
    """
    try:
        return await asyncio.to_thread(check.issue, name)
    except ModelError as error:
        logger.error("spoken consent cannot be judged: %s", error)
        raise UserError(DEAF) from error


async def judged(
    check: Check, challenge: Challenge, reading: discord.Attachment, embedding: Embedding
) -> Spoken:
    """Return the record that a sentence was read by whoever has that d-vector; takes seconds.

    Raises:
        ConsentError: If it was not; the message says which part failed, and what to do.
        ClipRejectedError: If that is no recording.
        UserError: If what listening takes is not installed.
    """
    phrase = check.taken(challenge.id, challenge.name)
    check_recording(reading)
    async with _saved(reading) as path:
        try:
            return await asyncio.to_thread(_judged, check, phrase, path, embedding)
        except ModelError as error:
            logger.error("spoken consent cannot be judged: %s", error)
            raise UserError(DEAF) from error


async def kept(desk: Desk, voice: Enrolment, agreement: Consent, person: Person) -> None:
    """Keep a voice with that agreement in it.

    Raises:
        VoiceNameError: If the name was taken meanwhile.
        ConsentError: If its speaker took the agreement back before.
        StorageError: If it cannot be kept.
    """
    agreed = replace(voice.voice, consent=agreement)
    await asyncio.to_thread(desk.custody.add, agreed, person.asker)


@asynccontextmanager
async def _saved(file: discord.Attachment) -> AsyncIterator[Path]:
    """Give a file that was attached, for as long as it takes."""
    with tempfile.TemporaryDirectory(prefix="rtvc-bridge-") as folder:
        path = Path(folder) / _file_name(file.filename)
        try:
            await file.save(path)
        except (discord.DiscordException, aiohttp.ClientError, TimeoutError) as error:
            raise ClipRejectedError(
                "Discord does not hand out that recording; send it again."
            ) from error
        except OSError as error:
            raise StorageError(f"The recording cannot be kept: {error.strerror}.") from error
        yield path


def _made(desk: Desk, path: Path, name: str, agreement: Consent) -> Enrolment:
    clip = read_clip(path)
    _check_length(clip.source_seconds)
    return desk.engine.enrol([clip], name=name, consent=agreement, keep_clips=True)


def _judged(check: Check, phrase: Phrase, path: Path, embedding: Embedding) -> Spoken:
    return check.spoken(phrase, read_clip(path), embedding)


def _check_length(seconds: float) -> None:
    if seconds > MOST_S:
        raise ClipRejectedError(
            f"That recording lasts {seconds:.0f} s; the limit is {MOST_S:.0f} s. "
            "10 to 60 s of clear speech are best."
        )


def _file_name(name: str) -> str:
    """Return as much of an attachment's name as is safe in a path, for messages."""
    kept = "".join(char for char in name if char.isalnum() or char in "._-")
    return kept[-_SHOWN_CHARS:].lstrip(".") or "recording"
