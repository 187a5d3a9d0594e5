"""The sentence to read: new each time, of words that can be said and heard."""

from datetime import date

import pytest

from rtvc_bridge.errors import ConsentError
from rtvc_bridge.safety.phrase import LANGUAGES, Phrase, drawn, word_list

pytestmark = pytest.mark.trust

DAY = date(2026, 11, 23)


def test_a_sentence_says_the_name_the_day_and_the_words():
    phrase = Phrase("Alba", DAY, ("river", "lemon", "candle", "window"))
    assert phrase.sentence == (
        "I agree that my voice is cloned, under the name Alba. "
        "Today is November twenty third, twenty twenty six. "
        "The words are: river, lemon, candle, window."
    )


def test_the_name_is_no_part_of_what_must_be_heard():
    phrase = Phrase("Xq99 of the Void", DAY, ("river", "lemon", "candle", "window"))
    assert "void" not in phrase.known
    assert "twenty" in phrase.known
    assert phrase.secret == ["river", "lemon", "candle", "window"]


@pytest.mark.parametrize("name", ["{words}", "{0}", "a. The words are: one, two"])
def test_a_name_cannot_change_what_must_be_heard(name):
    words = ("river", "lemon", "candle", "window")
    assert Phrase(name, DAY, words).known == Phrase("Alba", DAY, words).known
    assert name in Phrase(name, DAY, words).sentence


@pytest.mark.parametrize(
    "written",
    [
        "Today is November 23rd, 2026.",
        "today is November 23, 2026",
        "Today is November twenty-third, twenty twenty-six!",
        "TODAY IS NOVEMBER TWENTY THIRD TWENTY TWENTY SIX",
    ],
)
def test_a_date_counts_however_it_is_written(written):
    spelled = LANGUAGES["en"].spelled(written)
    assert spelled == ["today", "is", "november", "twenty", "third", "twenty", "twenty", "six"]


def test_two_sentences_share_no_words_but_by_rare_chance():
    sentences = [drawn("Alba", DAY) for _ in range(50)]
    assert len({phrase.words for phrase in sentences}) == 50
    assert all(len(set(phrase.words)) == 4 for phrase in sentences)


def test_a_language_without_words_is_refused_with_those_there_are():
    with pytest.raises(ConsentError, match=r"'tlh'.*there is: en"):
        drawn("Alba", DAY, "tlh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_list_is_large_and_each_word_is_one_word(language):
    words = word_list(language)
    assert len(words) >= 1000
    assert len(set(words)) == len(words)
    assert all(LANGUAGES[language].spelled(word) == [word] for word in words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_takes_the_recogniser_as_it_is_shown(language):
    phrase = Phrase("Alba", DAY, word_list(language)[:4], language)
    spelled = phrase.spelled(phrase.sentence)
    assert [word for word in spelled if word != "alba"] == [*phrase.known, *phrase.secret]
