"""Discord's objects as its API writes them in JSON."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from . import permissions
from .line import Json

if TYPE_CHECKING:
    from .people import Member, Role, User
    from .places import Channel, Guild

LONG_AGO = "2024-01-01T00:00:00+00:00"
TEXT, VOICE, STAGE = 0, 2, 13


def now() -> str:
    """Return the time as Discord writes it."""
    return datetime.now(UTC).isoformat()


def user_json(user: "User") -> Json:
    """Return a user object."""
    return {
        "id": str(user.id),
        "username": user.name,
        "discriminator": "0",
        "global_name": None if user.bot else user.name,
        "avatar": None,
        "bot": user.bot,
        "public_flags": 0,
        "flags": 0,
    }


def member_json(member: "Member", channel: "Channel | None" = None) -> Json:
    """Return a guild member object; with a channel, as interactions carry it."""
    data: Json = {
        "user": user_json(member.user),
        "nick": member.nick,
        "roles": [str(role.id) for role in member.roles],
        "joined_at": LONG_AGO,
        "deaf": False,
        "mute": member.muted,
        "flags": 0,
        "avatar": None,
        "premium_since": None,
        "pending": False,
        "communication_disabled_until": None,
    }
    if channel is not None:
        data["permissions"] = str(permissions.in_channel(member, channel))
    return data


def role_json(role: "Role") -> Json:
    """Return a role object."""
    return {
        "id": str(role.id),
        "name": role.name,
        "permissions": str(role.permissions),
        "position": role.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


def channel_json(channel: "Channel") -> Json:
    """Return a guild channel object."""
    guild = channel.guild
    data: Json = {
        "id": str(channel.id),
        "guild_id": str(guild.id),
        "type": channel.kind,
        "name": channel.name,
        "position": guild.channels.index(channel),
        "permission_overwrites": [
            {
                "id": str(target),
                "type": int(any(m.user.id == target for m in guild.members)),
                "allow": str(allow),
                "deny": str(deny),
            }
            for target, (allow, deny) in channel.overwrites.items()
        ],
        "nsfw": False,
        "parent_id": None,
        "flags": 0,
        "rate_limit_per_user": 0,
    }
    if channel.kind == TEXT:
        return data | {"topic": None, "last_message_id": None}
    return data | {
        "bitrate": 64_000,
        "user_limit": channel.user_limit,
        "rtc_region": None,
        "video_quality_mode": 1,
    }


def voice_state_json(member: "Member") -> Json:
    """Return where the member's voice is; a `channel_id` of None is nowhere."""
    return {
        "guild_id": str(member.guild.id),
        "user_id": str(member.user.id),
        "channel_id": str(member.voice.id) if member.voice else None,
        "session_id": member.voice_session,
        "member": member_json(member),
        "deaf": False,
        "mute": member.muted,
        "self_deaf": member.self_deaf,
        "self_mute": member.self_mute,
        "self_video": False,
        "suppress": member.suppressed,
        "request_to_speak_timestamp": None,
    }


def guild_json(guild: "Guild", members: "list[Member]") -> Json:
    """Return a guild as GUILD_CREATE carries it, with the members that the bot may see."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner.id),
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "features": [],
        "mfa_level": 0,
        "system_channel_flags": 0,
        "premium_tier": 0,
        "preferred_locale": "en-US",
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
        "member_count": len(guild.members),
        "large": False,
        "unavailable": False,
        "joined_at": LONG_AGO,
        "roles": [role_json(each) for each in guild.roles],
        "channels": [channel_json(each) for each in guild.channels],
        "members": [member_json(each) for each in members],
        "voice_states": [voice_state_json(each) for each in guild.members if each.voice],
        "threads": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def message_json(identifier: int, channel: "Channel", author: "User", content: str = "") -> Json:
    """Return a message object with nothing but text in it."""
    return {
        "id": str(identifier),
        "type": 0,
        "channel_id": str(channel.id),
        "content": content,
        "tts": False,
        "author": user_json(author),
        "timestamp": now(),
        "edited_timestamp": None,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": False,
        "flags": 0,
    }
