"""What is written in captions: the words as typed, in the phrases that are heard."""

import pytest
from rtvc_obs.phrases import phrases, rows

from rtvc_bridge.text import clauses

PAID = "I paid $23.50 on 3/4/2024 at 10:15, and Dr. Smith (of NASA) said it's 50% too much!"


@pytest.mark.parametrize(
    "text",
    [
        "Hello there",
        "One. Two.",
        PAID,
        "12345 67890 1234567890123456789 999999999999 1000000",
        "See https://example.com/a/long/way?to=go&and=on, or ask; it costs nothing at all, really.",
        "Well… “quoted words”, he said — and left! Then (after 5 min.) he came back for his hat.",
        "word " * 80,
    ],
)
def test_there_is_a_phrase_for_each_clause_and_no_word_is_lost(text):
    found = phrases(text)
    assert len(found) == len(clauses(text))
    assert " ".join(phrase for phrase in found if phrase).split() == text.split()


def test_captions_keep_figures_as_they_were_typed():
    assert phrases(PAID)[0].startswith("I paid $23.50")
    assert phrases(PAID)[-1].endswith("said it's 50% too much!")


def test_phrases_of_plain_words_end_where_their_clauses_do():
    text = "Good evening to you all. This is a second sentence, and it goes on for quite a while."
    assert phrases(text) == [clause.text for clause in clauses(text)]


def test_nothing_that_can_be_said_makes_no_phrase():
    assert phrases("!?") == []


def test_rows_fit_into_closed_captions_and_keep_every_word():
    text = f"{PAID} {'x' * 70}"
    found = list(rows(text))
    assert max(map(len, found)) <= 32
    assert "".join(found).replace(" ", "") == text.replace(" ", "")


def test_rows_break_between_words():
    assert list(rows("Good evening to you all. This is a phrase.")) == [
        "Good evening to you all. This is",
        "a phrase.",
    ]
