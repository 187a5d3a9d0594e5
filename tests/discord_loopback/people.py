"""Who is there: users, roles, and the members of a guild."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import payloads, permissions
from .ears import EarKind
from .farend import FarEnd

if TYPE_CHECKING:
    from .places import Channel, Guild


@dataclass(frozen=True)
class User:
    """A Discord account."""

    id: int
    name: str
    bot: bool = False


@dataclass(eq=False)
class Role:
    """A named set of permissions in a guild."""

    id: int
    name: str
    permissions: int
    position: int


@dataclass(eq=False)
class Member:
    """A user in a guild, and that user's place in voice.

    Attributes:
        voice: The voice channel that the member is in.
        voice_session: The id of this stay in voice.
        muted: Whether a moderator muted the member.
        invited: Whether a moderator lets the member speak on stages.
        heard: What this member's own client heard of others, in every channel it was in.
    """

    guild: "Guild"
    user: User
    heard: FarEnd
    roles: list[Role] = field(default_factory=list)
    nick: str | None = None
    voice: "Channel | None" = None
    voice_session: str = ""
    muted: bool = False
    invited: bool = False
    self_mute: bool = False
    self_deaf: bool = False

    @property
    def mention(self) -> str:
        """How a message names this member."""
        return f"<@{self.user.id}>"

    @property
    def suppressed(self) -> bool:
        """Whether the member may only listen: for want of Speak, or uninvited on a stage."""
        if self.voice is None:
            return False
        on_stage = self.voice.kind == payloads.STAGE
        return not self.invited if on_stage else not self.may(self.voice, "speak")

    def may(self, channel: "Channel", *names: str) -> bool:
        """Return whether the member has the named permissions in the channel."""
        return permissions.may(self, channel, *names)

    def join_voice(self, channel: "Channel", *, ear: EarKind = "davey") -> None:
        """Enter a voice channel, or move to it, and listen there.

        Args:
            channel: Where to.
            ear: What decrypts for the member in an E2EE call: "davey", "libdave", or "none" for
                a client of its own that comes over the network. Without E2EE it does not matter.
        """
        self.guild.call.enter(self, channel, ear)

    def leave_voice(self) -> None:
        """Leave voice."""
        self.guild.call.leave(self)

    def mute(self, *, muted: bool = True) -> None:
        """Let a moderator mute or unmute the member for the whole guild."""
        self.muted = muted
        self.guild.tell("VOICE_STATE_UPDATE", payloads.voice_state_json(self))

    def give(self, *roles: Role) -> None:
        """Add roles."""
        self.roles.extend(roles)
        self._changed()

    def take_away(self, *roles: Role) -> None:
        """Remove roles."""
        self.roles = [role for role in self.roles if role not in roles]
        self._changed()

    def _changed(self) -> None:
        data = payloads.member_json(self) | {"guild_id": str(self.guild.id)}
        self.guild.tell("GUILD_MEMBER_UPDATE", data, member=self)
