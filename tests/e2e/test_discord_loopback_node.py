"""A bot on discord.py is heard by @discordjs/voice: other code, other language, other cipher."""

import asyncio

import discord
import pytest
from discord_loopback import Kind, Loopback
from discord_loopback.nodepeer import NodeUnavailableError, installed, node_peer
from discord_loopback.rtp import AES_GCM, XCHACHA20
from discord_loopback.tonebot import TONE_HZ, ToneBot, at_work, home, peak_hz
from discord_running import in_loop, stage
from rtvc_discord import Kind as Ending

pytestmark = pytest.mark.discord

LIMIT_S = 60.0
QUIET_S = 1.5  # the peer's process may be late


@pytest.fixture(scope="session")
def peer_folder(pytestconfig):
    """Gives the installed peer; skips with the reason where that cannot be had."""
    try:
        return installed(pytestconfig.cache.mkdir("discord_loopback_node"))
    except NodeUnavailableError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("dave", [False, True], ids=["plain", "e2ee"])
def test_the_node_client_hears_the_tone(peer_folder, dave):
    async def story():
        async with Loopback(dave=dave) as loopback:
            guild, alice, _ = home(loopback, ear="none")
            bot = ToneBot(loopback)
            async with at_work(loopback, bot), node_peer(peer_folder, loopback, alice) as peer:
                await peer.ready()
                # What comes before both are in the group is nothing to judge.
                first = guild.press("/say", user=alice, seconds=0.2)
                if dave:
                    await peer.private()
                await first.shows("spoken")
                await alice.heard.until_quiet(QUIET_S)
                alice.heard.clear()
                press = guild.press("/say", user=alice, seconds=3.0)
                await press.shows("spoken")
                await alice.heard.until_quiet(QUIET_S)
                if dave:
                    voice = bot.voice_clients[0]
                    assert isinstance(voice, discord.VoiceClient)
                    assert peer.privacy == voice.voice_privacy_code
                modes = {session.member: session.mode for session in guild.call.sessions}
            assert modes == {guild.me: XCHACHA20, alice: AES_GCM}
            assert peer.errors == []
            # The first frames may come before the peer was told whose they are.
            assert 147 <= alice.heard.counts[Kind.E2EE if dave else Kind.PLAIN] <= 150
            assert peak_hz(alice.heard) == pytest.approx(TONE_HZ, abs=0.5)

    asyncio.run(asyncio.wait_for(story(), LIMIT_S))


@pytest.mark.parametrize("dave", [False, True], ids=["plain", "e2ee"])
@in_loop
async def test_the_node_client_hears_the_adapter(peer_folder, tmp_path, monkeypatch, dave):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path / "home"))
    async with stage(tmp_path, dave=dave) as on:
        (server,) = on.servers
        server.alice.leave_voice()
        server.alice.join_voice(server.lounge, ear="none")
        async with node_peer(peer_folder, on.loopback, server.alice) as peer:
            await peer.ready()
            await server.join()
            if dave:
                await peer.private()
            outcome = await server.outcome(server.say("x" * 200))  # 2 s
            await server.heard.until_quiet(QUIET_S)
        assert outcome.kind is Ending.SPOKEN
        assert peer.errors == []
        # The first frames may come before the peer was told whose they are.
        assert 95 <= len(server.heard.sounding()) <= 102
        assert peak_hz(server.heard) == pytest.approx(440, abs=1)
