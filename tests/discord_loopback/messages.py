"""Messages and attachments: what users write, and what the bot posts in channels."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import payloads
from .line import Json

if TYPE_CHECKING:
    from .people import Member
    from .places import Channel, Guild

CDN = "https://cdn.discordapp.com"
REPLY, VOICE_MESSAGE = 19, 1 << 13


@dataclass(frozen=True)
class Attachment:
    """A file that a user sent; the loopback serves it at its address.

    Attributes:
        voice_seconds: The length of a voice message; None for any other file.
    """

    id: int
    filename: str
    content: bytes
    content_type: str
    voice_seconds: float | None = None

    @property
    def path(self) -> str:
        """Where it is served."""
        return f"/attachments/{self.id}/{self.filename}"

    def json(self) -> Json:
        """Return an attachment object."""
        data: Json = {
            "id": str(self.id),
            "filename": self.filename,
            "size": len(self.content),
            "url": CDN + self.path,
            "proxy_url": CDN + self.path,
            "content_type": self.content_type,
            "ephemeral": True,
        }
        if self.voice_seconds is not None:
            data |= {"duration_secs": self.voice_seconds, "waveform": "AAAA"}
        return data


def written(
    guild: "Guild",
    user: "Member",
    channel: "Channel",
    content: str,
    *,
    attachments: tuple[Attachment, ...] = (),
    reply_to: Json | None = None,
    extra: Json | None = None,
) -> Json:
    """Return a user's message as MESSAGE_CREATE carries it, mentions looked up."""
    message = payloads.message_json(guild.loopback.new_id(), channel, user.user, content)
    member = payloads.member_json(user)
    del member["user"]
    message |= {
        "guild_id": str(guild.id),
        "member": member,
        "attachments": [attachment.json() for attachment in attachments],
        "mentions": _mentions(guild, content),
        "mention_roles": re.findall(r"<@&(\d+)>", content),
    }
    if any(attachment.voice_seconds is not None for attachment in attachments):
        message["flags"] |= VOICE_MESSAGE
    if reply_to is not None:
        message |= {
            "type": REPLY,
            "referenced_message": reply_to,
            "message_reference": {
                "type": 0,
                "message_id": reply_to["id"],
                "channel_id": reply_to["channel_id"],
                "guild_id": str(guild.id),
            },
        }
    return message | (extra or {})


def _mentions(guild: "Guild", content: str) -> list[Json]:
    found = []
    for identifier in re.findall(r"<@!?(\d+)>", content):
        member = guild.member(int(identifier))
        inside = payloads.member_json(member)
        del inside["user"]
        found.append(payloads.user_json(member.user) | {"member": inside})
    return found
