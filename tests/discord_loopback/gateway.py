"""The main gateway: identification, events, resuming, and what goes wrong with it."""

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import discord
from aiohttp import WSMsgType, web

from . import payloads
from .line import Json, Line

if TYPE_CHECKING:
    from .people import Member
    from .places import Guild
    from .server import Loopback

HEARTBEAT_MS = 41_250
ENDS_SESSION = (1000, 1001)
PRIVILEGED = ("members", "presences", "message_content")
INTENT_OF = {
    "VOICE_STATE_UPDATE": "voice_states",
    "MESSAGE_CREATE": "guild_messages",
    "GUILD_MEMBER_ADD": "members",
    "GUILD_MEMBER_REMOVE": "members",
    "GUILD_MEMBER_UPDATE": "members",
}


@dataclass(eq=False)
class Session:
    """One shard's session, which outlives its websocket.

    Attributes:
        events: Every event of it, for a resume: the n-th has sequence number n.
        line: The websocket that it has now.
    """

    id: str
    shard: int
    intents: discord.Intents
    line: Line | None
    events: list[Json] = field(default_factory=list)

    def send(self, event: str, data: Json) -> None:
        """Send an event, or keep it for the resume."""
        payload = {"op": 0, "t": event, "s": len(self.events) + 1, "d": data}
        self.events.append(payload)
        if self.line is not None:
            self.line.send(payload)


class Gateway:
    """The main gateway.

    Attributes:
        sessions: Every session that is alive.
        identifies: What each IDENTIFY said.
        resumes: How often a session was resumed.
        silent: Whether it swallows all it is told, as when Discord's end hangs.
        answers_repeats: Whether asking for the voice channel one is already in is answered.
    """

    def __init__(self, loopback: "Loopback") -> None:
        self._loopback = loopback
        self.sessions: list[Session] = []
        self.identifies: list[Json] = []
        self.resumes = 0
        self.silent = False
        self.answers_repeats = True

    @property
    def connected(self) -> int:
        """How many sessions have a websocket."""
        return sum(session.line is not None for session in self.sessions)

    def dispatch(
        self, event: str, data: Json, *, guild: "Guild", member: "Member | None" = None
    ) -> None:
        """Send an event of a guild to its shard, if the session's intents ask for it."""
        for session in self.sessions:
            if (guild.id >> 22) % self._loopback.shards != session.shard:
                continue
            intent = INTENT_OF.get(event)
            own = member is not None and member is guild.me
            if intent is None or getattr(session.intents, intent) or own:
                session.send(event, self._as_seen(session, event, data))

    def drop(self) -> None:
        """Break every websocket in a way that lets the bot resume."""
        for session in self.sessions:
            self._hang_up(session, 4000, "Unknown error.")

    def ask_to_reconnect(self) -> None:
        """Send op 7, as Discord does before it takes a gateway machine down."""
        for session in self.sessions:
            if session.line is not None:
                session.line.send({"op": 7, "d": None})

    def invalidate(self) -> None:
        """End every session for good; the bot's voice goes with it."""
        for session in list(self.sessions):
            self.sessions.remove(session)
            if session.line is not None:
                session.line.send({"op": 9, "d": False})
        for guild in self._loopback.guilds:
            guild.call.leave(guild.me)

    def forget(self) -> None:
        """Break every websocket, and refuse the resume; the bot's voice goes, and none tells it."""
        sessions, self.sessions = self.sessions, []
        for guild in self._loopback.guilds:
            guild.call.leave(guild.me)
        for session in sessions:
            self._hang_up(session, 4000, "Unknown error.")

    def reset_token(self) -> None:
        """Make a new token, as somebody does in the developer portal: 4004 for the old one."""
        self._loopback.token = f"reset.{secrets.token_hex(8)}"
        sessions, self.sessions = self.sessions, []
        for session in sessions:
            self._hang_up(session, 4004, "Authentication failed.")

    def _hang_up(self, session: Session, code: int, reason: str) -> None:
        if session.line is not None:
            session.line.close(code, reason)
            session.line = None

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one websocket."""
        socket = web.WebSocketResponse(compress=False)  # as Discord
        await socket.prepare(request)
        line = Line(socket)
        self._loopback.lines.append(line)
        line.send({"op": 10, "d": {"heartbeat_interval": HEARTBEAT_MS}})
        async for message in socket:
            if message.type is WSMsgType.TEXT and not self.silent:
                payload = json.loads(message.data)
                self._hear(line, payload["op"], payload.get("d"))
        for session in list(self.sessions):
            if session.line is line:
                session.line = None
                if socket.close_code in ENDS_SESSION:
                    self.sessions.remove(session)
        await line.end()
        self._loopback.lines.remove(line)
        return socket

    def _hear(self, line: Line, op: int, data: Json) -> None:
        if op == 1:
            line.send({"op": 11})
        elif op == 2:
            self._identify(line, data)
        elif op == 4:
            self._voice_state(data)
        elif op == 6:
            self._resume(line, data)
        elif op != 3:  # presence, which nobody here looks at
            self._loopback.wrong(f"gateway op {op}: {data}")

    def _identify(self, line: Line, data: Json) -> None:
        self.identifies.append(data)
        intents = discord.Intents._from_value(data["intents"])
        refused = [name for name in PRIVILEGED if getattr(intents, name)]
        refused = [name for name in refused if name not in self._loopback.privileged_intents]
        if data["token"] != self._loopback.token:
            line.close(4004, "Authentication failed.")
        elif refused:
            line.close(4014, "Disallowed intent(s).")
        else:
            shard = data.get("shard", [0, 1])[0]
            session = Session(secrets.token_hex(8), shard, intents, line)
            self.sessions.append(session)
            self._ready(session)

    def _ready(self, session: Session) -> None:
        loopback = self._loopback
        guilds = [g for g in loopback.guilds if (g.id >> 22) % loopback.shards == session.shard]
        ready = {
            "v": 10,
            "user": payloads.user_json(loopback.bot),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": "wss://gateway.discord.gg",
            "application": {"id": str(loopback.bot.id), "flags": 0},
            "shard": [session.shard, loopback.shards],
        }
        session.send("READY", ready)
        for guild in guilds:
            session.send("GUILD_CREATE", payloads.guild_json(guild, self._seen(session, guild)))
        loopback.changes.note()

    @staticmethod
    def _seen(session: Session, guild: "Guild") -> "list[Member]":
        """Return the members that a bot gets without asking: all, or itself and who is in voice."""
        if session.intents.members:
            return guild.members
        return [member for member in guild.members if member is guild.me or member.voice]

    @staticmethod
    def _as_seen(session: Session, event: str, data: Json) -> Json:
        """Return the data without what the session's intents do not show."""
        if event != "MESSAGE_CREATE" or session.intents.message_content:
            return data
        return data | {"content": "", "embeds": [], "attachments": [], "components": []}

    def _resume(self, line: Line, data: Json) -> None:
        session = next((s for s in self.sessions if s.id == data["session_id"]), None)
        if session is None:
            line.send({"op": 9, "d": False})
            return
        self.resumes += 1
        session.line = line
        for event in session.events[data["seq"] :]:
            line.send(event)
        session.send("RESUMED", {})
        self._loopback.changes.note()

    def _voice_state(self, data: Json) -> None:
        wanted = int(data["guild_id"])
        guild = next((each for each in self._loopback.guilds if each.id == wanted), None)
        if guild is None:
            return  # the bot was taken out of it; Discord says nothing
        if data["channel_id"] is None:
            guild.call.leave(guild.me)
            return
        channel = guild.channel(int(data["channel_id"]))
        repeated = guild.me.voice is channel
        if repeated and not self.answers_repeats:
            return
        guild.call.bot_asks(channel, self_mute=data["self_mute"], self_deaf=data["self_deaf"])
