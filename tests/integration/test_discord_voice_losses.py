"""What Discord takes from the bot while it is in a channel, and what is left of it elsewhere."""

import asyncio

import pytest
from discord_loopback import Kind
from discord_running import FRAMES_PER_LETTER, in_loop, known, stage, until
from rtvc_discord import Kind as Ending
from rtvc_discord import Settings
from rtvc_discord.checks import ChannelError
from rtvc_discord.client import NOT_ALLOWED

pytestmark = pytest.mark.discord

LONG = "x" * 100  # 1 s
LONGER = "x" * 300  # 3 s, lest it be over before it is cut off
FRAMES = int(len(LONG) * FRAMES_PER_LETTER)
ALL = range(FRAMES, FRAMES + 3)  # the resampler's edges may touch one more each


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path / "home"))


async def spoken_whole(server):
    """Have a line said, and see that all of it is heard."""
    server.heard.clear()
    assert (await server.outcome(server.say(LONG))).kind is Ending.SPOKEN
    await server.heard.until_quiet()
    assert len(server.heard.sounding()) in ALL


async def until_out(server):
    """Wait until Discord lists the bot in no channel."""
    await server.guild.loopback.changes.until(
        lambda: server.guild.me.voice is None, "the bot to be out of voice"
    )


@pytest.mark.parametrize("answers_repeats", [True, False])
@in_loop
async def test_where_a_former_run_is_still_listed_it_can_join(tmp_path, answers_repeats):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        on.loopback.gateway.answers_repeats = answers_repeats
        await on.bot.wait_until_ready()
        server.guild.call.haunt(server.lounge)
        await until(lambda: server.me.voice, "the former run to be listed")
        await server.join()
        await spoken_whole(server)
        assert server.guild.call.identifies == 1
        assert server.me.voice is not None


@in_loop
async def test_thrown_out_by_the_server_and_still_listed_it_comes_back(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        on.loopback.gateway.answers_repeats = False
        await server.join()
        line = server.say(LONG)
        await server.heard.until_packets(30)
        server.guild.call.close(4014)
        assert (await server.outcome(line)).kind is Ending.SPOKEN
        await server.heard.until_quiet()
        # What was sent before the bot knew of the close is lost.
        assert FRAMES - server.guild.call.into_the_void <= len(server.heard.sounding()) < ALL.stop


@in_loop
async def test_a_leave_that_discord_did_not_hear_is_said_again(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        on.loopback.gateway.silent = True
        await server.voice.leave()
        assert server.guild.me.voice is server.lounge
        on.loopback.gateway.silent = False
        on.loopback.gateway.drop()
        await until_out(server)
        assert server.voice.channel is None


@in_loop
async def test_a_new_run_takes_a_former_one_out_of_the_channel(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        server.guild.call.haunt(server.lounge)
        on.loopback.gateway.drop()
        await until_out(server)


@pytest.mark.parametrize("permission", ["view_channel", "connect"])
@in_loop
async def test_let_in_no_more_it_does_not_come_back_once_it_is_lost(tmp_path, permission):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        line = server.say(LONGER)
        await server.heard.until_packets(30)
        server.lounge.deny(server.guild.me, permission)
        outcome = await server.outcome(line)
        assert (outcome.kind, outcome.reason) == (Ending.CUT_OFF, NOT_ALLOWED)
        assert server.voice.channel is not None
        server.guild.call.close(4006)
        await until(lambda: not on.engine.players, "the bot to give up")
        await until_out(server)
        assert server.voice.channel is None
        assert server.guild.call.identifies == 1


@in_loop
async def test_a_role_that_is_taken_away_silences_it_and_given_again_lets_it_speak(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        guild = server.guild
        speaker = guild.add_role("Speaker", "speak")
        server.lounge.deny(guild.everyone, "speak")
        server.lounge.allow(speaker, "speak")
        guild.me.give(speaker)
        place = server.place(server.lounge)
        await until(lambda: place.permissions_for(server.me).speak, "the role")
        await server.join()
        await spoken_whole(server)
        guild.me.take_away(speaker)
        await until(lambda: not place.permissions_for(server.me).speak, "the role to be gone")
        outcome = await server.outcome(server.say(LONG))
        assert (outcome.kind, outcome.reason) == (Ending.UNHEARD, NOT_ALLOWED)
        await guild.call.wire.until_quiet()  # the line's end is followed by silence
        guild.me.give(speaker)
        await until(lambda: place.permissions_for(server.me).speak, "the role")
        await spoken_whole(server)


@in_loop
async def test_a_channel_deleted_while_the_connection_is_down_ends_it(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        line = server.say(LONGER)
        await server.heard.until_packets(30)
        server.guild.call.refuse.extend([4006] * 3)
        server.guild.call.close(4015)
        await on.loopback.changes.until(
            lambda: server.guild.call.identifies == 2, "the second connection"
        )
        server.lounge.delete()
        assert (await server.outcome(line)).kind is Ending.CUT_OFF
        assert server.voice.channel is None
        assert on.engine.players == frozenset()


@in_loop
async def test_taken_out_of_a_server_it_speaks_on_in_the_others(tmp_path):
    async with stage(tmp_path, servers=2) as on:
        gone, here = on.servers
        await asyncio.gather(gone.join(), here.join())
        lost, kept = gone.say(LONGER), here.say(LONG)
        await gone.heard.until_packets(30)
        gone.guild.remove_bot()
        outcome = await gone.outcome(lost)
        assert outcome.kind is Ending.CUT_OFF
        assert (await here.outcome(kept)).kind is Ending.SPOKEN
        await here.heard.until_quiet()
        assert len(here.heard.sounding()) in ALL
        assert on.engine.players == frozenset({here.voice.lane})


@in_loop
async def test_let_into_a_server_again_it_can_speak_there(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        server.guild.remove_bot()
        await until(lambda: on.bot.get_guild(server.guild.id) is None, "the bot to be out")
        on.loopback.guilds.append(server.guild)
        server.guild.appear()
        await until(lambda: on.bot.get_guild(server.guild.id), "the bot to be back")
        press = server.guild.press("/join", user=server.alice)
        await press.shows("I am in")
        said = server.guild.press("/say", user=server.alice, text=LONG, voice="alba")
        await said.shows("Spoken")
        await server.heard.until_quiet()
        assert server.heard.sounding()


@in_loop
async def test_a_server_that_is_away_for_a_while_hears_all_of_it(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        lines = [server.say(LONG), server.say(LONG)]
        await server.heard.until_packets(30)
        server.guild.go_away()
        await until(lambda: not all(known(on.bot, [server.guild.id])), "the server to be away")
        server.guild.come_back()
        for line in lines:
            assert (await server.outcome(line)).kind is Ending.SPOKEN
        await server.heard.until_quiet()
        assert len(server.heard.sounding()) in range(2 * FRAMES, 2 * FRAMES + 5)
        assert server.guild.call.identifies == 1


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("dave", [False, True], ids=["plain", "e2ee"])
@in_loop
async def test_speech_goes_on_after_a_resume_is_refused(tmp_path, dave, shards):
    settings = Settings(shards=shards)
    async with stage(tmp_path, settings, dave=dave, shards=shards) as on:
        (server,) = on.servers
        await server.join()
        lines = [server.say(LONG), server.say(LONG)]
        await server.heard.until_packets(30)
        on.loopback.gateway.forget()
        for line in lines:
            assert (await server.outcome(line)).kind is Ending.SPOKEN
        await server.heard.until_quiet()
        assert len(server.heard.sounding()) in range(2 * FRAMES, 2 * FRAMES + 5)
        assert on.loopback.gateway.resumes == 0
        if dave:
            assert server.heard.counts[Kind.PLAIN] == 0
        assert server.voice.channel == server.place(server.lounge)


@in_loop
async def test_it_does_not_go_onto_a_stage(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        added = server.guild.add_stage_channel("Stage")
        await until(lambda: on.bot.get_channel(added.id), "the stage")
        with pytest.raises(ChannelError, match="is a stage"):
            await server.voice.join(server.place(added))
        assert server.guild.call.identifies == 0


@in_loop
async def test_dragged_onto_a_stage_it_says_that_nobody_hears_it(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        platform = server.guild.add_stage_channel("Stage")
        await server.join()
        await spoken_whole(server)
        server.alice.join_voice(platform)
        server.guild.call.move_bot(platform)
        await until(lambda: server.voice.channel == server.place(platform), "the move")
        outcome = await server.outcome(server.say(LONG))
        assert (outcome.kind, outcome.reason) == (Ending.UNHEARD, NOT_ALLOWED)
