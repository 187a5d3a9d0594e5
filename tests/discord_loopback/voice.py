"""Voice in one guild: who is in which channel, their connections, and what reaches whom."""

import secrets
from collections import deque
from typing import TYPE_CHECKING

from . import payloads
from .dave import Delivery
from .ears import DaveEar, Ear, EarKind, ear, kind_of
from .farend import FarEnd, Kind, Packet
from .rtp import Header
from .voicesession import VoiceSession

if TYPE_CHECKING:
    from .people import Member
    from .places import Channel, Guild


class Call:
    """What happens in the voice channels of one guild.

    Attributes:
        sessions: Every voice connection that was ever identified, also closed ones.
        wire: What the voice server itself received from the bot, before any E2EE is opened.
        refuse: Close codes for the next IDENTIFYs, such as 4017.
        unauthentic: RTP packets that did not open with their session's key.
        into_the_void: RTP packets that came for a session that was closed.
        lose_every: Lose each n-th packet on its way to the listeners; 0 loses none.
        unheard: Packets of somebody who may not speak, or is muted; nobody gets them.
    """

    def __init__(self, guild: "Guild") -> None:
        self._guild = guild
        self._loopback = guild.loopback
        self._ears: dict[Member, Ear] = {}
        self._groups: dict[Channel, Delivery] = {}
        self.host = f"server1-{guild.id}.discord.media"
        self.token = ""
        self.sessions: list[VoiceSession] = []
        self.wire = FarEnd(self._loopback.changes)
        self.refuse: deque[int] = deque()
        self.identifies = 0
        self.resumes = 0
        self.unauthentic = 0
        self.into_the_void = 0
        self.unheard = 0
        self.lose_every = 0

    @property
    def live(self) -> list[VoiceSession]:
        """The voice connections that are up."""
        return [session for session in self.sessions if session.up]

    @property
    def bot_session(self) -> VoiceSession:
        """The bot's newest voice connection."""
        mine = [s for s in self.sessions if s.member is self._guild.me]
        assert mine, "the bot has not connected to voice"
        return mine[-1]

    def group(self, channel: "Channel") -> Delivery:
        """Return the service that orders the channel's E2EE handshakes."""
        if channel not in self._groups:
            self._groups[channel] = Delivery(channel.id, self._loopback.handshake_s)
        return self._groups[channel]

    def privacy_code(self, member: "Member") -> str | None:
        """Return the digits that prove the call private, as the member's client shows them."""
        listening = self._ears[member]
        return listening.privacy_code() if isinstance(listening, DaveEar) else None

    async def end(self) -> None:
        """Stop what runs; raises what a handshake raised."""
        for group in self._groups.values():
            await group.end()

    # Who is where

    def enter(self, member: "Member", channel: "Channel", ear_kind: EarKind) -> None:
        """Put a member that is not the bot into a channel."""
        self._go(member, channel)
        if ear_kind == "none":
            return
        listening = ear(ear_kind if channel.e2ee else "plain", member, self)
        self._ears[member] = listening
        listening.enter()

    def leave(self, member: "Member") -> None:
        """Take a member out of voice; a connection of its own is closed with 4014."""
        if member.voice is None:
            return
        self._go(member, None)
        for session in self.live:
            if session.member is member:
                session.close(4014, "Disconnected.")

    def bot_asks(self, channel: "Channel", *, self_mute: bool, self_deaf: bool) -> None:
        """Let the bot in and tell it which server to use; without leave, Discord says nothing."""
        me = self._guild.me
        full = channel.user_limit and len(channel.members()) >= channel.user_limit
        if me.voice is not channel and (
            not me.may(channel, "view_channel", "connect")
            or (full and not me.may(channel, "move_members"))
        ):
            return
        me.self_mute, me.self_deaf = self_mute, self_deaf
        self._go(me, channel)
        self.send_server()

    def send_server(self) -> None:
        """Send VOICE_SERVER_UPDATE with a new token."""
        self.token = secrets.token_hex(8)
        self._guild.tell(
            "VOICE_SERVER_UPDATE",
            {
                "token": self.token,
                "guild_id": str(self._guild.id),
                "endpoint": f"{self.host}:2048",
            },
        )

    def _go(self, member: "Member", channel: "Channel | None") -> None:
        before = member.voice
        if before is not None and before is not channel:
            listening = self._ears.pop(member, None)
            if listening is not None:
                listening.leave()
            self._announce(member, before, op=13)
        if channel is not None and before is None:
            member.voice_session = secrets.token_hex(8)
        member.voice = channel
        self._guild.tell("VOICE_STATE_UPDATE", payloads.voice_state_json(member))
        if channel is not None and before is not channel:
            self._announce(member, channel, op=11)
        self._loopback.changes.note()

    def _announce(self, member: "Member", channel: "Channel", op: int) -> None:
        for session in self.live:
            if session.channel is channel and session.member is not member:
                name = str(member.user.id)
                session.send(op, {"user_ids": [name]} if op == 11 else {"user_id": name})

    # Faults

    def change_region(self) -> None:
        """Send the call to another voice server."""
        self.host = f"server{secrets.randbelow(10**6)}-{self._guild.id}.discord.media"
        self.send_server()

    def move_bot(self, channel: "Channel") -> None:
        """Drag the bot to another channel, as a moderator does."""
        self._go(self._guild.me, channel)
        self.send_server()

    def kick_bot(self) -> None:
        """Disconnect the bot from voice, as a moderator does: 4014, then a state of None."""
        self.bot_session.close(4014, "Disconnected.")
        self._go(self._guild.me, None)

    def haunt(self, channel: "Channel") -> None:
        """List the bot in a channel, as if a former run of it were still there."""
        self._go(self._guild.me, channel)

    def close(self, code: int, reason: str = "") -> None:
        """Close the bot's voice connection with `code`: 4006, 4009, 4015 and so on."""
        self.bot_session.close(code, reason)

    # Sound

    def received(self, session: VoiceSession, header: Header, payload: bytes, at_s: float) -> None:
        """Pass on one packet that a session sent to everybody else in its channel."""
        if session.member is self._guild.me:
            kind = kind_of(payload)
            opus = None if kind is Kind.E2EE else payload
            self.wire.take(Packet(at_s, header.ssrc, header.sequence, header.timestamp, kind, opus))
        if session.member.muted or session.member.suppressed:
            self.unheard += 1
            return
        if self.lose_every and header.sequence % self.lose_every == 0:
            return
        for member, listening in self._ears.items():
            if member.voice is session.channel and member is not session.member:
                listening.hear(session.member, header, payload, at_s)
        for other in self.live:
            if other is not session and other.channel is session.channel:
                other.forward(header, payload)
