"""A recording that came by Discord, as a voice. The steps that block run in a thread."""

import asyncio
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import discord

from rtvc_bridge.enrolment import Enrolment, read_clip
from rtvc_bridge.errors import ClipRejectedError, StorageError, UserError, VoiceNameError
from rtvc_bridge.voices import Consent, check_name, skeleton
from rtvc_discord import consent
from rtvc_discord.desk import Desk
from rtvc_discord.people import NotAllowedError, Person, check_not_blocked
from rtvc_discord.preferences import GuildSettings

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
    owners = desk.store.owners()
    theirs = sum(owners.get(voice.id) == recording.speaker.id for voice in voices)
    if theirs >= MOST_VOICES and not person.operator:
        raise UserError(f"{MOST_VOICES} voices are the limit. /voice delete makes room.")
    return name


async def enrolled(desk: Desk, recording: Recording, name: str) -> Enrolment:
    """Return the voice made of a recording whose speaker has just agreed; it is kept.

    Raises:
        ClipRejectedError: With every reason for which it was refused.
        VoiceNameError: If the name was taken meanwhile.
        StorageError: If it cannot be kept.
    """
    agreement = consent.record(recording.speaker)
    try:
        with tempfile.TemporaryDirectory(prefix="rtvc-bridge-") as folder:
            path = Path(folder) / _file_name(recording.file.filename)
            await recording.file.save(path)
            return await asyncio.to_thread(_made, desk, path, recording, name, agreement)
    except (discord.DiscordException, aiohttp.ClientError, TimeoutError) as error:
        raise ClipRejectedError(
            "Discord does not hand out that recording; send it again."
        ) from error
    except OSError as error:
        raise StorageError(f"The recording cannot be kept: {error.strerror}.") from error


def _made(desk: Desk, path: Path, recording: Recording, name: str, agreement: Consent) -> Enrolment:
    clip = read_clip(path)
    _check_length(clip.source_seconds)
    made = desk.engine.enrol([clip], name=name, consent=agreement, keep_clips=True)
    # Noted first: a voice whose owner is not noted would belong to whoever runs the bot.
    desk.store.own(made.voice.id, recording.speaker.id)
    with ExitStack() as undo:
        undo.callback(desk.store.forget_voice, made.voice.id)
        desk.voices.add(made.voice)
        undo.pop_all()
    return made


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
