"""The voice gateway, version 8: identification, keys, speaking, and DAVE's messages."""

import json
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from .line import Json, Line
from .rtp import MODES, NotAuthenticError, header_of, is_rtp, opened
from .udp import Address, Udp
from .voicesession import VoiceSession

if TYPE_CHECKING:
    from .server import Loopback

HEARTBEAT_MS = 13_750
REASONS = {
    4006: "Session is no longer valid.",
    4014: "Disconnected.",
    4015: "Voice server crashed.",
    4017: "E2EE/DAVE protocol required",
}


class VoiceGateway:
    """Every voice server: they differ by host name only."""

    def __init__(self, loopback: "Loopback") -> None:
        self._loopback = loopback
        self._by_ssrc: dict[int, VoiceSession] = {}
        self.udp = Udp(self._discovered, self._received)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one websocket."""
        socket = web.WebSocketResponse(compress=False)  # as Discord
        await socket.prepare(request)
        line = Line(socket)
        self._loopback.lines.append(line)
        if request.query.get("v") != "8":
            line.close(4012, "Unknown protocol.")
        line.send({"op": 8, "d": {"v": 8, "heartbeat_interval": HEARTBEAT_MS}})
        session: VoiceSession | None = None
        async for message in socket:
            if message.type is WSMsgType.BINARY and session is not None:
                self._group_message(session, message.data)
            elif message.type is WSMsgType.TEXT:
                payload = json.loads(message.data)
                session = self._hear(line, session, payload["op"], payload.get("d"))
        await line.end()
        self._loopback.lines.remove(line)
        if session is not None and session.line is line:
            self._gone(session)
        return socket

    def _hear(
        self, line: Line, session: VoiceSession | None, op: int, data: Json
    ) -> VoiceSession | None:
        """Answer one message; returns the session that the websocket then belongs to."""
        if op == 3:
            line.send({"op": 6, "d": {"t": data["t"]}})
        elif op == 0:
            session = self._identify(line, data)
        elif op == 7:
            session = self._resume(line, data)
        elif session is None:
            line.close(4003, "Not authenticated.")
        elif op == 1:
            self._select(session, data["data"]["mode"])
        elif op == 5:
            self._speaking(session, data["speaking"])
        elif op in (23, 31):
            self._loopback.group_of(session).post_text(session.user_id, op, data)
        return session

    def _identify(self, line: Line, data: Json) -> VoiceSession | None:
        guild = self._loopback.guild(int(data["server_id"]))
        call, member = guild.call, guild.member(int(data["user_id"]))
        call.identifies += 1
        self._loopback.changes.note()
        if call.refuse:
            code = call.refuse.popleft()
            line.close(code, REASONS.get(code, ""))
            return None
        if member is guild.me and data["token"] != call.token:
            line.close(4004, "Authentication failed.")
            return None
        if member.voice is None or (
            member is guild.me and data["session_id"] != member.voice_session
        ):
            line.close(4006, REASONS[4006])
            return None
        if member.voice.e2ee and not data.get("max_dave_protocol_version"):
            line.close(4017, REASONS[4017])
            return None
        ssrc = 1000 + len(self._by_ssrc)
        session = VoiceSession(member, member.voice, line, self.udp, ssrc, data)
        self._by_ssrc[ssrc] = session
        call.sessions.append(session)
        session.send(
            2,
            {
                "ssrc": ssrc,
                "ip": "127.0.0.1",
                "port": self.udp.port,
                "modes": list(MODES),
                "experiments": [],
            },
        )
        return session

    def _select(self, session: VoiceSession, mode: str) -> None:
        if mode not in MODES:
            session.close(4016, "Unknown encryption mode.")
            return
        session.mode = mode
        version = int(session.channel.e2ee)
        session.send(
            4,
            {
                "mode": mode,
                "secret_key": list(session.key),
                "audio_codec": "opus",
                "video_codec": "H264",
                "media_session_id": str(session.ssrc),
                "dave_protocol_version": version,
            },
        )
        members = [m for m in session.channel.members() if m is not session.member]
        session.send(11, {"user_ids": [str(member.user.id) for member in members]})
        if version:
            self._loopback.group_of(session).post_join(session.user_id, session)
        for other in self._others(session):
            if other.speaking and other.speaking[-1]:
                session.send(5, _speaking_json(other))
        self._loopback.changes.note()

    def _speaking(self, session: VoiceSession, speaking: int) -> None:
        session.speaking.append(speaking)
        for other in self._others(session):
            other.send(5, _speaking_json(session))
        self._loopback.changes.note()

    def _resume(self, line: Line, data: Json) -> VoiceSession | None:
        guild = self._loopback.guild(int(data["server_id"]))
        guild.call.resumes += 1
        session = next(
            (
                s
                for s in reversed(guild.call.sessions)
                if s.identify["session_id"] == data["session_id"]
            ),
            None,
        )
        if session is None or session.member.voice is not session.channel:
            line.close(4006, REASONS[4006])
            return None
        session.line = line
        session.send(9, None)
        return session

    def _gone(self, session: VoiceSession) -> None:
        if session.channel.e2ee:
            self._loopback.group_of(session).post_leave(session.user_id, session)
        self._loopback.changes.note()

    def _others(self, session: VoiceSession) -> list[VoiceSession]:
        return [
            other
            for other in session.member.guild.call.live
            if other is not session and other.channel is session.channel and other.mode
        ]

    def _group_message(self, session: VoiceSession, message: bytes) -> None:
        self._loopback.group_of(session).post_binary(session.user_id, message[0], message[1:])

    def _discovered(self, ssrc: int, address: Address) -> None:
        if ssrc in self._by_ssrc:
            self._by_ssrc[ssrc].address = address

    def _received(self, datagram: bytes, at_s: float) -> None:
        if not is_rtp(datagram):
            return  # a keep-alive
        header = header_of(datagram)
        session = self._by_ssrc.get(header.ssrc)
        if session is None or session.mode is None:
            self._loopback.wrong(f"RTP of an unknown SSRC, {header.ssrc}")
            return
        call = session.member.guild.call
        if not session.up:
            call.into_the_void += 1
            return
        try:
            payload = opened(session.mode, session.key, datagram, header)
        except NotAuthenticError:
            call.unauthentic += 1
            return
        call.received(session, header, payload, at_s)


def _speaking_json(session: VoiceSession) -> Json:
    return {
        "user_id": str(session.user_id),
        "ssrc": session.ssrc,
        "speaking": session.speaking[-1],
    }
