"""The bot's voice, from the engine to the ear of somebody in the channel."""

import asyncio
import threading

import numpy as np
import pytest
from discord_loopback import Kind
from discord_running import ALBA, FRAMES_PER_LETTER, SOON_S, in_loop, stage, until
from rtvc_discord import Kind as Ending
from rtvc_discord import Settings
from rtvc_discord.checks import ChannelError
from rtvc_discord.client import ALONE, MUTED, NOT_ALLOWED
from rtvc_discord.link import KICKED

from rtvc_bridge.audio import FRAME_MS
from rtvc_bridge.errors import UserError
from rtvc_bridge.testing import humming, tone_voice

pytestmark = pytest.mark.discord

LONG = "x" * 100  # 1 s
LONGER = "x" * 300  # 3 s, lest it be over before it is cut off
BERT = tone_voice("bert", 660.0)
HOLE_S = 8.0  # the bot waits for 2 s before it joins anew
MOST_LEAD_IN = 10  # packets


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path / "home"))


def pitch_hz(samples):
    strengths = np.abs(np.fft.rfft(samples))
    return np.fft.rfftfreq(len(samples), 1 / 48_000)[np.argmax(strengths)]


def all_of(*texts):
    """How many frames these texts are; the resampler's edges may touch one more for each."""
    frames = sum(len(text) * FRAMES_PER_LETTER for text in texts)
    return range(int(frames), int(frames) + 2 * len(texts) + 1)


@in_loop
async def test_a_line_is_heard_from_its_first_sound_to_its_last(tmp_path):
    async with stage(tmp_path, handshake_s=0.05) as on:
        (server,) = on.servers
        await server.join()
        outcome = await server.outcome(server.say(LONG))
        assert outcome.kind is Ending.SPOKEN
        assert outcome.seconds == pytest.approx(1.0, abs=2 * FRAME_MS / 1000)
        await server.heard.until_quiet()
        assert len(server.heard.sounding()) in all_of(LONG)
        assert server.heard.counts[Kind.PLAIN] == 0
        assert server.heard.counts[Kind.UNDECRYPTABLE] == 0
        assert pitch_hz(server.heard.sound().samples) == pytest.approx(440, abs=1)


@in_loop
async def test_a_call_that_is_slow_to_agree_on_encryption_is_waited_for(tmp_path):
    async with stage(tmp_path, handshake_s=0.5) as on:
        (server,) = on.servers
        await server.join()
        assert (await server.outcome(server.say(LONG))).kind is Ending.SPOKEN
        await server.heard.until_quiet()
        assert len(server.heard.sounding()) in all_of(LONG)
        assert server.heard.counts[Kind.PLAIN] == 0
        assert server.guild.call.identifies == 1


@in_loop
async def test_silence_leads_in_so_that_the_first_syllable_is_heard(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        await server.outcome(server.say(LONG))
        first = server.heard.sounding()[0]
        assert server.heard.packets.index(first) >= 3


@in_loop
async def test_lines_that_wait_flow_on_in_one_run(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        lines = [server.say(LONG, voice, user=voice.name) for voice in (ALBA, BERT)]
        for line in lines:
            assert (await server.outcome(line)).kind is Ending.SPOKEN
        await server.heard.until_quiet()
        assert server.heard.breaks() == []
        assert len(server.heard.sounding()) in all_of(LONG, LONG)
        assert server.guild.call.bot_session.speaking[:2] == [0, 1]
        assert 1 not in server.guild.call.bot_session.speaking[2:]


@in_loop
async def test_two_servers_hear_their_own_lines_at_the_same_time(tmp_path):
    async with stage(tmp_path, servers=2) as on:
        here, there = on.servers
        await asyncio.gather(here.join(), there.join())
        lines = here.say(LONGER, ALBA), there.say(LONGER, BERT)
        await asyncio.gather(here.outcome(lines[0]), there.outcome(lines[1]))
        for server, pitch in ((here, 440), (there, 660)):
            await server.heard.until_quiet()
            assert len(server.heard.sounding()) in all_of(LONGER)
            assert pitch_hz(server.heard.sound().samples) == pytest.approx(pitch, abs=1)
        starts = [server.heard.sounding()[0].at_s for server in (here, there)]
        assert abs(starts[0] - starts[1]) < 3.0  # at the same time


@pytest.mark.parametrize("dave", [False, True], ids=["plain", "e2ee"])
@pytest.mark.parametrize("fault", ["region", "move", 4006, 4009, 4015])
@in_loop
async def test_nothing_is_lost_when_the_connection_is(tmp_path, fault, dave):
    async with stage(tmp_path, dave=dave, handshake_s=0.02) as on:
        (server,) = on.servers
        other, bob = server.guild.add_voice_channel("Other"), server.guild.add_member("bob")
        bob.join_voice(other)
        await server.join()
        lines = [server.say(LONG), server.say(LONG)]
        await server.heard.until_packets(30)
        call = server.guild.call
        if fault == "region":
            call.change_region()
        elif fault == "move":
            call.move_bot(other)
        else:
            call.close(fault)
        for line in lines:
            assert (await server.outcome(line)).kind is Ending.SPOKEN
        await call.wire.until_quiet()
        arrivals = sorted(p.at_s for who in (server.alice, bob) for p in who.heard.sounding())
        whole = all_of(LONG, LONG)  # what was sent before the bot knew of the close is lost
        assert len(arrivals) in range(whole.start - call.into_the_void, whole.stop)
        assert np.diff(arrivals).max() < HOLE_S
        if dave:
            assert server.heard.counts[Kind.PLAIN] + bob.heard.counts[Kind.PLAIN] == 0
        where = other if fault == "move" else server.lounge
        assert server.voice.channel == server.place(where)


@in_loop
async def test_whoever_is_thrown_out_stays_out_and_forgets_its_queue(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        first, second = server.say(LONGER), server.say(LONG)
        await server.heard.until_packets(30)
        server.guild.call.kick_bot()
        cut, skipped = await server.outcome(first), await server.outcome(second)
        assert (cut.kind, cut.reason) == (Ending.CUT_OFF, KICKED)
        assert 0.3 < cut.seconds < 2.95
        assert (skipped.kind, skipped.seconds, skipped.reason) == (Ending.SKIPPED, 0.0, KICKED)
        assert server.voice.channel is None
        assert server.me.voice is None
        assert on.engine.queue.listed() == ()
        assert on.engine.players == frozenset()
        await server.join()  # and comes back when asked
        assert (await server.outcome(server.say("Back."))).kind is Ending.SPOKEN


@in_loop
async def test_a_refusal_of_our_encryption_is_said_at_once_and_not_tried_again(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        call = server.guild.call
        call.refuse.extend([4017] * 10)
        async with asyncio.timeout(SOON_S):
            with pytest.raises(ChannelError, match="update it: pip install"):
                await server.join()
        assert call.identifies == 1
        assert server.voice.channel is None
        assert on.engine.players == frozenset()


@in_loop
async def test_a_rate_limit_during_the_call_ends_it(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        line = server.say(LONGER)
        await server.heard.until_packets(30)
        server.guild.call.close(4021)
        outcome = await server.outcome(line)
        assert outcome.kind is Ending.CUT_OFF
        assert "too often" in str(outcome.reason)
        assert server.guild.call.identifies == 1


@in_loop
async def test_a_server_that_keeps_failing_is_given_up(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        line = server.say(LONGER)
        await server.heard.until_packets(30)
        server.guild.call.refuse.extend([4006] * 10)
        server.guild.call.close(4006)
        outcome = await server.outcome(line)
        assert outcome.kind is Ending.CUT_OFF
        assert server.guild.call.identifies == 1 + 4
        assert server.voice.channel is None


@in_loop
async def test_speech_goes_on_while_the_gateway_is_away(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        line = server.say(LONG)
        await server.heard.until_packets(30)
        on.loopback.gateway.drop()
        assert (await server.outcome(line)).kind is Ending.SPOKEN
        await server.heard.until_quiet()
        assert len(server.heard.sounding()) in all_of(LONG)
        assert server.guild.call.identifies == 1


@in_loop
async def test_the_bot_goes_back_to_where_a_lost_session_had_it(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        line = server.say(LONG)
        await server.heard.until_packets(30)
        on.loopback.gateway.invalidate()
        assert (await server.outcome(line)).kind is Ending.SPOKEN
        await server.heard.until_quiet()
        assert len(server.heard.sounding()) in all_of(LONG)
        assert server.guild.call.identifies == 2
        assert server.voice.channel == server.place(server.lounge)


@in_loop
async def test_people_come_and_go_while_the_bot_speaks(tmp_path):
    async with stage(tmp_path, handshake_s=0.02) as on:
        (server,) = on.servers
        bob = server.guild.add_member("bob")
        await server.join()
        lines = [server.say(LONG) for _ in range(3)]
        await server.heard.until_packets(30)
        bob.join_voice(server.lounge)
        await bob.heard.until_packets(30)
        bob.leave_voice()
        for line in lines:
            assert (await server.outcome(line)).kind is Ending.SPOKEN
        await server.heard.until_quiet()
        assert len(server.heard.sounding()) in all_of(LONG, LONG, LONG)
        assert server.heard.counts[Kind.PLAIN] + bob.heard.counts[Kind.PLAIN] == 0


@in_loop
async def test_late_sound_is_silence_and_not_a_burst(tmp_path):
    release = tmp_path / "release"
    async with stage(tmp_path, pipeline=humming(hold_path=str(release))) as on:
        (server,) = on.servers
        await server.join()
        line = server.say(f"{'x' * 50}. {'y' * 50}.")
        await server.heard.until_packets(60)  # which goes on while no sound is made
        release.touch()
        assert (await server.outcome(line)).kind is Ending.SPOKEN
        await server.heard.until_quiet()
        assert server.heard.breaks() == []
        at = [server.heard.packets.index(packet) for packet in server.heard.sounding()]
        assert len(at) in all_of("x" * 51, "y" * 51)
        assert np.diff(at).max() >= 60 - len(at) // 2 - MOST_LEAD_IN


@in_loop
async def test_a_skipped_line_is_cut_off_and_the_next_one_is_spoken(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        lines = [server.say(LONGER), server.say(LONG), server.say("Short.", BERT)]
        await server.heard.until_packets(30)
        lines[1].cancel()
        lines[0].cancel()
        kinds = [(await server.outcome(line)).kind for line in lines]
        assert kinds == [Ending.CUT_OFF, Ending.SKIPPED, Ending.SPOKEN]


@pytest.mark.parametrize("silenced", ["muted", "not allowed", "alone"])
@in_loop
async def test_what_nobody_can_hear_is_not_called_spoken(tmp_path, silenced):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        lines = [server.say(LONGER), server.say(LONG)]
        await server.heard.until_packets(30)
        if silenced == "muted":
            server.guild.me.mute()
        elif silenced == "not allowed":
            server.lounge.deny(server.guild.me, "speak")
        else:
            server.alice.leave_voice()
        cut, unheard = [await server.outcome(line) for line in lines]
        assert cut.kind is Ending.CUT_OFF
        assert 0.3 < cut.seconds < 2.95
        assert (unheard.kind, unheard.seconds) == (Ending.UNHEARD, 0.0)
        why = {"muted": MUTED, "not allowed": NOT_ALLOWED, "alone": ALONE}[silenced]
        assert cut.reason == unheard.reason == why
        assert server.voice.channel is not None


def muted(server):
    state = server.me.voice
    return state is not None and state.mute


@in_loop
async def test_it_is_heard_again_once_it_is_no_longer_muted(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        server.guild.me.mute()
        await until(lambda: muted(server), "the bot to be muted")
        assert (await server.outcome(server.say(LONG))).kind is Ending.UNHEARD
        await server.guild.call.wire.until_quiet()  # the line's end is followed by silence
        server.guild.me.mute(muted=False)
        await until(lambda: not muted(server), "the bot to be heard")
        assert (await server.outcome(server.say(LONG))).kind is Ending.SPOKEN
        await server.heard.until_quiet()
        assert len(server.heard.sounding()) in all_of(LONG)


@in_loop
async def test_a_line_that_cannot_be_made_says_why(tmp_path):
    async with stage(tmp_path, pipeline=humming(fail_on="bad")) as on:
        (server,) = on.servers
        await server.join()
        outcome = await server.outcome(server.say("bad"))
        assert outcome.kind is Ending.FAILED
        assert outcome.reason == "Something unexpected went wrong; the log says where."


@in_loop
async def test_a_line_said_into_no_channel_is_skipped(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        outcome = await server.outcome(server.say("Nobody hears this."))
        assert outcome.kind is Ending.SKIPPED
        assert outcome.reason == "I am in no voice channel."


@in_loop
async def test_a_line_said_on_the_way_is_heard_on_arrival(tmp_path):
    async with stage(tmp_path, handshake_s=0.05) as on:
        (server,) = on.servers
        joining = asyncio.create_task(server.join())
        line = server.say(LONG)
        outcome = await server.outcome(line) if joining.done() else None
        await joining
        outcome = outcome or await server.outcome(line)
        assert outcome.kind is Ending.SPOKEN
        await server.heard.until_quiet()
        assert len(server.heard.sounding()) in all_of(LONG)


@in_loop
async def test_leaving_cancels_what_was_not_spoken(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        lines = [server.say(LONGER), server.say(LONG)]
        await server.heard.until_packets(30)
        await server.voice.leave()
        kinds = [(await server.outcome(line)).kind for line in lines]
        assert kinds == [Ending.CUT_OFF, Ending.SKIPPED]
        assert server.voice.channel is None
        assert on.engine.queue.listed() == ()


@pytest.mark.parametrize("permission", ["view_channel", "connect", "speak"])
@in_loop
async def test_a_missing_permission_is_named_before_joining(tmp_path, permission):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        server.lounge.deny(server.guild.me, permission)
        named = permission.replace("_", " ").title()
        await until(
            lambda: not getattr(server.place(server.lounge).permissions_for(server.me), permission),
            "the permission to be taken away",
        )
        with pytest.raises(UserError, match=named):
            await server.join()
        assert server.guild.call.identifies == 0


@in_loop
async def test_a_full_channel_is_left_as_it_is_and_so_is_the_present_one(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        closet = server.guild.add_voice_channel("Closet", user_limit=1)
        server.guild.add_member("bob").join_voice(closet)
        await server.join()
        await until(lambda: server.place(closet).voice_states, "bob in the closet")
        with pytest.raises(UserError, match="is full"):
            await server.voice.join(server.place(closet))
        assert server.voice.channel == server.place(server.lounge)
        assert (await server.outcome(server.say("Here."))).kind is Ending.SPOKEN


@in_loop
async def test_asked_into_another_channel_it_takes_its_speech_along(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        other = server.guild.add_voice_channel("Other")
        bob = server.guild.add_member("bob")
        bob.join_voice(other)
        await server.join()
        line = server.say(LONG)
        await server.heard.until_packets(30)
        await server.voice.join(server.place(other))
        assert (await server.outcome(line)).kind is Ending.SPOKEN
        await bob.heard.until_quiet()
        together = len(server.heard.sounding()) + len(bob.heard.sounding())
        assert together in all_of(LONG)


@in_loop
async def test_asked_into_two_channels_at_once_it_stays_in_the_first(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        added = server.guild.add_voice_channel("Other")
        await until(lambda: on.bot.get_channel(added.id), "the other channel")
        other = server.place(added)
        first = asyncio.create_task(server.voice.join(server.place(server.lounge), move=False))
        second = asyncio.create_task(server.voice.join(other, move=False))
        with pytest.raises(UserError, match="to have text spoken there"):
            await second
        await first
        assert (await server.outcome(server.say("Here."))).kind is Ending.SPOKEN
        assert server.voice.channel == server.place(server.lounge)
        assert server.heard.sounding()


@in_loop
async def test_it_leaves_when_it_is_alone_for_a_while(tmp_path):
    async with stage(tmp_path, Settings(alone_s=0.2)) as on:
        (server,) = on.servers
        await server.join()
        await server.outcome(server.say("Is anybody there?"))
        server.alice.leave_voice()
        await until(lambda: server.voice.channel is None, "the bot to leave")


@in_loop
async def test_it_leaves_when_its_channel_is_deleted(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        line = server.say(LONGER)
        await server.heard.until_packets(30)
        server.lounge.delete()
        assert (await server.outcome(line)).kind is Ending.CUT_OFF
        assert server.voice.channel is None


@in_loop
async def test_levels_tell_how_loud_a_server_is(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        server.say(LONG)
        await server.heard.until_packets(30)
        await until(lambda: server.voice.lane in on.host.levels.read(), "its level")


@in_loop
async def test_after_it_is_closed_no_player_is_left(tmp_path):
    before = {thread.name for thread in threading.enumerate()}
    async with stage(tmp_path, servers=2) as on:
        await asyncio.gather(*(server.join() for server in on.servers))
        for server in on.servers:
            server.say(LONG)
        await on.servers[0].heard.until_packets(10)
    left = {thread.name for thread in threading.enumerate()} - before
    assert not {name for name in left if name.startswith(("audio-player", "voice-socket"))}
