"""A voice made by Discord with the real recogniser, encoder and watermark."""

import io
import re

import pytest
import soundfile
from discord_desk import Scene, in_scene
from integration.test_consent_spoken import CLIP, Readers

from rtvc_bridge.worker.hearing import Ears

pytestmark = [pytest.mark.models, pytest.mark.trust, pytest.mark.discord]

AGREE = "I speak in it and I agree"


@pytest.fixture(scope="module")
def readers(artifact):
    for name in ("kokoro-82m", "ge2e", "perth", "whisper-base"):
        artifact(name)
    pytest.importorskip("faster_whisper", reason="the extra consent is not installed")
    return Readers()


def wav(sound) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound.samples, sound.rate_hz, format="WAV", subtype="PCM_16")
    return file.getvalue()


async def hand_in(there: Scene, answer, readers: Readers, reader: str) -> None:
    """Have a reader read the sentence that an answer shows, and hand that in."""
    (sentence,) = re.findall("^> (.*)$", answer.content, re.MULTILINE)
    opened = await there.alice.click(answer.message, label="Hand in the recording")
    sound = wav(readers.say(reader, sentence))
    await there.alice.submit_modal(opened, {"reading": ("reading.wav", sound)})


def test_only_the_one_who_speaks_in_the_recording_can_agree(tmp_path, readers):
    @in_scene(consent="spoken", listen=Ears(), pipeline=readers.pipeline, operator="alice")
    async def story(there):
        clip = ("clip.wav", wav(readers.say("af_heart", f"{CLIP} {CLIP}")))
        asked = await there.alice.slash(there.text, "enrol", name="heart", recording=clip)
        answer = asked.response
        await there.alice.click(answer.message, label=AGREE)
        await hand_in(there, answer, readers, "am_michael")
        assert answer.content.startswith("The voice in the recording is not the one in the clips")
        assert "heart" not in there.desk.voices.names()
        await there.alice.click(answer.message, label="Show me another sentence")
        await hand_in(there, answer, readers, "af_heart")
        assert answer.content.startswith("The voice **heart** is made")
        spoken = there.desk.voices.summary("heart").consent.spoken
        assert spoken.words >= spoken.words_least
        assert spoken.speaker >= spoken.speaker_least

    story(tmp_path)
