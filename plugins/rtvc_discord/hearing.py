"""What Discord sends as the plain values that are read out."""

import discord

from rtvc_discord.text import Attached, Heard
from rtvc_discord.text.reading import spoken_name

MOST_NAMES = 5
"""How many people are looked up for one text."""


async def typed(text: str, guild: discord.Guild, *, sent_at: float) -> Heard:
    """Return text typed into a command, with the names of all it mentions; may ask Discord."""
    return Heard(
        content=text,
        users={user: await _name_of(guild, user) for user in _ids(text, "@", "@!")[:MOST_NAMES]},
        roles={role.id: role.name for role in map(guild.get_role, _ids(text, "@&")) if role},
        channels={each.id: each.name for each in map(guild.get_channel, _ids(text, "#")) if each},
        sent_at=sent_at,
    )


def message(sent: discord.Message) -> Heard:
    """Return a message, with the names of all it mentions."""
    return Heard(
        content=sent.content,
        users={user.id: spoken_name(user.display_name) for user in sent.mentions},
        roles={role.id: role.name for role in sent.role_mentions},
        channels={each.id: each.name for each in sent.channel_mentions},
        attached=tuple(map(_attached, sent.attachments)),
        stickers=tuple(sticker.name for sticker in sent.stickers),
        reply_to=_answered(sent),
        forwarded=_passed_on(sent),
        sent_at=sent.created_at.timestamp(),
    )


def _passed_on(sent: discord.Message) -> Heard | None:
    if not sent.message_snapshots:
        return None
    snapshot = sent.message_snapshots[0]
    return Heard(
        content=snapshot.content,
        attached=tuple(map(_attached, snapshot.attachments)),
        stickers=tuple(sticker.name for sticker in snapshot.stickers),
        sent_at=snapshot.created_at.timestamp(),
    )


def _answered(sent: discord.Message) -> str | None:
    if sent.type is not discord.MessageType.reply or sent.reference is None:
        return None
    answered = sent.reference.resolved
    if isinstance(answered, discord.Message):
        return spoken_name(answered.author.display_name)
    return None


def _attached(file: discord.Attachment) -> Attached:
    return Attached.of(
        file.filename,
        file.content_type or "",
        voice=file.is_voice_message(),
        hidden=file.is_spoiler(),
    )


async def _name_of(guild: discord.Guild, user: int) -> str:
    member = guild.get_member(user)
    try:
        member = member or await guild.fetch_member(user)
    except discord.HTTPException:
        return "somebody"
    return spoken_name(member.display_name)


def _ids(text: str, *marks: str) -> list[int]:
    found = (part.partition(">")[0] for part in text.split("<")[1:])
    ids = (part.removeprefix(mark) for part in found for mark in marks if part.startswith(mark))
    return list(dict.fromkeys(int(each) for each in ids if each.isdecimal() and len(each) <= 20))
