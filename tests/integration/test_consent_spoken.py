"""Spoken consent with the real recogniser, encoder and watermark, on synthetic readers."""

import subprocess
import sys
import time
from threading import Event

import numpy as np
import pytest

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.enrolment import Clip, SpeechDetector, read_clip
from rtvc_bridge.enrolment.spoken import Check
from rtvc_bridge.errors import ClipRejectedError, ConsentError, ModelError
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.safety.challenges import Challenges
from rtvc_bridge.stages import assemble
from rtvc_bridge.stages.hearing import Recogniser
from rtvc_bridge.stages.tuner import load_tuner
from rtvc_bridge.voices import Consent, Voice
from rtvc_bridge.worker.hearing import Ears

pytestmark = pytest.mark.trust

CLIP = "We planted tomatoes and beans in the garden behind the house. It was a warm day in May."


class Readers:
    """Stock voices, unmarked, that stand in for people."""

    def __init__(self):
        self.pipeline = assemble.three_stage()
        self._known = load_tuner(assemble.tuner_file())

    def say(self, name, text):
        at = self._known.stock_names.index(name)
        voice = Voice(
            id=name,
            name=name,
            embedding=self._known.stock_embeddings[at],
            consent=Consent(by=name, given_at=""),
            created_at="",
            tensors={self.pipeline.name: {"style": self._known.stock_styles[at]}},
        )
        return joined(self.pipeline.speak(text, voice, Delivery(), stop=Event()))

    def embedding(self, name):
        return self.pipeline.embed(self.say(name, CLIP))


@pytest.fixture(scope="module")
def readers(artifact):
    for name in ("kokoro-82m", "ge2e", "perth", "whisper-base"):
        artifact(name)
    pytest.importorskip("faster_whisper", reason="the extra consent is not installed")
    return Readers()


@pytest.fixture(scope="module")
def heart(readers):
    """The d-vector of af_heart's clip."""
    return readers.embedding("af_heart")


@pytest.fixture
def check(readers):
    return Check(Challenges(time.monotonic), readers.pipeline.embed, Ears(), SpeechDetector())


@pytest.fixture
def tone():
    """A second of 220 Hz."""
    at_s = np.arange(24_000) / 24_000
    return Audio((0.1 * np.sin(2 * np.pi * 220 * at_s)).astype(np.float32), 24_000)


@pytest.mark.models
def test_the_sentence_read_by_whoever_speaks_in_the_clips_is_consent_and_only_once(
    check, readers, heart
):
    challenge = check.challenges.issue("Alba")
    reading = Clip.of(readers.say("af_heart", challenge.sentence))
    spoken = check.spoken(check.taken(challenge.id, "Alba"), reading, heart)
    assert spoken.sentence == challenge.sentence
    assert spoken.words >= spoken.words_least
    assert spoken.speaker >= spoken.speaker_least

    with pytest.raises(ConsentError, match="used already"):
        check.spoken(check.taken(challenge.id, "Alba"), reading, heart)
    with pytest.raises(ConsentError, match="handed in before"):
        check.spoken(check.challenges.issue("Alba").phrase, reading, heart)
    softer = Clip.of(Audio(reading.audio.samples * 0.9, reading.audio.rate_hz))
    with pytest.raises(ConsentError, match="random words of the sentence 0 could be heard"):
        check.spoken(check.challenges.issue("Alba").phrase, softer, heart)


@pytest.mark.models
def test_somebody_else_cannot_agree(check, readers, heart):
    challenge = check.challenges.issue("Alba")
    reading = Clip.of(readers.say("am_michael", challenge.sentence))
    with pytest.raises(ConsentError, match="not the one in the clips"):
        check.spoken(check.taken(challenge.id, "Alba"), reading, heart)


@pytest.mark.models
def test_somebody_elses_words_behind_the_speakers_own_beginning_do_not_pass(check, readers, heart):
    challenge = check.challenges.issue("Alba")
    start, _, words = challenge.sentence.rpartition("The words")
    pieces = [readers.say("af_heart", start), readers.say("am_michael", f"The words{words}")]
    with pytest.raises(ConsentError, match="not the one in the clips"):
        check.spoken(check.taken(challenge.id, "Alba"), Clip.of(joined(pieces)), heart)


@pytest.mark.models
def test_what_this_program_says_is_refused_for_its_mark(check, readers, heart, artifact):
    from rtvc_bridge.stages.watermark import load_watermark

    marker, _ = load_watermark(artifact("perth"))
    challenge = check.challenges.issue("Alba")
    clone = readers.say("af_heart", challenge.sentence)
    reading = Clip.of(joined(marker.marked([clone])))
    with pytest.raises(ConsentError, match="watermark of synthetic speech"):
        check.spoken(check.taken(challenge.id, "Alba"), reading, heart)


@pytest.mark.models
def test_a_recording_of_something_else_is_heard_word_by_word(readers, artifact):
    reader = read_clip(artifact("demo-speech")).audio
    evidence = Ears()(Audio(reader.samples[: 5 * reader.rate_hz], reader.rate_hz), "en")
    assert "it was the best of times" in evidence.heard.casefold()
    assert not evidence.verdict.synthetic
    assert evidence.verdict.seconds == pytest.approx(5, abs=0.1)


@pytest.mark.models
def test_a_recording_without_sound_is_refused_in_words(readers):
    with pytest.raises(ClipRejectedError, match="Only sound of"):
        Ears()(Audio(readers.say("af_heart", "Hello.").samples[:0], 24_000), "en")


def test_without_the_weights_a_sentence_need_not_be_given_out(tmp_path, monkeypatch, tone):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    for ask in (Ears().check_ready, lambda: Ears()(tone, "en")):
        with pytest.raises(ModelError, match="rtvc-bridge models pull whisper-base perth"):
            ask()


def test_without_the_package_the_answer_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "faster_whisper", raising=False)
    for ask in (Ears().check_ready, lambda: Recogniser(tmp_path)):
        with pytest.raises(ModelError, match=r"pip install \"rtvc-bridge\[consent\]\""):
            ask()


def test_a_damaged_recogniser_is_an_error_that_says_what_to_run(tmp_path):
    pytest.importorskip("faster_whisper", reason="the extra consent is not installed")
    with pytest.raises(ModelError, match="models verify whisper-base"):
        Recogniser(tmp_path)


def test_listening_that_does_not_end_is_ended(tone):
    with pytest.raises(ModelError, match="took over"):
        Ears(patience_s=0.001)(tone, "en")


def test_the_daemon_loads_neither_torch_nor_the_recogniser_for_it():
    program = (
        "import sys, rtvc_bridge.worker.hearing, rtvc_bridge.enrolment.spoken;"
        "print({'torch', 'faster_whisper', 'ctranslate2'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "set()"
