# ruff: noqa: RUF001 -- phonemes look like Latin letters
"""How words sound, in the alphabet and with the rules that Kokoro was trained on."""

import logging
import random

import pytest

from rtvc_bridge.errors import TextRejectedError
from rtvc_bridge.text import KOKORO_SYMBOLS, MAX_SYMBOLS, clauses, clean, phonemes


def said(text):
    return phonemes(text).symbols


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("Hello there.", "həlˈO ðˈɛɹ."),
        ("hello", "həlˈO"),
        ("How are you?", "hˌW ɑɹ ju?"),
        ("cats dogs boxes", "kˈæts dˈɔɡz bˈɑksᵻz"),
        ("wanted stopped loved", "wˈɑntᵻd stˈɑpt lˈʌvd"),
        ("It's Alice's dog.", "ˌɪts ˈælɪsᵻz dˈɔɡ."),
        ("(so) he said: “no”; then — silence…", "(sˌO) hi sˈɛd: “nˈO”; ðˈɛn — sˈIləns…"),
    ],
)
def test_words_sound_as_in_the_dictionary_and_marks_are_kept(text, symbols):
    assert said(text) == symbols


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("the apple", "ði "),
        ("the pear", "ðə "),
        ("a pear", "ɐ "),
        ("to eat", "tʊ "),
        ("to go", "tə "),
        ("I used to smoke", "jˈust"),
        ("I used a hammer", "jˈuzd"),
    ],
)
def test_weak_words_follow_their_neighbours(text, heard):
    assert heard in said(text)


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("I read it yesterday.", "ɹˈɛd"),
        ("I will read it.", "ɹˈid"),
        ("They live here.", "lˈɪv"),
        ("a live show", "lˈIv"),
        ("the wind is strong", "wˈɪnd"),
        ("please record it", "ɹəkˈɔɹd"),
        ("the world record", "ɹˈɛkəɹd"),
        ("close the door", "klˈOz"),
        ("stay close to me", "klˈOs"),
        ("a tear in her eye", "tˈɪɹ"),
    ],
)
def test_words_of_two_readings_follow_their_part_of_speech(text, heard):
    assert heard in said(text)


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("sooo", "so"),
        ("yesss", "yes"),
        ("nooo", "no"),
        ("pleeease", "please"),
        ("cooool", "cool"),
        ("looove", "love"),
        ("heyyy", "hey"),
    ],
)
def test_a_stretched_word_sounds_like_the_word(text, like):
    assert said(text) == said(like)


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("O.B.S", "ˌObˌiˈɛs"),
        ("A.P.I.", "ˌApˌiˈI."),
        ("wb", "dˌʌbᵊljubˈi"),
        ("x", "ˈɛks"),
        ("shh", "ʃʃ"),
    ],
)
def test_what_has_no_reading_is_spelled(text, symbols):
    assert said(text) == symbols


def test_an_unknown_word_is_read_by_its_letters():
    assert said("zorblax") == "zˈɔɹblæks"


def test_characters_that_cannot_be_said_are_counted():
    assert phonemes("hi 😀 ⸎ there").unknown == 2


def test_the_count_is_logged_and_the_words_are_not(caplog):
    with caplog.at_level(logging.DEBUG, logger="rtvc_bridge"):
        phonemes("secret 😀")
        clauses("secret 😀")
    assert "1 characters" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("text", ["", "😀", "?!", "—", "שלום"])
def test_a_clause_without_words_is_refused(text):
    with pytest.raises(TextRejectedError):
        phonemes(text)


def test_too_long_a_clause_is_refused_with_the_limit():
    with pytest.raises(TextRejectedError, match="the limit is 508"):
        phonemes("W.W.W " * 40)


def test_clauses_always_fit_however_long_their_letters_sound():
    found = clauses("WWW. " * 100, max_chars=500)
    assert all(len(said(clause.text)) <= MAX_SYMBOLS for clause in found)


POOL = (
    *"abcdefghijklmnopqrstuvwxyzABCIVX0123456789",
    *" \n\t.,;:!?-—…\"'()[]{}<>@#$%^&*_+=|\\/~`£€°",
    *"½²ﬃ™①٣Ⅷ㎏éßñøµΩπ√∞→😀\u202e\u200d\ud800\x00\x07\ufe0f\u0301",
    *"שאл你한ค",
    *[" Dr. ", " U.S. ", " $5 ", " 3:30pm ", " 22/11/2026 ", " www.a.com ", " a@b.co ", " VIII "],
    *[" 1/2 ", " -5 ", " lol ", " it's "],
)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_passes_the_door_can_be_said(seed):
    dice = random.Random(seed)
    for _ in range(40):
        line = "".join(dice.choices(POOL, k=dice.choice([1, 3, 10, 40, 200])))
        try:
            cleaned = clean(line, max_chars=500)
        except TextRejectedError:
            assert clauses(line[:500]) == [] or len(line) > 500
            continue
        found = [phonemes(clause.text) for clause in clauses(cleaned)]
        assert found
        assert all(0 < len(one.symbols) <= MAX_SYMBOLS for one in found)
        assert set("".join(one.symbols for one in found)) <= set(KOKORO_SYMBOLS)
