"""Speaking by command, against simcord's Discord: its checks, not ours."""

import asyncio
from dataclasses import replace

import pytest
from discord_desk import SPOKEN, ask, in_scene, owned_by
from rtvc_discord.outcomes import Kind
from rtvc_discord.preferences import GuildSettings
from rtvc_discord.speaking import Wish, followed, ordered
from rtvc_discord.text import Heard

from rtvc_bridge.errors import ConsentError
from rtvc_bridge.testing import tone_voice

pytestmark = pytest.mark.discord


# /say


@in_scene()
async def test_text_is_spoken_and_the_answer_says_that_the_voice_is_synthetic(there):
    said = await ask(there.bob, there, "say", text="hello", voice="alba")
    assert there.said == ["bob says: hello"]
    assert said == SPOKEN


@in_scene()
async def test_mentions_in_the_text_are_said_by_name(there):
    await ask(there.bob, there, "say", text=f"hi {there.alice.mention}", voice="alba")
    assert there.said == ["bob says: hi alice"]


@in_scene()
async def test_a_speaker_is_named_when_another_spoke_before(there):
    for who in (there.bob, there.bob, there.alice, there.bob):
        await ask(who, there, "say", text="hello", voice="alba")
    assert there.said == ["bob says: hello", "hello", "alice says: hello", "bob says: hello"]


@in_scene()
async def test_speed_and_expression_reach_the_voice(there):
    text = "a line of thirty letters or so"
    fast = await ask(there.bob, there, "say", text=text, voice="alba", speed=2.0)
    delivery = there.place.said[0]._line.delivery
    assert delivery.speed == 2.0
    assert fast.endswith(": 0.2 s.")
    await ask(there.bob, there, "say", text="hello", voice="alba", expression=0.5)
    assert there.place.said[1]._line.delivery.expression == 0.5


@in_scene()
async def test_without_a_voice_one_has_to_be_chosen(there):
    said = await ask(there.bob, there, "say", text="hello")
    assert said == "Choose a voice first: /voice list, then /voice use."
    assert there.said == []


@in_scene()
async def test_the_servers_voice_speaks_for_those_who_chose_none(there):
    await ask(there.alice, there, "settings voice", voice="alba")
    await ask(there.bob, there, "say", text="hello")
    assert there.place.said[0].status.voice == "alba"


@in_scene()
async def test_a_voice_that_is_somebody_elses_is_as_if_there_were_none(there):
    said = await ask(there.bob, there, "say", text="hello", voice="secret")
    unknown = await ask(there.bob, there, "say", text="hello", voice="nobody")
    assert said.replace("secret", "nobody") == unknown
    assert unknown.startswith("There is no voice 'nobody' that you may use here.")


@in_scene(joined=False)
async def test_a_bot_that_is_nowhere_says_what_to_do(there):
    said = await ask(there.bob, there, "say", text="hello", voice="alba")
    assert said == "I am in no voice channel. Use /join."
    await there.bob.leave_voice()
    said = await ask(there.bob, there, "say", text="hello", voice="alba")
    assert said == "I am in no voice channel. Join one yourself first."


@in_scene(joined=False)
async def test_it_comes_by_itself_where_the_server_wants_that(there):
    await ask(there.alice, there, "settings manners", auto_join=True)
    await ask(there.bob, there, "say", text="hello", voice="alba")
    assert there.place.channel.id == there.voice.id
    assert there.said == ["bob says: hello"]


@in_scene()
async def test_only_those_in_its_channel_may_speak_unless_the_server_allows_it(there):
    await there.bob.leave_voice()
    said = await ask(there.bob, there, "say", text="hello", voice="alba")
    assert said == f"Join {there.voice.mention} to have text spoken there."
    await ask(there.alice, there, "settings manners", same_channel=False)
    await ask(there.bob, there, "say", text="hello", voice="alba")
    assert there.said == ["bob says: hello"]


@in_scene()
async def test_a_refusal_of_the_engine_is_shown_word_for_word(there):
    await ask(there.alice, there, "settings limits", max_seconds=120)
    said = await ask(there.bob, there, "say", text="two words " * 55, voice="alba")
    assert said == "That is 559 characters; the limit is 500."


@in_scene()
async def test_a_line_without_words_is_refused(there):
    said = await ask(there.bob, there, "say", text="!!!", voice="alba")
    assert said == "There is nothing to say in that; write at least one word."


@in_scene()
async def test_a_line_that_would_take_too_long_is_refused_before_it_is_spoken(there):
    await ask(there.alice, there, "settings limits", max_seconds=3)
    said = await ask(there.bob, there, "say", text="a long line of many words", voice="alba")
    await ask(there.bob, there, "say", text="long line " * 8, voice="alba")
    assert said.startswith("Spoken")
    said = await ask(there.bob, there, "say", text="long line " * 8, voice="alba")
    assert said == "That would take about 6 s; the limit here is 3 s."
    assert len(there.said) == 1


@in_scene()
async def test_who_has_spoken_their_share_has_to_wait(there):
    there.desk.allowances.hold(
        3.0,
        guild=there.guild.id,
        user=there.bob.id,
        user_per_minute=3.0,
        guild_per_minute=600.0,
        now=there.desk.clock(),
    )
    await ask(there.alice, there, "settings limits", user_seconds=3)
    said = await ask(there.bob, there, "say", text="hello", voice="alba")
    assert said.startswith("You have had 3 s of speech in a minute, which is the limit.")
    said = await ask(there.alice, there, "say", text="hello", voice="alba")
    assert said.startswith("Spoken")


@in_scene()
async def test_what_was_spoken_is_charged_and_not_the_estimate(there):
    await ask(there.alice, there, "settings limits", user_seconds=3)
    for _ in range(4):  # each is thought to take 1.5 s or so, and takes 0.2 s
        said = await ask(there.bob, there, "say", text="one two three four five", voice="alba")
        assert said.startswith("Spoken")


@in_scene(pipeline_options={"fail_on": "break"})
async def test_a_line_that_fails_says_so(there):
    said = await ask(there.bob, there, "say", text="break it", voice="alba")
    assert said == "Not spoken: Something unexpected went wrong; the log says where."


async def order_of(who, there):
    """Have somebody's hello ordered; return the line."""
    member = await there.env.bot.get_guild(there.guild.id).fetch_member(who.id)
    person = there.desk.person(member, member.guild_permissions, there.env.bot)
    return await ordered(there.desk, person, GuildSettings(), Wish(Heard("hello"), voice="alba"))


@in_scene(joined=False)
async def test_a_line_is_made_while_the_bot_is_on_its_way(there):
    there.place.held.clear()
    line = await order_of(there.bob, there)
    channel = there.env.bot.get_guild(there.guild.id).get_channel(there.voice.id)
    heard = asyncio.create_task(followed(there.desk, there.place, line, going_to=channel))
    await asyncio.to_thread(line.utterance.wait, 20)
    assert there.place.channel is None
    there.place.held.set()
    assert (await heard).outcome.kind is Kind.SPOKEN
    assert there.place.channel == channel


@in_scene(joined=False)
async def test_a_line_for_which_the_bot_cannot_come_is_cancelled(there):
    there.place.refusal = "That channel is full."
    await ask(there.alice, there, "settings manners", auto_join=True)
    said = await ask(there.bob, there, "say", text="hello", voice="alba")
    assert said == "That channel is full."
    (line,) = there.place.said
    assert await asyncio.to_thread(list, line) == []


@in_scene()
async def test_a_line_that_goes_on_for_too_long_is_cut_off(there):
    line = await order_of(there.bob, there)
    there.place.held.clear()
    await asyncio.to_thread(next, iter(line.utterance))
    followed_line = asyncio.create_task(
        followed(there.desk, there.place, replace(line, cut_off_s=0.01))
    )
    await asyncio.to_thread(line.utterance._stop.wait, 20)
    there.place.held.set()
    assert (await followed_line).too_slow


# joining


@in_scene(joined=False)
async def test_it_comes_and_goes_when_asked(there):
    assert await ask(there.bob, there, "leave") == "I am in no voice channel."
    assert await ask(there.bob, there, "join") == f"I am in {there.voice.mention}."
    assert await ask(there.bob, there, "leave") == f"I have left {there.voice.mention}."
    assert there.place.channel is None


@in_scene(joined=False)
async def test_why_it_cannot_come_is_shown_word_for_word(there):
    there.place.refusal = "I am not allowed to speak there."
    assert await ask(there.bob, there, "join") == "I am not allowed to speak there."


@in_scene()
async def test_strangers_do_not_take_it_away_from_those_who_use_it(there):
    stranger = there.guild.add_member(there.env.create_user("stranger"))
    other = there.guild.create_voice_channel("elsewhere")
    await stranger.join_voice(other)
    for command in ("join", "leave"):
        assert "Somebody in" in await ask(stranger, there, command)
    await there.alice.leave_voice()
    await there.bob.leave_voice()
    assert await ask(stranger, there, "join") == f"I am in {other.mention}."


# context menu, help, privacy, forgetting


@in_scene()
async def test_a_message_is_spoken_from_its_menu_and_says_whose_it_is(there):
    await ask(there.bob, there, "voice use", voice="alba")
    message = await there.alice.send(there.text, "a **bold** thing")
    result = await there.bob.context_menu(there.text, "Speak this", message)
    assert result.ephemeral
    assert there.said == ["bob passes on: a bold thing"]
    own = await there.bob.send(there.text, "mine")
    await there.bob.context_menu(there.text, "Speak this", own)
    assert there.said[1] == "mine"


@in_scene()
async def test_help_and_privacy_fit_into_a_message(there):
    assert "/enrol" in await ask(there.bob, there, "help")
    assert "/forget-me" in await ask(there.bob, there, "privacy")


@in_scene()
async def test_forgetting_asks_first_and_then_deletes_choices_and_voices(there):
    await ask(there.bob, there, "me", voice="alba", say_as="Bobby")
    there.desk.voices.add(owned_by(tone_voice("bobs", 440.0), there.bob.id))
    asked = await there.bob.slash(there.text, "forget-me")
    assert "bobs" in asked.response.content
    assert there.desk.voices.names() == ["alba", "bobs", "secret"]
    await there.bob.click(asked.response.message, label="Delete")
    assert asked.response.content == "Deleted."
    assert there.desk.voices.names() == ["alba", "secret"]
    assert "is said: bob." in await ask(there.bob, there, "me")
    with pytest.raises(ConsentError, match="took the agreement back"):
        there.desk.voices.add(owned_by(tone_voice("bobs", 440.0), there.bob.id))


@in_scene()
async def test_forgetting_ends_well_though_the_voice_was_deleted_meanwhile(there):
    voice = owned_by(tone_voice("bobs", 440.0), there.bob.id)
    there.desk.voices.add(voice)
    asked = await there.bob.slash(there.text, "forget-me")
    there.desk.voices.delete(voice.id)
    await there.bob.click(asked.response.message, label="Delete")
    assert asked.response.content == "Deleted."


@in_scene()
async def test_who_changes_their_mind_is_not_forgotten(there):
    await ask(there.bob, there, "me", say_as="Bobby")
    asked = await there.bob.slash(there.text, "forget-me")
    await there.bob.click(asked.response.message, label="Keep")
    assert asked.response.content == "Nothing was deleted."
    assert "is said: Bobby." in await ask(there.bob, there, "me")
