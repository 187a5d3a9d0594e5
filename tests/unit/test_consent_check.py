"""A recording that is handed in for a sentence: what is refused before anybody listens to it."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from rtvc_bridge.audio import Audio
from rtvc_bridge.enrolment import Clip, SpeechDetector
from rtvc_bridge.enrolment.spoken import Check, fingerprint, likeness, window_vectors
from rtvc_bridge.errors import ConsentError, ModelError
from rtvc_bridge.safety.challenges import Challenges

pytestmark = pytest.mark.trust

RATE_HZ = 16_000
VECTOR = np.eye(256, dtype=np.float32)


def tone(seconds):
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return Audio((0.1 * np.sin(2 * np.pi * 220 * at_s)).astype(np.float32), RATE_HZ)


def unheard(audio, language):
    pytest.fail("nobody may listen to this")


@pytest.fixture
def check():
    challenges = Challenges(lambda: 0.0, today=lambda: date(2026, 11, 23))
    return Check(challenges, lambda audio: VECTOR[0], unheard, SpeechDetector())


def test_a_recording_without_speech_is_refused(check):
    issued = check.challenges.issue("Alba")
    with pytest.raises(ConsentError, match=r"0\.0 s of speech in the recording"):
        check.spoken(check.taken(issued.id, "alba"), Clip.of(tone(9)), VECTOR[0])


def test_a_long_recording_is_refused_unheard(check):
    issued = check.challenges.issue("Alba")
    with pytest.raises(ConsentError, match="41 s long; the limit is 40 s"):
        check.spoken(check.taken(issued.id, "alba"), Clip.of(tone(41)), VECTOR[0])


def test_a_refused_recording_uses_the_sentence_up(check):
    issued = check.challenges.issue("Alba")
    for reason in ("of speech", "was used already"):
        with pytest.raises(ConsentError, match=reason):
            check.spoken(check.taken(issued.id, "alba"), Clip.of(tone(9)), VECTOR[0])


def test_a_sentence_that_nobody_gave_out_is_refused(check):
    with pytest.raises(ConsentError, match="unknown here"):
        check.spoken(check.taken("guessed", "Alba"), Clip.of(tone(9)), VECTOR[0])


def test_a_sentence_for_one_voice_is_not_taken_for_another(check):
    issued = check.challenges.issue("Alba")
    with pytest.raises(ConsentError, match="was for the voice 'Alba'"):
        check.taken(issued.id, "Bruna")


def test_what_listening_lacks_is_told_before_a_sentence_is_given(check):
    def deaf():
        raise ModelError("Install it.")

    with pytest.raises(ModelError):
        replace(check, ready=deaf).issue("Alba")


def test_somebody_elses_words_between_the_speakers_own_do_not_pass():
    def embed(audio):
        return VECTOR[0] if audio.samples.mean() > 0.5 else VECTOR[1]

    own, other = np.ones(8 * RATE_HZ, np.float32), np.zeros(4 * RATE_HZ, np.float32)
    spliced = Audio(np.concatenate([own, other, own]), RATE_HZ)
    assert likeness(window_vectors(spliced, embed), VECTOR[0]) == 0.0


def test_the_less_alike_half_of_a_reading_counts():
    def embed(audio):
        return VECTOR[0] if audio.samples.any() else VECTOR[1]

    half = np.ones(RATE_HZ, np.float32)
    reading = Audio(np.concatenate([half, 0 * half]), RATE_HZ)
    assert likeness(window_vectors(reading, embed), VECTOR[0]) == 0.0
    assert likeness(window_vectors(Audio(half, RATE_HZ), embed), VECTOR[0]) == 1.0


def test_a_fingerprint_tells_recordings_apart():
    sound = tone(1)
    same = Audio(sound.samples.copy(), RATE_HZ)
    louder = Audio(sound.samples * np.float32(1.01), RATE_HZ)
    slower = Audio(sound.samples, RATE_HZ // 2)
    assert fingerprint(sound) == fingerprint(same)
    assert len({fingerprint(each) for each in (sound, louder, slower)}) == 3
