"""The least bot there can be: discord.py, one command, and a tone. For the loopback's own tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord
import numpy as np
from discord import app_commands

from rtvc_bridge.audio import FRAME_BYTES

from .farend import FarEnd
from .opus import RATE_HZ
from .people import Member
from .places import Channel, Guild
from .server import Loopback

TONE_HZ = 440.0
TIMEOUT_S = 4.0


class Tone(discord.AudioSource):
    """A sine of TONE_HZ at -10 dBFS."""

    def __init__(self, seconds: float) -> None:
        times = np.arange(round(RATE_HZ * seconds)) / RATE_HZ
        wave = np.round(0.3 * 32767 * np.sin(2 * np.pi * TONE_HZ * times)).astype("<i2")
        self._left = np.repeat(wave[:, None], 2, axis=1).tobytes()

    def read(self) -> bytes:
        """Return the next 20 ms, or nothing at the end."""
        frame, self._left = self._left[:FRAME_BYTES], self._left[FRAME_BYTES:]
        return frame


class ToneBot(discord.Client):
    """Plays a tone of as many seconds as /say is told, in the user's voice channel.

    It does no more about faults than discord.py itself does.
    """

    def __init__(self, loopback: Loopback, *, gate: bool = True, **intents: bool) -> None:
        wanted = discord.Intents(guilds=True, voice_states=True, **intents)
        super().__init__(intents=wanted, connector=loopback.connector())
        self._gate = gate
        self.tree: app_commands.CommandTree[ToneBot] = app_commands.CommandTree(self)
        self.tree.command(name="say", description="Play a tone")(self.say)

    async def setup_hook(self) -> None:
        """Register the commands."""
        await self.tree.sync()

    async def say(self, interaction: discord.Interaction, seconds: float) -> None:
        """Answer /say."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        user = interaction.user
        assert isinstance(user, discord.Member)
        assert user.voice is not None
        assert user.voice.channel is not None
        try:
            voice = user.guild.voice_client or await user.voice.channel.connect(
                self_deaf=True, timeout=TIMEOUT_S, reconnect=False
            )
            assert isinstance(voice, discord.VoiceClient)
            await self.play(voice, seconds)
        except (discord.DiscordException, TimeoutError) as error:
            await interaction.edit_original_response(content=f"failed: {error!r}")
        else:
            await interaction.edit_original_response(content="spoken")

    async def play(self, voice: discord.VoiceClient, seconds: float) -> None:
        """Play the tone to its end, once the call is private."""
        while self._gate and voice._connection.dave_protocol_version:
            if voice.voice_privacy_code:
                break
            await asyncio.sleep(0.01)
        over = asyncio.Event()
        voice.play(Tone(seconds), after=lambda _: self.loop.call_soon_threadsafe(over.set))
        await over.wait()


@asynccontextmanager
async def at_work(loopback: Loopback, bot: discord.Client) -> AsyncIterator[None]:
    """Run the bot until the block ends; what the bot raised is raised."""
    running = asyncio.create_task(bot.start(loopback.token))
    try:
        ready = asyncio.create_task(loopback.ready())
        await asyncio.wait({ready, running}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            ready.cancel()
            running.result()
        await ready
        yield
    finally:
        await bot.close()
        await asyncio.wait({running})


def home(loopback: Loopback, **ear: Any) -> tuple[Guild, Member, Channel]:
    """Return a guild, and a member who listens in its voice channel."""
    guild = loopback.add_guild("Home")
    alice = guild.add_member("alice")
    lounge = guild.add_voice_channel("Lounge")
    alice.join_voice(lounge, **ear)
    return guild, alice, lounge


def peak_hz(heard: FarEnd) -> float:
    """Return the frequency at which the middle half of the sound is strongest."""
    samples = heard.sound().samples
    middle = samples[len(samples) // 4 : 3 * len(samples) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 20))
    return float(np.argmax(spectrum) * RATE_HZ / (1 << 20))
