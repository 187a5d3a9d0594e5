"""The door: what is let in, as what, and what the refused are told."""

import contextlib
import subprocess
import sys

import pytest

from rtvc_bridge.errors import TextRejectedError
from rtvc_bridge.text import clean

NOTHING = "There is nothing to say in that; write at least one word."
FOREIGN = "This voice reads English only; there is nothing in that it can read."


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("hello", "hello"),
        ("  hello \t  there  ", "hello there"),
        ("one \r\n\n  two", "one\ntwo"),
        ("one\u2029two", "one\ntwo"),
        ("he\x00llo\x07", "hello"),
        ("ab\u202ecd\u200fef", "abcdef"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("private \ue000 use", "private use"),
        ("cafe\u0301", "café"),
        ("hi 😀", "hi 😀"),
        ("5", "5"),
        ("123 שלום", "123 שלום"),
    ],
)
def test_invisible_characters_go_and_blanks_fold(typed, kept):
    assert clean(typed, max_chars=100) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "\n\t",
        "\x00\x01",
        "\u202e",
        "\ud800",
        "😀 🏳️\u200d🌈",
        "?!...",
        "--",
        ":)",
        "* _ ~",
    ],
)
def test_a_line_without_words_is_refused(typed):
    with pytest.raises(TextRejectedError) as refusal:
        clean(typed, max_chars=100)
    assert str(refusal.value) == NOTHING


@pytest.mark.parametrize("typed", ["שלום עולם", "你好", "مرحبا", "привет", "नमस्ते"])
def test_a_line_in_another_script_is_refused_with_that_reason(typed):
    with pytest.raises(TextRejectedError) as refusal:
        clean(typed, max_chars=100)
    assert str(refusal.value) == FOREIGN


@pytest.mark.parametrize(
    ("length", "limit", "message"),
    [
        (612, 500, "That is 612 characters; the limit is 500."),
        (100_000, 500, "That is 100,000 characters; the limit is 500."),
        (6, 5, "That is 6 characters; the limit is 5."),
    ],
)
def test_too_long_a_line_is_refused_with_both_lengths(length, limit, message):
    with pytest.raises(TextRejectedError) as refusal:
        clean("x" * length, max_chars=limit)
    assert str(refusal.value) == message


def test_blanks_that_fold_away_do_not_count_as_length():
    assert clean(f"a{' ' * 50}b", max_chars=5) == "a b"


def test_a_line_just_at_the_limit_passes():
    assert clean("a" * 500, max_chars=500) == "a" * 500


@pytest.mark.timeout(60)  # a bound against hanging, not a figure
def test_a_huge_line_is_refused_without_being_read():
    with pytest.raises(TextRejectedError):
        clean("word " * 2_000_000, max_chars=500)


@pytest.mark.timeout(10)  # a bound against patterns that explode, not a figure
@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "1,",
        "1.",
        "1/",
        "1-",
        "a.",
        "A",
        "I",
        "(",
        "'",
        "$1",
        "http://a",
        "a@",
        "x^",
        "-",
        "1 ",
        "1:",
    ],
)
def test_a_line_of_one_thing_over_and_over_does_not_hang(unit):
    with contextlib.suppress(TextRejectedError):
        clean((unit * 1000)[:1000], max_chars=1000)


def test_what_was_cleaned_stays_as_it_is():
    once = clean(" He\u0301llo\u200b  😀\n\n you ", max_chars=100)
    assert clean(once, max_chars=100) == once


def test_importing_the_front_end_loads_no_dictionaries():
    heavy = ("hibari", "onnxruntime", "torch")
    code = f"import sys, rtvc_bridge.text; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
