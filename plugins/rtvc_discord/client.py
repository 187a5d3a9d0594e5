"""One connection of discord.py's to a voice channel, that tells the truth about itself."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import discord
from discord.opus import OPUS_SILENCE
from discord.voice_state import ConnectionFlowState, VoiceConnectionState

from rtvc_discord.source import Speech

if TYPE_CHECKING:
    from discord.types.voice import GuildVoiceState

ALONE = "Nobody else was in the voice channel."
MUTED = "I was muted in this server."
NOT_ALLOWED = "I was no longer allowed to speak in the voice channel."
BITRATE_KBPS = 64
CLOSE_S = 1.0
"""How long a connection that is not needed any more may take to end."""


class SpeechClient(discord.VoiceClient):
    """One voice connection. Made by discord.py, for `Link`.

    discord.py's own `is_connected` stays true while it sleeps in a back-off or attempts a resume,
    and its `connect` returns before the call's encryption is agreed; `open` knows better.

    Attributes:
        kicked: Whether somebody else ended it.
        unheard: Why nobody hears what is sent, in words that may be shown; None if somebody does.
    """

    _connection: "_Connection"

    def __init__(self, client: discord.Client, channel: discord.abc.Connectable) -> None:
        super().__init__(client, channel)
        self.kicked = False
        self.unheard: str | None = None
        self._leaving = False
        self._joined = False
        self._speech: Speech | None = None

    def create_connection_state(self) -> "_Connection":
        """Return what discord.py keeps of the connection."""
        return _Connection(self)

    @property
    def close_code(self) -> int | None:
        """With what Discord closed the connection, if it did."""
        return self._connection.closed_with or self._connection.websocket_code

    @property
    def reached(self) -> bool:
        """Whether the voice server is at the other end."""
        websocket = getattr(self.ws, "ws", None)
        return (
            self.is_connected()
            and websocket is not None
            and not websocket.closed
            and websocket.close_code is None
        )

    @property
    def open(self) -> bool:
        """Whether what is sent now is heard, by whoever is there."""
        return self.reached and (self._sealed or self.unheard == ALONE)

    @property
    def _sealed(self) -> bool:
        """Whether frames leave with end-to-end encryption, where the call asks for it."""
        state = self._connection  # discord.py 2.7 has nothing public that tells
        return state.dave_protocol_version == 0 or state.can_encrypt

    @property
    def gone(self) -> bool:
        """Whether discord.py has let go of it."""
        guild = self.client.get_guild(self.guild.id)
        return guild is None or guild.voice_client is not self

    def look(self) -> None:
        """See who can hear it, and help discord.py over a change that it missed."""
        self.unheard = self._why_unheard()
        if not self.open:
            # Its waiters look at the state and begin to wait a moment later: a change in between
            # leaves them waiting until their time is over. Setting it again wakes them.
            self._connection.state = self._connection.state

    def _why_unheard(self) -> str | None:
        if not self.channel.voice_states.keys() - {self.user.id}:
            return ALONE  # so there is nobody with whom encryption could be agreed, either
        me = self.guild.me
        if me.voice is not None and me.voice.mute:
            return MUTED
        suppressed = me.voice is not None and me.voice.suppress
        return NOT_ALLOWED if suppressed or not self.channel.permissions_for(me).speak else None

    def people(self) -> list[int]:
        """Return the ids of those in the channel who are not known to be bots."""
        members = ((key, self.guild.get_member(key)) for key in self.channel.voice_states)
        return [key for key, member in members if member is None or not member.bot]

    async def connect(
        self,
        *,
        reconnect: bool,
        timeout: float,  # noqa: ASYNC109 - as discord.py calls it
        self_deaf: bool = False,
        self_mute: bool = False,
    ) -> None:
        """Join the channel."""
        await super().connect(
            reconnect=reconnect, timeout=timeout, self_deaf=self_deaf, self_mute=self_mute
        )
        self._joined = True

    async def on_voice_state_update(self, data: "GuildVoiceState") -> None:
        """Note if the bot was put out by somebody else."""
        ours = self._leaving or self._connection._expecting_disconnect
        if data["channel_id"] is None and self._joined and not ours:
            self.kicked = True
        await super().on_voice_state_update(data)

    def speak(self, speech: Speech, after: Callable[[Exception | None], Any]) -> None:
        """Start a player for `speech`; `after` is called on its thread when that ends."""
        self._speech = speech
        self.play(
            speech,
            after=after,
            application="voip",
            signal_type="voice",
            bitrate=BITRATE_KBPS,
            fec=True,
        )

    def send_audio_packet(self, data: bytes, *, encode: bool = True) -> None:
        """Send a frame, or hold it if it would not be heard; runs on the player's thread.

        Speech does not leave without end-to-end encryption if the call asks for it.
        """
        if not encode or self._speech is None:
            super().send_audio_packet(data, encode=encode)
        elif self.open:
            unheard = self.unheard
            frame = self.encoder.encode(data, self.encoder.SAMPLES_PER_FRAME)
            if self._sealed:  # asked last: the call may begin to ask for encryption at any time
                super().send_audio_packet(frame, encode=False)
            elif unheard != ALONE:
                return
            self._speech.sent(unheard=unheard)
        elif self.is_connected():
            super().send_audio_packet(OPUS_SILENCE, encode=False)

    def stop(self) -> None:
        """End the player; at the end of the connection, its reader too."""
        super().stop()
        if not self.is_connected() and self._connection.socket:
            # discord.py's reader thread would sit in select() for 30 s more.
            with contextlib.suppress(OSError):
                self._connection.socket.shutdown(socket.SHUT_RDWR)

    async def disconnect(self, *, force: bool = False) -> None:
        """Leave."""
        self._leaving = True
        state = self._connection
        if state.state is not ConnectionFlowState.disconnected:  # as after a kick
            await state.disconnect(force=True)
        self.stop()
        self.cleanup()
        # A resume that discord.py attempts would go on until its time is over.
        tasks = {task for task in (state._runner, state._connector) if task is not None}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_S)
        if self.ws:  # what was cancelled may have been about to close it
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self.ws.close()


class _Connection(VoiceConnectionState):
    """Remembers the code with which Discord closed: discord.py's own close overwrites it."""

    closed_with: int | None = None

    @property
    def websocket_code(self) -> int | None:
        """The code that the websocket has now."""
        websocket = getattr(self.ws, "ws", None)  # a placeholder until it is connected
        code: int | None = getattr(websocket, "close_code", None)
        return code

    async def disconnect(
        self, *, force: bool = True, cleanup: bool = True, wait: bool = False
    ) -> None:
        """Leave; discord.py calls it after every close that it does not resume from."""
        self.closed_with = self.closed_with or self.websocket_code
        await super().disconnect(force=force, cleanup=cleanup, wait=wait)

    async def _connect(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - passed on
        """Connect, or resume after a close."""
        self.closed_with = self.closed_with or self.websocket_code
        await super()._connect(*args, **options)
