"""Where an utterance is cut, and how long it rests there."""

from itertools import pairwise

import pytest

from rtvc_bridge.text import clauses


def texts(line, **options):
    return [clause.text for clause in clauses(line, **options)]


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("Hello.", "Hello."),
        ("Hi. How are you?", "Hi. How are you?"),
        ("Hello there everyone, I'm back.", "Hello there everyone, I'm back."),
        ("Hello there everyone, I'm back from my holiday.", "Hello there everyone,"),
        ("The quick brown fox jumps over the lazy dog.", "The quick brown fox jumps"),
        ("I was thinking that maybe we could go out.", "I was thinking"),
        ("It was the best of times, it was the worst of times.", "It was the best of times,"),
        ("My phone number is 555-123-4567, please call.", "My phone number"),
        ("hello - how are you doing today my friend", "hello — how are you doing"),
        ("She bought twenty five chairs for the office.", "She bought twenty five chairs"),
    ],
)
def test_the_first_clause_is_short_and_ends_where_a_breath_fits(line, first):
    assert texts(line)[0] == first


@pytest.mark.parametrize(
    "line",
    [
        "Yesterday was wonderful.",
        "Dr. Smith said so.",
        "See you at 3.30 p.m.",
        "Pi is 3.14.",
        "Well... yes.",
    ],
)
def test_a_short_sentence_stays_whole(line):
    assert len(texts(line)) == 1


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("We waited for ages and then it cost us $3.50 in all.", "three dollars and fifty cents"),
        ("Then all of us went to see www.example.com together.", "example dot com"),
        ("Yesterday evening we met Dr. Smith in the U.S. again.", "Doctor Smith"),
        ("It may well be that the number is 1,234 or so.", "one thousand two hundred"),
    ],
)
def test_no_cut_falls_inside_what_belongs_together(line, whole):
    assert any(whole in text for text in texts(line))


LONG = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, "
    "it was the age of foolishness, it was the epoch of belief, it was the epoch of incredulity, "
    "it was the season of Light, it was the season of Darkness, it was the spring of hope, "
    "it was the winter of despair."
)


def test_every_word_is_kept_in_order():
    assert " ".join(texts(LONG)).split() == LONG.split()


def test_later_clauses_grow_but_never_by_much_more_than_double():
    lengths = [len(text) for text in texts(LONG)]
    assert all(later <= 2.6 * max(27, before) for before, later in pairwise(lengths))
    assert max(lengths[2:]) > 2 * lengths[0]


@pytest.mark.parametrize("max_chars", [40, 80, 200])
def test_no_clause_is_longer_than_asked(max_chars):
    assert max(map(len, texts(LONG * 3, max_chars=max_chars))) <= max_chars


def test_fewer_first_words_can_be_asked_for():
    assert len(texts("We could all go to the sea and swim.", first_max_words=3)[0].split()) <= 3


def test_the_rest_after_a_clause_follows_its_last_mark():
    found = clauses(
        "Hello there my old friend, how have you been all these long years? "
        "Oh well; let us all go in now, as it is late and cold out here."
    )
    rests_s = {clause.text[-1]: clause.pause_s for clause in found[:-1]}
    assert rests_s[","] < rests_s["?"]
    assert found[-1].pause_s == 0


def test_a_cut_within_a_phrase_has_no_rest():
    first, _ = clauses("The quick brown fox jumps over the lazy dog.")
    assert first.pause_s == 0


def test_a_line_break_rests_longest():
    first, *_ = clauses("This is the title\nand this is the rest of what there is to say.")
    assert (first.text, first.pause_s) == ("This is the title.", 0.5)


@pytest.mark.parametrize("line", ["", "😀", "?!", "שלום"])
def test_a_line_without_words_has_no_clauses(line):
    assert clauses(line) == []


def test_words_too_long_to_be_words_are_cut_too():
    assert max(map(len, texts("x" * 499, max_chars=200))) <= 200
