"""Who may do what in a server, and what is chosen there, against simcord's Discord."""

import asyncio

import discord
import pytest
from discord_desk import Scene, ask, in_scene
from rtvc_discord.desk import lane
from rtvc_discord.preferences import GuildSettings
from rtvc_discord.speaking import Ordered, Wish, ordered
from rtvc_discord.text import Heard
from simcord import MemberActor, SetupError

from rtvc_bridge.engine import State, Utterance

pytestmark = pytest.mark.discord


# settings


@in_scene()
async def test_settings_are_for_managers(there):
    with pytest.raises(SetupError, match="default-member-permissions"):
        await there.bob.slash(there.text, "settings show")


@in_scene()
async def test_settings_are_shown_as_they_are(there):
    await ask(there.alice, there, "settings voice", voice="alba")
    await ask(there.alice, there, "settings role", role=there.guild.default_role, may_speak=True)
    said = await ask(there.alice, there, "settings manners", say_names=False, auto_join=True)
    assert "Default voice: alba\n" in said
    assert f"May speak: <@&{there.guild.default_role.id}>\n" in said
    assert "Join by itself: yes\n" in said
    assert "Names new speakers: no\n" in said


@in_scene()
async def test_a_setting_can_be_put_back(there):
    await ask(there.alice, there, "settings voice", voice="alba")
    said = await ask(there.alice, there, "settings reset", setting="voice")
    assert "Default voice: none\n" in said


@in_scene()
async def test_names_are_not_said_where_they_are_not_wanted(there):
    await ask(there.alice, there, "settings manners", say_names=False)
    await ask(there.bob, there, "say", text="hello", voice="alba")
    assert there.said == ["hello"]


@in_scene()
async def test_only_the_roles_that_were_chosen_may_speak(there):
    role = there.guild.create_role("speakers")
    await ask(there.alice, there, "settings role", role=role, may_speak=True)
    said = await ask(there.bob, there, "say", text="hello", voice="alba")
    assert said == f"Only these roles may have text spoken here: {role.mention}."
    await ask(there.alice, there, "settings role", role=role, may_speak=False)
    await ask(there.bob, there, "say", text="hello", voice="alba")
    assert there.said == ["bob says: hello"]


@in_scene()
async def test_who_is_blocked_may_not_speak_until_unblocked(there):
    await ask(there.alice, there, "settings block", user=there.bob.user)
    said = await ask(there.bob, there, "say", text="hello", voice="alba")
    assert said == "The managers of this server have blocked you from speaking here."
    await ask(there.alice, there, "settings block", user=there.bob.user, blocked=False)
    await ask(there.bob, there, "say", text="hello", voice="alba")
    assert there.said == ["bob says: hello"]


@in_scene(joined=False)
async def test_who_may_not_speak_does_not_bring_the_bot_in(there):
    await ask(there.alice, there, "settings manners", auto_join=True)
    await ask(there.alice, there, "settings block", user=there.bob.user)
    said = await ask(there.bob, there, "say", text="hello", voice="alba")
    assert "blocked you" in said
    assert there.place.channel is None


@in_scene()
async def test_blocked_words_are_not_spoken(there):
    await ask(there.alice, there, "settings word", word="Darn it")
    for text in ("darn it all", "**darn** it", "DARN IT"):
        said = await ask(there.bob, there, "say", text=text, voice="alba")
        assert said == "That has a word in it that is not spoken in this server."
    assert there.said == []


@in_scene()
async def test_a_channel_is_not_read_aloud_without_the_intent(there):
    said = await ask(there.alice, there, "settings manners", read_channel=there.text)
    assert "Message Content intent" in said


# voices


@in_scene()
async def test_voices_that_may_be_used_are_listed_and_no_others(there):
    said = await ask(there.bob, there, "voice list")
    assert said == "You may speak here as:\n- **alba** (for everybody here)"


@in_scene(operator="bob")
async def test_whoever_runs_the_bot_may_use_every_voice_of_the_computer(there):
    said = await ask(there.bob, there, "voice list")
    assert "**secret** (yours)" in said
    await ask(there.bob, there, "say", text="hello", voice="secret")
    assert there.place.said[0].status.voice == "secret"


@in_scene(operator="bob")
async def test_a_voice_is_for_everybody_once_its_owner_allows_it_and_until_they_do_not(there):
    await ask(there.bob, there, "voice allow", voice="secret")
    assert (await ask(there.alice, there, "say", text="hi", voice="secret")).startswith("Spoken")
    await ask(there.bob, there, "voice disallow", voice="secret")
    assert "no voice 'secret'" in await ask(there.alice, there, "say", text="hi", voice="secret")


@in_scene()
async def test_nobody_but_its_owner_allows_or_deletes_a_voice(there):
    for command in ("voice allow", "voice disallow", "voice delete"):
        said = await ask(there.alice, there, command, voice="alba")
        assert said == "Only the owner of a voice may do that."
    assert there.desk.voices.names() == ["alba", "secret"]


@in_scene()
async def test_a_chosen_voice_is_used_from_then_on(there):
    said = await ask(there.bob, there, "voice use", voice="alba")
    assert "synthetic voice" in said
    await ask(there.bob, there, "say", text="hello")
    assert there.place.said[0].status.voice == "alba"


@in_scene(operator="alice")
async def test_a_chosen_voice_that_is_not_allowed_any_more_is_not_replaced_by_another(there):
    await ask(there.alice, there, "settings voice", voice="alba")
    await ask(there.alice, there, "voice allow", voice="secret")
    await ask(there.bob, there, "voice use", voice="secret")
    await ask(there.alice, there, "voice disallow", voice="secret")
    said = await ask(there.bob, there, "say", text="hello")
    assert said == "Your usual voice is gone; /voice use chooses another."
    assert there.said == []


@in_scene()
async def test_a_voice_tells_who_agreed_to_it(there):
    said = await ask(there.bob, there, "voice info", voice="alba")
    assert "alba agreed to it on 2026-01-01 (attested)" in said
    assert "Everybody here may use it: yes" in said


@in_scene()
async def test_typing_offers_the_voices_that_may_be_used(there):
    offered = await there.bob.autocomplete(there.text, "say", "voice", "A", text="x")
    assert [each["value"] for each in offered] == ["alba"]
    assert await there.bob.autocomplete(there.text, "voice use", "voice", "sec") == []
    assert await there.bob.autocomplete(there.text, "voice allow", "voice", "") == []
    for command in ("voice info", "settings voice"):
        offered = await there.alice.autocomplete(there.text, command, "voice", "")
        assert [each["value"] for each in offered] == ["alba"]


# /me


@in_scene()
async def test_people_choose_how_their_name_is_said_and_how_fast_they_speak(there):
    said = await ask(there.bob, there, "me", voice="alba", speed=1.5, say_as="Bobby Dazzler")
    assert said == "Voice here: alba. Speed: 1.5. Expression: 1. Your name is said: Bobby Dazzler."
    await ask(there.bob, there, "say", text="hello")
    assert there.said == ["Bobby Dazzler says: hello"]
    assert there.place.said[0]._line.delivery.speed == 1.5
    assert "is said: bob." in await ask(there.bob, there, "me", say_as="-")


@in_scene()
async def test_a_blocked_word_is_no_name(there):
    await ask(there.alice, there, "settings word", word="darn")
    said = await ask(there.bob, there, "me", say_as="Darn Bob")
    assert said == "That has a word in it that is not spoken in this server."


# queue


async def waiting(there: Scene, *texts: str) -> list[Utterance]:
    """Have bob's lines wait behind a pause; return what becomes of them."""
    there.desk.engine.queue.pause(lane(there.guild.id))
    orders = []
    for text in texts:
        utterance = there.desk.engine.say(
            text,
            there.desk.voices.get("alba"),
            lane=lane(there.guild.id),
            user=str(there.bob.id),
        )
        orders.append(utterance)
    return orders


@in_scene()
async def test_the_queue_shows_what_waits_and_its_text_to_its_owner_only(there):
    await waiting(there, "one", "two")
    said = await ask(there.bob, there, "queue show")
    bob = there.bob.mention
    assert said.startswith(f"1. {bob}, as alba: one\n2. {bob}, as alba: two\n")
    assert "The queue is paused" in said
    assert "one" not in await ask(there.alice, there, "queue show")
    there.desk.engine.clear()


@in_scene()
async def test_a_person_skips_their_own_line_only(there):
    (line,) = await waiting(there, "one")
    stranger = there.guild.add_member(there.env.create_user("stranger"))
    assert "not yours" in await ask(stranger, there, "queue skip")
    refused = await ask(stranger, there, "queue skip-current")
    assert refused == "You need the permission Manage Messages or Move Members for this."
    assert not line.over
    assert await ask(there.bob, there, "queue skip") == "Skipped."
    assert line.wait(20).state is State.CANCELLED


@in_scene()
async def test_moderators_skip_any_line(there):
    (line,) = await waiting(there, "one")
    assert await ask(there.alice, there, "queue skip-current") == "Skipped."
    assert line.wait(20).state is State.CANCELLED
    assert await ask(there.alice, there, "queue skip-current") == "Nothing is being spoken."


@in_scene()
async def test_moving_people_is_enough_to_moderate(there):
    mover = there.guild.add_member(
        there.env.create_user("mover"), roles=[_role(there, move_members=True)]
    )
    (line,) = await waiting(there, "one")
    assert await ask(mover, there, "queue clear") == "Taken out of the queue: 1."
    assert line.over


@in_scene()
async def test_clearing_ones_own_leaves_the_others(there):
    lines = await waiting(there, "one", "two")
    assert await ask(there.alice, there, "queue clear-mine") == "Taken out of the queue: 0."
    assert not any(line.over for line in lines)
    assert await ask(there.bob, there, "queue clear-mine") == "Taken out of the queue: 2."


@in_scene()
async def test_only_moderators_pause_resume_and_clear(there):
    for command in ("queue pause", "queue resume", "queue clear"):
        assert "You need the permission" in await ask(there.bob, there, command)
    await ask(there.alice, there, "queue pause")
    assert there.desk.engine.queue.paused == {lane(there.guild.id)}
    await ask(there.alice, there, "queue resume")
    assert there.desk.engine.queue.paused == frozenset()


def _role(there: Scene, **permissions: bool):
    return there.guild.create_role("role", permissions=discord.Permissions(**permissions))


@in_scene()
async def test_skipping_skips_what_is_heard_though_another_line_was_said_before(there):
    there.place.held.clear()
    voice = there.desk.voices.get("alba")
    first, second = (
        there.desk.engine.say("word", voice, lane=lane(there.guild.id), user=user)
        for user in (str(there.alice.id), str(there.bob.id))
    )
    await asyncio.to_thread(second.wait, 20)
    second.poll()
    assert await ask(there.bob, there, "queue skip") == "Skipped."
    assert (first.cancelled, second.cancelled) == (False, True)


@in_scene()
async def test_clearing_takes_out_what_is_made_and_not_heard_yet(there):
    there.place.held.clear()
    voice = there.desk.voices.get("alba")
    heard, made = (
        there.desk.engine.say("word", voice, lane=lane(there.guild.id), user=str(there.bob.id))
        for _ in range(2)
    )
    await asyncio.to_thread(made.wait, 20)
    heard.poll()
    assert await ask(there.bob, there, "queue clear-mine") == "Taken out of the queue: 1."
    assert (heard.cancelled, made.cancelled) == (False, True)


@in_scene()
async def test_who_is_blocked_does_not_send_the_bot_away(there):
    await ask(there.alice, there, "settings block", user=there.bob.user)
    assert "blocked you" in await ask(there.bob, there, "leave")
    assert there.place.channel is not None


@in_scene()
async def test_a_word_that_cannot_be_kept_is_refused_and_the_settings_stay_readable(there):
    for word in ("ß" * 31, "   "):
        said = await ask(there.alice, there, "settings word", word=word)
        assert said == "A blocked word or phrase has 1 to 60 characters."
    assert "Blocked words: none" in await ask(there.alice, there, "settings show")


@in_scene(operator="alice")
async def test_a_servers_voice_is_one_that_others_may_use(there):
    said = await ask(there.alice, there, "settings voice", voice="secret")
    assert said == "Others may not use that voice yet: /voice allow first."
    await ask(there.alice, there, "voice allow", voice="secret")
    said = await ask(there.alice, there, "settings voice", voice="secret")
    assert "Default voice: secret\n" in said


async def waiting_in_secret(there: Scene) -> list[Utterance]:
    """Have a line of alice's and one of bob's wait, both in the voice "secret"."""
    there.desk.engine.queue.pause(lane(there.guild.id))
    orders = [asyncio.create_task(order(there, who, "secret")) for who in (there.alice, there.bob)]
    return [line.utterance for line in await asyncio.gather(*orders)]


async def order(there: Scene, who: MemberActor, voice: str) -> Ordered:
    """Have somebody's line put into the queue."""
    guild = there.env.bot.get_guild(there.guild.id)
    assert guild is not None
    member = await guild.fetch_member(who.id)
    person = there.desk.person(member, member.guild_permissions, there.env.bot)
    return await ordered(there.desk, person, GuildSettings(), Wish(Heard("word"), voice=voice))


@in_scene(operator="bob")
async def test_what_others_wait_to_say_in_a_voice_ends_once_its_owner_keeps_it(there):
    await ask(there.bob, there, "voice allow", voice="secret")
    hers, his = await waiting_in_secret(there)
    await ask(there.bob, there, "voice disallow", voice="secret")
    assert (hers.cancelled, his.cancelled) == (True, False)
    his.cancel()


@in_scene(operator="bob")
async def test_what_waits_in_a_deleted_voice_ends(there):
    await ask(there.bob, there, "voice allow", voice="secret")
    lines = await waiting_in_secret(there)
    await ask(there.bob, there, "voice delete", voice="secret")
    assert all(line.cancelled for line in lines)
