"""The loopback Discord's voice, with a bot that is nothing but discord.py and a tone."""

import asyncio

import discord
import pytest
from discord_loopback import Kind, Loopback
from discord_loopback.tonebot import TONE_HZ, ToneBot, at_work, home, peak_hz

pytestmark = pytest.mark.discord

LIMIT_S = 60.0


def run(story) -> None:
    asyncio.run(asyncio.wait_for(story, LIMIT_S))


def test_a_tone_arrives_whole_contiguous_and_true():
    async def story():
        async with Loopback() as loopback:
            guild, alice, _ = home(loopback)
            async with at_work(loopback, ToneBot(loopback)):
                await guild.press("/say", user=alice, seconds=2.0).shows("spoken")
                await alice.heard.until_quiet()
            assert alice.heard.counts == {Kind.PLAIN: 100, Kind.SILENCE: 5}
            assert alice.heard.breaks() == []
            assert guild.call.unauthentic == guild.call.into_the_void == 0
            assert guild.call.bot_session.speaking == [0, 1, 0]
            assert peak_hz(alice.heard) == pytest.approx(TONE_HZ, abs=0.5)

    run(story())


@pytest.mark.parametrize("ear", ["davey", "libdave"])
def test_an_encrypted_tone_opens_for_each_library_and_not_for_the_server(ear):
    async def story():
        async with Loopback(dave=True) as loopback:
            guild, alice, _ = home(loopback, ear=ear)
            bot = ToneBot(loopback)
            async with at_work(loopback, bot):
                await guild.press("/say", user=alice, seconds=2.0).shows("spoken")
                await alice.heard.until_quiet()
                voice = bot.voice_clients[0]
                assert isinstance(voice, discord.VoiceClient)
                assert voice.voice_privacy_code == guild.call.privacy_code(alice)
            assert alice.heard.counts == {Kind.E2EE: 100, Kind.SILENCE: 5}
            assert peak_hz(alice.heard) == pytest.approx(TONE_HZ, abs=0.5)
            assert guild.call.wire.counts == {Kind.E2EE: 100, Kind.SILENCE: 5}
            assert guild.call.wire.sounding() == []

    run(story())


def test_frames_before_the_group_exists_count_as_plain_and_are_not_heard():
    async def story():
        async with Loopback(dave=True, handshake_s=0.05) as loopback:
            guild, alice, _ = home(loopback)
            async with at_work(loopback, ToneBot(loopback, gate=False)):
                await guild.press("/say", user=alice, seconds=1.0).shows("spoken")
                await alice.heard.until_quiet()
            counts = alice.heard.counts
            assert counts[Kind.PLAIN] > 0
            assert counts[Kind.PLAIN] + counts[Kind.E2EE] == 50
            assert len(alice.heard.sounding()) <= counts[Kind.E2EE]

    run(story())


def test_a_listener_who_comes_and_goes_costs_the_others_no_frame():
    async def story():
        async with Loopback(dave=True) as loopback:
            guild, alice, lounge = home(loopback)
            carol = guild.add_member("carol")
            async with at_work(loopback, ToneBot(loopback)):
                press = guild.press("/say", user=alice, seconds=4.0)
                await alice.heard.until_packets(50)
                carol.join_voice(lounge, ear="libdave")
                await alice.heard.until_packets(120)
                carol.leave_voice()
                await press.shows("spoken")
                await alice.heard.until_quiet()
                assert guild.call.group(lounge).epoch == 3
            assert alice.heard.counts == {Kind.E2EE: 200, Kind.SILENCE: 5}
            assert 20 < carol.heard.counts[Kind.E2EE] < 140  # 150 if she had stayed
            assert peak_hz(carol.heard) == pytest.approx(TONE_HZ, abs=1)

    run(story())


def test_who_leaves_before_its_commit_arrives_does_not_break_the_call():
    async def story():
        async with Loopback(dave=True, handshake_s=0.01) as loopback:
            guild, alice, lounge = home(loopback)
            carol = guild.add_member("carol")
            carol.join_voice(lounge)
            group = guild.call.group(lounge)
            both = {f"{who.user.id} joins" for who in (alice, carol)}
            while not both <= set(group.log):  # noqa: ASYNC110 - nothing announces it
                await asyncio.sleep(0)
            carol.leave_voice()
            async with at_work(loopback, ToneBot(loopback)):
                await guild.press("/say", user=alice, seconds=1.0).shows("spoken")
                await alice.heard.until_quiet()
            assert f"commit of {carol.user.id} in epoch 0 is stale" in group.log
            assert alice.heard.counts == {Kind.E2EE: 50, Kind.SILENCE: 5}

    run(story())


def test_a_stage_is_exempt_from_encryption():
    async def story():
        async with Loopback(dave=True) as loopback:
            guild, alice, _ = home(loopback)
            alice.join_voice(guild.add_stage_channel("Stage"))
            guild.me.invited = True
            async with at_work(loopback, ToneBot(loopback)):
                await guild.press("/say", user=alice, seconds=0.5).shows("spoken")
                await alice.heard.until_quiet()
            assert alice.heard.counts == {Kind.PLAIN: 25, Kind.SILENCE: 5}

    run(story())


def test_who_joins_a_full_channel_is_not_let_in():
    async def story():
        async with Loopback() as loopback:
            guild, alice, _ = home(loopback)
            alice.join_voice(guild.add_voice_channel("Booth", user_limit=1))
            async with at_work(loopback, ToneBot(loopback)):
                await guild.press("/say", user=alice, seconds=0.5).shows("TimeoutError")
            assert guild.me.voice is None

    run(story())


def test_two_guilds_speak_at_once():
    async def story():
        async with Loopback() as loopback:
            both = [home(loopback)[:2] for _ in range(2)]
            async with at_work(loopback, ToneBot(loopback)):
                presses = [guild.press("/say", user=who, seconds=1.0) for guild, who in both]
                for press in presses:
                    await press.shows("spoken")
                for _, alice in both:
                    await alice.heard.until_quiet()
            for guild, alice in both:
                assert alice.heard.counts == {Kind.PLAIN: 50, Kind.SILENCE: 5}
                assert len(guild.call.wire.speech) == 50

    run(story())


def test_a_second_bot_is_waited_for_like_the_first():
    async def story():
        async with Loopback() as loopback:
            for number in (1, 2):
                async with at_work(loopback, ToneBot(loopback)):
                    assert len(loopback.gateway.identifies) == number

    run(story())


def test_a_wrong_token_is_refused():
    async def story():
        async with Loopback() as loopback:
            bot = ToneBot(loopback)
            with pytest.raises(discord.LoginFailure):
                await bot.start("not.the.token")
            await bot.close()

    run(story())


def test_any_other_host_is_a_leak():
    async def story():
        async with Loopback() as loopback:
            bot = ToneBot(loopback)
            async with at_work(loopback, bot):
                with pytest.raises(OSError, match=r"leave the machine: example\.org"):
                    await bot.http.get_from_cdn("https://example.org/picture.png")

    with pytest.raises(AssertionError, match=r"example\.org"):
        run(story())
