"""What goes wrong with voice and the gateway, struck on a bot that is nothing but discord.py."""

import asyncio

import discord
import pytest
from discord_loopback import Loopback
from discord_loopback.tonebot import ToneBot, at_work, home

pytestmark = pytest.mark.discord

LIMIT_S = 60.0
NEAR = 30  # speech packets after which a fault strikes


def run(story) -> None:
    asyncio.run(asyncio.wait_for(story, LIMIT_S))


@pytest.mark.parametrize("dave", [False, True])
@pytest.mark.parametrize("fault", ["region", "move"])
def test_discord_py_follows_to_another_server(fault, dave):
    async def story():
        async with Loopback(dave=dave) as loopback:
            guild, alice, _ = home(loopback)
            office = guild.add_voice_channel("Office")
            bob = guild.add_member("bob")
            bob.join_voice(office, ear="libdave")
            async with at_work(loopback, ToneBot(loopback)):
                press = guild.press("/say", user=alice, seconds=3.0)
                await alice.heard.until_packets(NEAR)
                if fault == "region":
                    guild.call.change_region()
                else:
                    guild.call.move_bot(office)
                await press.shows("spoken")
                await guild.call.wire.until_quiet()
                after = alice.heard if fault == "region" else bob.heard
                assert len(guild.call.sessions) == 2
                assert len(after.sounding()) > 50
                assert guild.me.voice is (office if fault == "move" else alice.voice)

    run(story())


@pytest.mark.parametrize("code", [4006, 4014, 4015])
def test_a_closed_connection_is_heard_to_break_off(code):
    async def story():
        async with Loopback() as loopback:
            guild, alice, _ = home(loopback)
            bot = ToneBot(loopback)
            async with at_work(loopback, bot):
                guild.press("/say", user=alice, seconds=2.0)
                await alice.heard.until_packets(NEAR)
                guild.call.close(code)
                await loopback.changes.until(lambda: not guild.call.live, "the end of the session")
                await alice.heard.until_quiet()
            assert NEAR <= len(alice.heard.sounding()) < 100

    run(story())


def test_the_kicked_bot_is_out_of_voice():
    async def story():
        async with Loopback() as loopback:
            guild, alice, lounge = home(loopback)
            async with at_work(loopback, ToneBot(loopback)):
                press = guild.press("/say", user=alice, seconds=2.0)
                await alice.heard.until_packets(NEAR)
                guild.call.kick_bot()
                await press.shows("spoken")  # discord.py itself calls a cut-off end an end
            assert lounge.members() == [alice]
            assert len(alice.heard.sounding()) < 100
            assert guild.call.identifies == 1

    run(story())


def test_a_refused_client_is_told_the_code():
    async def story():
        async with Loopback(dave=True) as loopback:
            guild, alice, _ = home(loopback)
            guild.call.refuse.append(4017)
            async with at_work(loopback, ToneBot(loopback)):
                await guild.press("/say", user=alice, seconds=1.0).shows("4017")
            assert guild.call.identifies == 1

    run(story())


def test_a_bot_that_may_not_speak_is_not_heard():
    async def story():
        async with Loopback() as loopback:
            guild, alice, lounge = home(loopback)
            lounge.deny(guild.me, "speak")
            async with at_work(loopback, ToneBot(loopback)):
                await guild.press("/say", user=alice, seconds=0.5).shows("spoken")
            assert alice.heard.packets == []
            assert guild.call.unheard >= 25

    run(story())


def test_a_bot_that_may_not_connect_gets_no_answer():
    async def story():
        async with Loopback() as loopback:
            guild, _, lounge = home(loopback)
            lounge.deny(guild.everyone, "connect")
            bot = ToneBot(loopback)
            async with at_work(loopback, bot):
                await bot.wait_until_ready()
                channel = bot.get_channel(lounge.id)
                assert isinstance(channel, discord.VoiceChannel)
                assert not channel.permissions_for(channel.guild.me).connect
                with pytest.raises(TimeoutError):
                    await channel.connect(timeout=0.2, reconnect=False)
            assert guild.call.identifies == 0

    run(story())


def test_a_gateway_resume_during_speech_replays_what_was_missed():
    async def story():
        async with Loopback() as loopback:
            guild, alice, _ = home(loopback)
            bot = ToneBot(loopback)
            async with at_work(loopback, bot):
                press = guild.press("/say", user=alice, seconds=3.0)
                await alice.heard.until_packets(NEAR)
                loopback.gateway.drop()
                guild.add_text_channel("made meanwhile")
                await press.shows("spoken")
                await loopback.changes.until(lambda: loopback.gateway.resumes, "a resume")
                await alice.heard.until_quiet()
                names = [channel.name for channel in bot.guilds[0].text_channels]
                assert "made meanwhile" in names
            assert len(loopback.gateway.identifies) == 1
            assert len(alice.heard.sounding()) >= 149

    run(story())


def test_a_silent_gateway_lets_nobody_into_voice_and_speech_goes_on():
    async def story():
        async with Loopback() as loopback:
            guild, alice, _ = home(loopback)
            bot = ToneBot(loopback)
            async with at_work(loopback, bot):
                press = guild.press("/say", user=alice, seconds=1.0)
                await alice.heard.until_packets(NEAR)
                loopback.gateway.silent = True
                await press.shows("spoken")
                await bot.voice_clients[0].disconnect(force=True)
                assert guild.me.voice is alice.voice
                loopback.gateway.silent = False
            assert len(alice.heard.sounding()) >= 49

    run(story())


def test_an_invalidated_session_identifies_again_and_is_out_of_voice():
    async def story():
        async with Loopback() as loopback:
            guild, alice, lounge = home(loopback)
            async with at_work(loopback, ToneBot(loopback)):
                guild.press("/say", user=alice, seconds=3.0)
                await alice.heard.until_packets(NEAR)
                loopback.gateway.invalidate()
                await loopback.ready()
                assert lounge.members() == [alice]
            assert len(loopback.gateway.identifies) == 2
            assert loopback.gateway.resumes == 0

    run(story())


def test_lost_packets_show_as_breaks():
    async def story():
        async with Loopback() as loopback:
            guild, alice, _ = home(loopback)
            guild.call.lose_every = 10
            async with at_work(loopback, ToneBot(loopback)):
                await guild.press("/say", user=alice, seconds=1.0).shows("spoken")
                await alice.heard.until_quiet()
            sent = [packet.sequence for packet in guild.call.wire.packets]
            kept = [packet.sequence for packet in alice.heard.packets]
            assert kept == [sequence for sequence in sent if sequence % 10]
            assert len(kept) < len(sent)
            assert guild.call.wire.breaks() == []
            assert alice.heard.breaks()

    run(story())
