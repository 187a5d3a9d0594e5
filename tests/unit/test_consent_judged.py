"""Whether a reading is consent: by table."""

from datetime import date

import pytest

from rtvc_bridge.errors import ConsentError
from rtvc_bridge.safety.phrase import Phrase
from rtvc_bridge.safety.spoken import (
    LEAST_SPEECH_S,
    MOST_S,
    SPEAKER_LEAST,
    WORDS_LEAST,
    Evidence,
    check_length,
    check_speech,
    judged,
)
from rtvc_bridge.safety.spoken_words import MOST_WORDS, match
from rtvc_bridge.safety.verdict import THRESHOLD, Verdict

pytestmark = pytest.mark.trust

PHRASE = Phrase("Alba", date(2026, 11, 23), ("river", "lemon", "candle", "window"))
START = "I agree that my voice is cloned under the name Alba. Today is November 23rd, 2026. "
READ = f"{START}The words are river, lemon, candle, window."
HASH = "ab" * 32


def judge(heard=READ, score=0.3, speaker=0.9):
    return judged(PHRASE, Evidence(heard, Verdict(score, 9.0)), speaker=speaker, audio_sha256=HASH)


def test_a_reading_becomes_a_record_of_what_was_measured():
    spoken = judge()
    assert spoken.sentence == PHRASE.sentence
    assert spoken.audio_sha256 == HASH
    assert (spoken.words, spoken.words_least) == (1.0, WORDS_LEAST)
    assert (spoken.speaker, spoken.speaker_least) == (0.9, SPEAKER_LEAST)


@pytest.mark.parametrize(
    "heard",
    [
        READ.upper(),
        READ.replace(",", ""),
        READ.replace("Alba", "Albert Hall"),
        READ.replace("Alba", ""),
        READ.replace("candle", "candles"),
        READ.replace("candle", "handle bar"),
        READ.replace("I agree", "Well, um, I agree"),
    ],
)
def test_small_slips_of_the_tongue_or_ear_pass(heard):
    assert judge(heard).words >= WORDS_LEAST


@pytest.mark.parametrize(
    ("heard", "reason"),
    [
        ("", "No words could be heard"),
        ("...", "No words could be heard"),
        (f"{START}The words are apple, stone, table, garden.", "4 random words .* 0 could"),
        (f"{START}The words are river, lemon, table, garden.", "4 random words .* 2 could"),
        (f"{START}The words are window, candle, lemon, river.", "4 random words .* 1 could"),
        (START, "4 random words .* 0 could"),
        (f"{'And so on it went. ' * 9}{READ}", "more in the recording than the sentence"),
        ("river lemon candle window", "before its random words 0%"),
        (READ.replace("Today is November 23rd, 2026. ", ""), "with the date"),
        (READ.replace("I agree that my voice is cloned under the name", ""), "at least 75%"),
    ],
)
def test_other_words_are_refused_with_what_is_missing(heard, reason):
    with pytest.raises(ConsentError, match=reason):
        judge(heard)


@pytest.mark.parametrize("speaker", [-1.0, SPEAKER_LEAST - 0.001, float("nan")])
def test_another_voice_is_refused(speaker):
    with pytest.raises(ConsentError, match="not the one in the clips"):
        judge(speaker=speaker)


def test_a_voice_that_is_just_alike_enough_passes():
    assert judge(speaker=SPEAKER_LEAST).speaker == SPEAKER_LEAST


def test_the_watermark_is_refused_even_where_words_and_voice_are_right():
    with pytest.raises(ConsentError, match="watermark of synthetic speech"):
        judge(score=THRESHOLD)


def test_a_recording_of_more_than_one_reading_is_refused():
    check_length(MOST_S)
    with pytest.raises(ConsentError, match="the limit is 40 s"):
        check_length(MOST_S + 0.1)


@pytest.mark.parametrize("speech_s", [0.0, LEAST_SPEECH_S - 0.1])
def test_a_recording_with_less_speech_than_the_sentence_takes_is_refused(speech_s):
    check_speech(LEAST_SPEECH_S)
    with pytest.raises(ConsentError, match="at least 4 s"):
        check_speech(speech_s)


def test_reciting_many_words_is_not_looked_at_without_end():
    flood = " ".join(["river"] * MOST_WORDS)
    assert match(PHRASE, f"{flood} {READ}").secret == 0.25
