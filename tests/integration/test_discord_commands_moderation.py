"""Held lines, silence on demand, grants and revocation, against simcord's Discord."""

from dataclasses import replace

import pytest
from discord_desk import EVERYBODY, ask, granted, in_scene, owned_by
from rtvc_discord.desk import lane
from rtvc_discord.people import somebody

from rtvc_bridge.config import ModerationSettings
from rtvc_bridge.engine import State
from rtvc_bridge.testing import tone_voice

pytestmark = [pytest.mark.discord, pytest.mark.trust]

HOLDING = ModerationSettings(hold=["maybe"])
BOBS = tone_voice("bobs", 440.0)


# held lines


@in_scene(moderation=HOLDING)
async def test_only_moderators_see_and_decide_on_what_is_held(there):
    voice = there.desk.voices.get("alba")
    there.desk.engine.say("maybe this", voice, lane=lane(there.guild.id), user="2")
    for command, options in (
        ("held list", {}),
        ("held approve", {"number": 1}),
        ("held deny", {"number": 1}),
        ("panic", {}),
        ("panic", {"do": "lift"}),
    ):
        said = await ask(there.bob, there, command, **options)
        assert said.startswith("You need the permission Manage Server for this")
    assert len(there.desk.engine.queue.held()) == 1


@in_scene(moderation=HOLDING)
async def test_a_line_that_is_held_elsewhere_is_out_of_reach(there):
    voice = there.desk.voices.get("alba")
    there.desk.engine.say("maybe this", voice, lane="discord:1", user="2")
    assert await ask(there.alice, there, "held list") == "Nothing waits for a moderator."
    for command in ("held approve", "held deny"):
        said = await ask(there.alice, there, command, number=1)
        assert said.startswith("Line number 1 does not wait for a moderator here.")
    assert len(there.desk.engine.queue.held()) == 1


@in_scene(moderation=HOLDING.model_copy(update={"moderators": [EVERYBODY]}))
async def test_whom_the_settings_name_decides_too_and_is_not_held(there):
    voice = there.desk.voices.get("alba")
    held = there.desk.engine.say("maybe this", voice, lane=lane(there.guild.id), user="2")
    await ask(there.bob, there, "held deny", number=held.status.id)
    assert held.status.state is State.CANCELLED
    said = await ask(there.bob, there, "say", text="maybe that", voice="alba")
    assert said.startswith("Spoken")


# silence


@in_scene(moderation=HOLDING)
async def test_panic_silences_one_server_and_ends_what_is_held_there(there):
    voice = there.desk.voices.get("alba")
    here, elsewhere = lane(there.guild.id), "mic"
    there.desk.engine.queue.pause()
    ended = [there.desk.engine.say(text, voice, lane=here) for text in ("word", "maybe")]
    goes_on = there.desk.engine.say("word", voice, lane=elsewhere)
    said = await ask(there.alice, there, "panic")
    assert said.endswith("Lines cut off: 2.")
    assert all(line.wait(20).state is State.CANCELLED for line in ended)
    assert not goes_on.cancelled


@in_scene()
async def test_a_silenced_server_stays_silent_until_that_is_lifted(there):
    await ask(there.alice, there, "panic")
    refused = await ask(there.bob, there, "say", text="hello", voice="alba")
    assert refused.startswith("A moderator has stopped all speech in this server.")
    assert await ask(there.alice, there, "queue resume") == refused
    assert there.desk.store.guild(there.guild.id).stopped
    await ask(there.alice, there, "panic", do="lift")
    said = await ask(there.bob, there, "say", text="hello", voice="alba")
    assert said.startswith("Spoken")


@in_scene(operator="bob")
async def test_whoever_runs_the_bot_silences_everything_and_no_manager_does(there):
    refused = await ask(there.alice, there, "panic", do="stop everything")
    assert refused == "Only whoever runs me may do that."
    assert not there.desk.engine.queue.halted
    await ask(there.bob, there, "panic", do="stop everything")
    assert there.desk.engine.queue.halted
    said = await ask(there.alice, there, "say", text="hello", voice="alba")
    assert said.startswith("Everything was stopped.")
    await ask(there.bob, there, "panic", do="lift everything")
    assert (await ask(there.alice, there, "say", text="hi", voice="alba")).startswith("Spoken")


# grants and revocation


@in_scene()
async def test_a_voice_is_granted_to_a_person_and_to_a_role_and_taken_back(there):
    there.desk.voices.add(owned_by(BOBS, there.bob.id))
    role = there.guild.create_role("speakers")
    carol = there.guild.add_member(there.env.create_user("carol"), roles=[role])
    await carol.join_voice(there.voice)
    said = await ask(there.bob, there, "voice allow", voice="bobs", to=there.alice)
    assert said == f"bobs may now be used by: {there.alice.mention}."
    await ask(there.bob, there, "voice allow", voice="bobs", to=role)
    for who in (there.alice, carol):
        assert (await ask(who, there, "say", text="hi", voice="bobs")).startswith("Spoken")
    said = await ask(there.bob, there, "voice disallow", voice="bobs", to=role)
    assert said == f"Besides you, bobs may now be used by: {there.alice.mention}."
    assert "no voice 'bobs'" in await ask(carol, there, "say", text="hi", voice="bobs")
    info = await ask(there.bob, there, "voice info", voice="bobs")
    assert f"May be used by {there.alice.mention}." in info


@in_scene(operator="alice")
async def test_whoever_runs_the_bot_does_not_grant_the_voices_of_others(there):
    there.desk.voices.add(owned_by(granted(BOBS, EVERYBODY), there.bob.id))
    said = await ask(there.alice, there, "voice allow", voice="bobs")
    assert said == "Only the owner of a voice may do that."
    assert there.desk.voices.summary("bobs").consent.grants == (EVERYBODY,)


@in_scene(operator="alice")
async def test_a_voice_is_revoked_by_its_owner_and_by_whoever_runs_the_bot(there):
    for voice, who in (("bobs", there.bob), ("bobs too", there.alice)):
        made = owned_by(tone_voice(voice, 500.0 + len(voice)), there.bob.id)
        there.desk.voices.add(made)
        there.desk.engine.queue.pause(lane(there.guild.id))
        asker = somebody(there.bob.id)
        line = there.desk.engine.say("word", made, lane=lane(there.guild.id), asker=asker)
        said = await ask(who, there, "voice revoke", voice=voice)
        assert said.endswith("Lines cut off: 1.")
        assert line.cancelled
        assert voice not in there.desk.voices.names()
        assert there.desk.voices.tombstones.has(made.id)


@in_scene()
async def test_nobody_else_revokes_a_voice(there):
    said = await ask(there.bob, there, "voice revoke", voice="alba")
    assert said == "Only the owner of a voice may do that."
    assert "alba" in there.desk.voices.names()


@in_scene()
async def test_a_voice_whose_agreement_counts_no_more_is_listed_with_the_reason(there):
    there.desk.voices.update("alba", _altered)
    listed = await ask(there.bob, there, "voice list")
    assert "**alba** (for everybody here)\n  It cannot be used now: The agreement for" in listed
    assert "was altered after it was given" in listed
    said = await ask(there.bob, there, "voice use", voice="alba")
    assert "was altered after it was given" in said
    assert await there.bob.autocomplete(there.text, "say", "voice", "a", text="x") == []


def _altered(voice):
    return replace(voice, consent=replace(voice.consent, by="somebody else"))
