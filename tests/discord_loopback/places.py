"""Where they are: guilds and their channels."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import payloads, permissions
from .farend import FarEnd
from .interactions import Interactions
from .line import Json
from .messages import Attachment, written
from .payloads import STAGE, TEXT, VOICE
from .people import Member, Role, User
from .press import Press
from .voice import Call

if TYPE_CHECKING:
    from .server import Loopback

DEFAULT_PERMISSIONS = permissions.bits(
    "view_channel",
    "send_messages",
    "read_message_history",
    "attach_files",
    "embed_links",
    "add_reactions",
    "connect",
    "speak",
    "use_voice_activation",
    "use_application_commands",
    "external_emojis",
)


@dataclass(eq=False)
class Channel:
    """A text, voice or stage channel.

    Attributes:
        kind: payloads.TEXT, VOICE or STAGE.
        overwrites: Role or user id -> the permission bits allowed and denied here.
        user_limit: How many may be in voice; 0 is no limit.
    """

    guild: "Guild"
    id: int
    name: str
    kind: int
    overwrites: dict[int, tuple[int, int]] = field(default_factory=dict)
    user_limit: int = 0

    @property
    def mention(self) -> str:
        """How a message names this channel."""
        return f"<#{self.id}>"

    @property
    def e2ee(self) -> bool:
        """Whether calls here are end-to-end encrypted: Discord exempts stages."""
        return self.guild.loopback.dave and self.kind != STAGE

    def allow(self, who: Member | Role, *names: str) -> None:
        """Grant the named permissions here."""
        self._overwrite(who, allow=permissions.bits(*names))

    def deny(self, who: Member | Role, *names: str) -> None:
        """Refuse the named permissions here."""
        self._overwrite(who, deny=permissions.bits(*names))

    def members(self) -> list[Member]:
        """Return who is in voice here."""
        return [member for member in self.guild.members if member.voice is self]

    def delete(self) -> None:
        """Remove the channel; who was in voice here is put out."""
        for member in self.members():
            self.guild.call.leave(member)
        data = payloads.channel_json(self)
        self.guild.channels.remove(self)
        self.guild.tell("CHANNEL_DELETE", data)

    def _overwrite(self, who: Member | Role, allow: int = 0, deny: int = 0) -> None:
        target = who.id if isinstance(who, Role) else who.user.id
        allowed, denied = self.overwrites.get(target, (0, 0))
        self.overwrites[target] = (allowed & ~deny | allow, denied & ~allow | deny)
        self.guild.tell("CHANNEL_UPDATE", payloads.channel_json(self))


class Guild:
    """A Discord server, with the bot in it.

    Attributes:
        everyone: The role that each member has.
        me: The bot's own member.
        call: What happens in voice.
    """

    def __init__(self, loopback: "Loopback", name: str, owner: User) -> None:
        self.loopback = loopback
        self.id = loopback.new_id()
        self.name = name
        self.owner = owner
        self.everyone = Role(self.id, "@everyone", DEFAULT_PERMISSIONS, 0)
        self.roles = [self.everyone]
        self.channels: list[Channel] = []
        self.members: list[Member] = []
        self.call = Call(self)
        self.interactions = Interactions(self)
        self.add_member(owner)
        self.me = self.add_member(loopback.bot)
        self.general = self.add_text_channel("general")

    def add_role(self, name: str, *permission_names: str) -> Role:
        """Make a role that grants the named permissions."""
        role = Role(
            self.loopback.new_id(), name, permissions.bits(*permission_names), len(self.roles)
        )
        self.roles.append(role)
        data = {"guild_id": str(self.id), "role": payloads.role_json(role)}
        self.tell("GUILD_ROLE_CREATE", data)
        return role

    def add_member(
        self,
        who: str | User,
        *,
        roles: tuple[Role, ...] = (),
        nick: str | None = None,
        bot: bool = False,
    ) -> Member:
        """Let a user in: a new one by name, or one of another guild (`member.user`)."""
        user = who if isinstance(who, User) else User(self.loopback.new_id(), who, bot)
        member = Member(self, user, FarEnd(self.loopback.changes), list(roles), nick)
        self.members.append(member)
        data = payloads.member_json(member) | {"guild_id": str(self.id)}
        self.tell("GUILD_MEMBER_ADD", data, member=member)
        return member

    def add_text_channel(self, name: str) -> Channel:
        """Make a text channel."""
        return self._add_channel(name, TEXT)

    def add_voice_channel(self, name: str, *, user_limit: int = 0) -> Channel:
        """Make a voice channel."""
        return self._add_channel(name, VOICE, user_limit)

    def add_stage_channel(self, name: str) -> Channel:
        """Make a stage channel."""
        return self._add_channel(name, STAGE)

    def member(self, user_id: int) -> Member:
        """Return the member with this user id."""
        for member in self.members:
            if member.user.id == user_id:
                return member
        msg = f"{self.name} has no member {user_id}"
        raise LookupError(msg)

    def channel(self, channel_id: int) -> Channel:
        """Return the channel with this id."""
        for channel in self.channels:
            if channel.id == channel_id:
                return channel
        msg = f"{self.name} has no channel {channel_id}"
        raise LookupError(msg)

    def press(
        self,
        command: str,
        *,
        user: Member,
        channel: Channel | None = None,
        options: dict[str, Any] | None = None,
        **more_options: Any,
    ) -> Press:
        """Use a slash command, such as "/say" or "/voice use", with its options by name.

        Args:
            command: Its name, with those of the subcommand.
            user: Who.
            channel: In which channel; else the guild's first.
            options: Those that are named like an argument of this method.
            more_options: All others: str, number, bool, Member, Role, Channel or Attachment.
        """
        given = more_options | (options or {})
        return self.interactions.press(command, user, channel or self.general, given)

    async def complete(
        self,
        command: str,
        option: str,
        typed: str,
        *,
        user: Member,
        **options: Any,
    ) -> list[str]:
        """Type into an option that completes itself; returns what the user may choose."""
        press = self.interactions.complete(command, option, typed, user, options)
        await press.acknowledged()
        return [choice["name"] for choice in press.answers[0].body["data"]["choices"]]

    def press_message(self, command: str, message: Json, *, user: Member) -> Press:
        """Use a command of a message's context menu."""
        return self.interactions.press_message(command, message, user)

    def say_message(
        self,
        user: Member,
        content: str = "",
        *,
        channel: Channel | None = None,
        attachments: tuple[Attachment, ...] = (),
        reply_to: Json | None = None,
        **extra: Any,
    ) -> Json:
        """Write a message; `extra` goes into its JSON as it is (stickers, snapshots, embeds)."""
        message = written(
            self,
            user,
            channel or self.general,
            content,
            attachments=attachments,
            reply_to=reply_to,
            extra=extra,
        )
        self.loopback.messages.append(message)
        self.tell("MESSAGE_CREATE", message)
        return message

    def appear(self) -> None:
        """Tell a bot that is connected that it was let into this guild."""
        members = [member for member in self.members if member is self.me]
        data = payloads.guild_json(self, members)
        del data["unavailable"]  # which only a guild that was there before has
        self.tell("GUILD_CREATE", data)

    def go_away(self) -> None:
        """Be out of reach for a while, as in an outage; calls go on."""
        self.tell("GUILD_DELETE", {"id": str(self.id), "unavailable": True})

    def come_back(self) -> None:
        """Be there again."""
        members = [member for member in self.members if member is self.me or member.voice]
        self.tell("GUILD_CREATE", payloads.guild_json(self, members))

    def remove_bot(self) -> None:
        """Kick the bot out of the guild."""
        self.call.leave(self.me)
        self.tell("GUILD_DELETE", {"id": str(self.id)})
        self.loopback.guilds.remove(self)

    def tell(self, event: str, data: Json, *, member: Member | None = None) -> None:
        """Send an event of this guild to the bot; about a `member`, if the bot may know of it."""
        if self in self.loopback.guilds:
            self.loopback.gateway.dispatch(event, data, guild=self, member=member)

    def _add_channel(self, name: str, kind: int, user_limit: int = 0) -> Channel:
        channel = Channel(self, self.loopback.new_id(), name, kind, user_limit=user_limit)
        self.channels.append(channel)
        self.tell("CHANNEL_CREATE", payloads.channel_json(channel))
        return channel
