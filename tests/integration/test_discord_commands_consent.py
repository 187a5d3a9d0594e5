"""Agreeing aloud on Discord: the sentence, who reads it, and what comes of it."""

import re
from dataclasses import dataclass, replace

import pytest
from discord_desk import Scene, ask, in_scene, recording

from rtvc_bridge.audio import Audio
from rtvc_bridge.errors import ModelError
from rtvc_bridge.safety.spoken import Evidence
from rtvc_bridge.safety.verdict import Verdict
from rtvc_bridge.testing import policy

pytestmark = [pytest.mark.discord, pytest.mark.trust]

AGREE = "I speak in it and I agree"
HAND_IN = "Hand in the recording"
AGAIN = "Show me another sentence"
READING_S = 9.0


@dataclass
class Ears:
    """Hears what a test wants heard."""

    heard: str = ""
    score: float = 0.0
    broken: bool = False

    def __call__(self, audio: Audio, language: str) -> Evidence:
        if self.broken:
            raise ModelError("faster-whisper is not installed.")
        return Evidence(self.heard, Verdict(self.score, audio.seconds))


EARS = Ears()


@pytest.fixture(autouse=True)
def _ears():
    EARS.heard, EARS.score, EARS.broken = "", 0.0, False


async def asked(who, there: Scene, name: str = "bobs own", **options):
    """Give a recording and agree by the button; return the answer, which shows the sentence."""
    await ask(there.alice, there, "settings manners", members_enrol=True)
    sound = ("me.wav", recording())
    result = await who.slash(there.text, "enrol", name=name, recording=sound, **options)
    await who.click(result.response.message, label=AGREE)
    return result


def sentence(text: str) -> str:
    (task,) = re.findall("^> (.*)$", text, re.MULTILINE)
    return str(task)


async def hand_in(who, message, sound: bytes) -> None:
    """Press the button of a message and hand in a recording."""
    opened = await who.click(message, label=HAND_IN)
    await who.submit_modal(opened, {"reading": ("reading.wav", sound)})


@in_scene(consent="spoken", listen=EARS)
async def test_a_voice_is_made_once_its_speaker_has_read_the_sentence(there):
    answer = (await asked(there.bob, there)).response
    assert "within 120 s" in answer.content
    assert "bobs own" in sentence(answer.content)
    EARS.heard = sentence(answer.content)
    await hand_in(there.bob, answer.message, recording(READING_S))
    assert answer.content.startswith("The voice **bobs own** is made")
    consent = there.desk.voices.summary("bobs own").consent
    assert consent.level == "spoken"
    assert consent.owner == f"discord:user:{there.bob.id}"
    assert consent.spoken.sentence == EARS.heard
    said = await ask(there.bob, there, "say", text="hello", voice="bobs own")
    assert said.startswith("Spoken in the synthetic voice of bobs own")


@in_scene(consent="spoken", listen=EARS)
async def test_what_failed_is_said_and_another_sentence_can_be_read(there):
    answer = (await asked(there.bob, there)).response
    first = sentence(answer.content)
    EARS.heard = "quite other words"
    await hand_in(there.bob, answer.message, recording(READING_S))
    assert answer.content.startswith("Of the 4 random words of the sentence 0 could be heard.")
    await there.bob.click(answer.message, label=AGAIN)
    assert sentence(answer.content) != first
    EARS.heard, EARS.score = sentence(answer.content), 1.0
    await hand_in(there.bob, answer.message, recording(READING_S + 1))
    assert answer.content.startswith("The recording carries the watermark of synthetic speech")
    await there.bob.click(answer.message, label=AGAIN)
    EARS.heard, EARS.score = sentence(answer.content), 0.0
    await hand_in(there.bob, answer.message, recording(READING_S))
    assert answer.content.startswith("This very recording was handed in before.")
    assert there.desk.voices.names() == ["alba", "secret"]


@in_scene(consent="spoken", listen=EARS)
async def test_a_reading_that_is_no_recording_leaves_another_try_and_no_voice(there):
    answer = (await asked(there.bob, there)).response
    opened = await there.bob.click(answer.message, label=HAND_IN)
    await there.bob.submit_modal(opened, {"reading": ("reading.png", b"picture")})
    assert answer.content == "That is not a recording. Attach a sound file."
    await there.bob.click(answer.message, label="No")
    assert answer.content == "That is not a recording. Attach a sound file."
    assert there.desk.voices.names() == ["alba", "secret"]


@in_scene(consent="spoken", listen=EARS)
async def test_a_sentence_that_nobody_reads_in_time_makes_no_voice(there):
    answer = (await asked(there.bob, there)).response
    await there.env.advance_time(121)
    assert answer.content.startswith("No recording of the sentence came within 120 s")
    assert there.desk.voices.names() == ["alba", "secret"]


@in_scene(consent="spoken", listen=EARS, operator="bob")
async def test_somebody_elses_sentence_is_shown_to_them_alone_and_read_by_them(there):
    sound = ("me.wav", recording())
    result = await there.bob.slash(
        there.text, "enrol", name="hers", recording=sound, speaker=there.alice
    )
    (question,) = result.followups
    pressed = await there.alice.click(question.message, label=AGREE)
    (sheet,) = pressed.followups
    assert sheet.ephemeral
    assert "aloud" not in result.response.content
    EARS.heard = sentence(sheet.content)
    await hand_in(there.alice, sheet.message, recording(READING_S))
    assert result.response.content.startswith("The voice **hers** is made")
    assert sheet.content == "You read the sentence, and it is your voice."
    assert there.desk.voices.summary("hers").consent.owner == f"discord:user:{there.alice.id}"


@in_scene(consent="spoken")
async def test_a_bot_that_cannot_listen_says_what_to_install_before_anything_is_asked(there):
    await ask(there.alice, there, "settings manners", members_enrol=True)
    said = await ask(there.bob, there, "enrol", name="x", recording=("a.wav", b"sound"))
    assert 'pip install "rtvc-bridge[consent]"' in said


@in_scene(consent="spoken", listen=EARS)
async def test_what_listening_lacks_is_said_when_it_is_missing(there):
    EARS.broken = True
    answer = (await asked(there.bob, there)).response
    await hand_in(there.bob, answer.message, recording(READING_S))
    assert 'pip install "rtvc-bridge[consent]"' in answer.content
    assert there.desk.voices.names() == ["alba", "secret"]


@in_scene(consent="spoken", listen=EARS)
async def test_an_agreement_that_has_ended_is_given_again_by_its_owner_aloud(there):
    answer = (await asked(there.bob, there)).response
    EARS.heard = sentence(answer.content)
    await hand_in(there.bob, answer.message, recording(READING_S))
    there.desk.voices.update("bobs own", _ended)
    said = await ask(there.bob, there, "say", text="hello", voice="bobs own")
    assert said.startswith("The agreement for 'bobs own' ended on 2026-01-01.")
    result = await there.bob.slash(there.text, "voice consent", voice="bobs own")
    answer = result.response
    await there.bob.click(answer.message, label=AGREE)
    EARS.heard = sentence(answer.content)
    await hand_in(there.bob, answer.message, recording(READING_S + 1))
    assert answer.content.startswith("**bobs own** can be used again")
    said = await ask(there.bob, there, "say", text="hello", voice="bobs own")
    assert said.startswith("Spoken")


@in_scene(consent="spoken", listen=EARS)
async def test_only_its_owner_agrees_to_a_voice_again(there):
    said = await ask(there.bob, there, "voice consent", voice="alba")
    assert said == "Only the owner of a voice may do that."


@in_scene(consent="spoken", listen=EARS, operator="bob")
async def test_nobody_agrees_by_discord_to_a_voice_of_the_computer(there):
    said = await ask(there.bob, there, "voice consent", voice="secret")
    assert "belongs to the computer I run on" in said
    assert there.desk.voices.summary("secret").consent.owner == "here"


def _ended(voice):
    consent = replace(voice.consent, expires_at="2026-01-01T00:00:00+00:00")
    return policy().trust.sign(replace(voice, consent=consent))
