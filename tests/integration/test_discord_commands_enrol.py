"""Enrolling by Discord, and reading a channel aloud, against simcord's Discord."""

import pytest
from discord_desk import Scene, ask, in_scene, owned_by, recording

from rtvc_bridge.testing import tone_voice

pytestmark = pytest.mark.discord


# reading a channel


@in_scene(message_content=True)
async def test_the_chosen_channel_is_read_aloud_and_no_other(there):
    await ask(there.alice, there, "settings manners", read_channel=there.text)
    await ask(there.alice, there, "settings voice", voice="alba")
    other = there.guild.create_text_channel("other")
    await there.bob.send(there.text, "hello")
    await there.bob.send(other, "not this")
    await there.bob.send(there.text, "!play something")
    reply_to = await there.alice.send(there.text, "yes?")
    await there.bob.send(there.text, "you", reply_to=reply_to)
    assert there.said == ["bob says: hello", "alice says: yes?", "bob to alice: you"]


@in_scene(message_content=True)
async def test_those_outside_the_voice_channel_and_bots_are_not_read(there):
    await ask(there.alice, there, "settings manners", read_channel=there.text)
    await ask(there.alice, there, "settings voice", voice="alba")
    await there.bob.leave_voice()
    await there.bob.send(there.text, "hello")
    robot = there.guild.add_member(there.env.create_user("robot", bot=True))
    await robot.send(there.text, "beep")
    assert there.said == []


@in_scene(message_content=True)
async def test_files_and_forwards_are_told_of(there):
    await ask(there.alice, there, "settings manners", read_channel=there.text)
    await ask(there.alice, there, "settings voice", voice="alba")
    sent = await there.bob.send(there.text, attachments=[("cat.png", b"picture")])
    await there.alice.forward(sent, there.text)
    assert there.said == ["bob sent a picture", "alice passes on: sent a picture"]


# enrolling


@in_scene()
async def test_members_enrol_only_where_the_server_allows_it(there):
    said = await ask(there.bob, there, "enrol", name="bob", recording=("a.wav", recording(1)))
    assert said.startswith("In this server only whoever runs me may make voices.")


async def enrol(who, there: Scene, name: str, sound: bytes, *, press: str, **options):
    """Give a recording and press a button; return the answer."""
    result = await who.slash(there.text, "enrol", name=name, recording=("me.wav", sound), **options)
    await who.click(result.response.message, label=press)
    return result.response.content


AGREE = "I speak in it and I agree"


@in_scene()
async def test_a_voice_is_made_once_its_speaker_agrees_and_is_theirs_alone(there):
    await ask(there.alice, there, "settings manners", members_enrol=True)
    said = await enrol(there.bob, there, "bobs own", recording(), press=AGREE)
    assert said.startswith("The voice **bobs own** is made from")
    voice = there.desk.voices.summary("bobs own")
    assert voice.consent.level == "attested"
    assert voice.consent.owner == f"discord:user:{there.bob.id}"
    assert voice.consent.by == f"bob (@bob, Discord user {there.bob.id})"
    assert "bobs own" in await ask(there.bob, there, "voice mine")
    assert "bobs own" not in await ask(there.alice, there, "voice list")
    await ask(there.bob, there, "say", text="hello", voice="bobs own")
    assert there.place.said[0].status.voice == "bobs own"


@in_scene()
async def test_without_agreement_no_voice_is_made(there):
    await ask(there.alice, there, "settings manners", members_enrol=True)
    said = await enrol(there.bob, there, "bobs own", recording(), press="No")
    assert said == "Without the speaker's agreement no voice is made."
    assert there.desk.voices.names() == ["alba", "secret"]


@in_scene()
async def test_why_a_recording_makes_no_voice_is_shown(there):
    await ask(there.alice, there, "settings manners", members_enrol=True)
    said = await enrol(there.bob, there, "bobs own", recording(1.0), press=AGREE)
    assert "at least 2 s are needed" in said
    said = await enrol(there.bob, there, "bobs own", b"no sound", press=AGREE)
    assert "me.wav" in said
    assert there.desk.voices.names() == ["alba", "secret"]


@in_scene()
async def test_what_is_no_recording_is_refused_before_anything_is_asked(there):
    await ask(there.alice, there, "settings manners", members_enrol=True)
    said = await ask(there.bob, there, "enrol", name="x", recording=("a.png", b"picture"))
    assert said == "That is not a recording. Attach a sound file."
    said = await ask(there.bob, there, "enrol", name="alba", recording=("a.wav", b"sound"))
    assert said == "There is a voice 'alba' already; choose another name."


@in_scene()
async def test_members_do_not_enrol_others(there):
    await ask(there.alice, there, "settings manners", members_enrol=True)
    said = await ask(
        there.bob, there, "enrol", name="x", recording=("a.wav", b"s"), speaker=there.alice
    )
    assert said == "You may only make a voice of your own recordings."


@in_scene(operator="bob")
async def test_whoever_runs_the_bot_enrols_another_once_that_person_presses(there):
    result = await there.bob.slash(
        there.text, "enrol", name="hers", recording=("a.wav", recording()), speaker=there.alice
    )
    (question,) = result.followups
    assert there.alice.mention in question.content
    refused = await there.bob.click(question.message, label=AGREE)
    assert refused.response.content == f"This is for {there.alice.mention} to answer."
    await there.alice.click(question.message, label=AGREE)
    assert result.response.content.startswith("The voice **hers** is made")
    assert not question.message.components
    assert there.desk.voices.summary("hers").consent.owner == f"discord:user:{there.alice.id}"
    assert "There is no voice" in await ask(there.bob, there, "say", text="hi", voice="hers")


@in_scene()
async def test_a_deleted_voice_is_gone(there):
    there.desk.voices.add(owned_by(tone_voice("bobs", 440.0), there.bob.id))
    await ask(there.bob, there, "voice delete", voice="bobs")
    assert there.desk.voices.names() == ["alba", "secret"]


@in_scene()
async def test_a_recording_is_enrolled_from_its_menu_by_the_one_who_sent_it(there):
    await ask(there.alice, there, "settings manners", members_enrol=True)
    message = await there.bob.send(there.text, attachments=[("voice.wav", recording())])
    shown = await there.bob.context_menu(there.text, "Enrol this recording", message)
    answer = await there.bob.submit_modal(shown, {"name": "from a message"})
    await there.bob.click(answer.response.message, label=AGREE)
    assert answer.response.content.startswith("The voice **from a message** is made")
    shown = await there.alice.context_menu(there.text, "Enrol this recording", message)
    answer = await there.alice.submit_modal(shown, {"name": "stolen"})
    assert answer.response.content == "You may only make a voice of your own recordings."


@in_scene()
async def test_a_message_without_a_recording_is_refused(there):
    await ask(there.alice, there, "settings manners", members_enrol=True)
    message = await there.bob.send(there.text, "no recording")
    shown = await there.bob.context_menu(there.text, "Enrol this recording", message)
    answer = await there.bob.submit_modal(shown, {"name": "x"})
    assert answer.response.content == "There is no recording in that message."
