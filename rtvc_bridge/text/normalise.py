"""Written English as spoken words: "Dr. Li owes $5" to "Doctor Li owes five dollars"."""

import re
from itertools import chain

from rtvc_bridge.text import dates, figures, measures, money, web, words
from rtvc_bridge.text.characters import Plain, plain
from rtvc_bridge.text.rules import Rule, rule

_LOOSE: tuple[Rule, ...] = (
    rule(r"&", " and "),
    rule(r"(?<=[A-Za-z])/(?=[A-Za-z])", " slash "),
    rule(r"%", " percent "),
    rule(r"°", " degrees "),
    rule(r"#", " "),
    rule(r"(?<=\w)\+(?=\s|$)|(?<=\s)\+(?=\s)", " plus "),
    rule(r"(?<=\s)@(?=\s)", "at"),
    rule(r"(?<=\w)=(?=\w)", " equals "),
    rule(r"\|\|", ""),
    rule(r"\|", ", "),
    rule(r"[\[{]", "("),
    rule(r"[\]}]", ")"),
    rule(r"μ", " micro "),
    rule(r"Ω", " ohms "),
    rule(r"[^A-Za-z\s;:,.!?—…\"()“”'-]", " "),
)
_TIDY: tuple[Rule, ...] = (
    rule(r"([A-Za-z])\1{2,}", r"\1\1\1"),
    rule(r"(?<![\w'])'(?!(?:cause|til|tis|twas|em)\b)([^'\n]*[^\s'])'(?!\w)", r"“\1”"),
    rule(
        r"(?<![A-Za-z])'(?!(?:s|t|m|d|re|ve|ll|em|cause|til|twas|tis)\b)|'(?![A-Za-z])(?<!s')", ""
    ),
    rule(r'"([^"\n]*\w[^"\n]*)"', r"“\1”"),
    rule(r'"', ""),
    rule(r"[.…]{2,}", "…"),
    rule(r"(?<!\w)-+(?!\w)|--+|(?<=\s)-(?=\w)|(?<=\w)-(?=\s)", " — "),
    rule(r"(?<=\w)-(?=\W|$)|(?<=\W)-(?=\w)", " "),
    rule(r"[!?]*\?[!?]*", "?"),
    rule(r"!+", "!"),
    rule(r"([;:,—])(?:\s*[;:,—])+", r"\1"),
    rule(r"\(\s*\)|[\"()“”](?:\s*[\"()“”]){2,}", " "),
    rule(r"\s+([;:,.!?…)])", r"\1"),
    rule(r"([,;:—])\s*([.!?…])", r"\2"),
    rule(r"([.!?…])[,;:.…]+", r"\1"),
    rule(r"(?<=[a-z]{2})([.!?])(?=[A-Z][a-z])", r"\1 "),
    rule(r"(?<=[A-Za-z])([,;:!?…])(?=[A-Za-z])", r"\1 "),
    rule(r"(?<=[a-z]{2})\.(?=[a-z]{2})", ". "),
    rule(r"\(\s+", "("),
    rule(r"^[\s;:,.!?—…)-]+", ""),
    rule(r"[\s,;:—(-]+$", ""),
    rule(r"[^\S\n]*\n\s*", "\n"),
    rule(r"[^\S\n]+", " "),
    rule(r"(?<![.!?…])\n", ".\n"),
)
_WORD = re.compile(r"[A-Za-z]{2,}")


def spoken(line: str) -> Plain:
    """Return `line` as words of ASCII letters and the punctuation Kokoro reads.

    The answer has no digits and no symbols, and keeps line breaks. It is empty when nothing in
    `line` can be said.
    """
    found = plain(line)
    text = _calm(found.text)
    rules = chain(
        web.RULES,
        words.EARLY,
        figures.PHONES,
        dates.RULES,
        money.RULES,
        measures.RULES,
        figures.RULES,
        words.LATE,
        _LOOSE,
        _TIDY,
    )
    for one in rules:
        text = one.apply(text)
    text = text.strip()
    return Plain(text if re.search(r"[A-Za-z]", text) else "", found.unknown)


def _calm(text: str) -> str:
    """Return shouted words in small letters, so that they are read and not spelled out.

    A line that is nearly all capitals is shouting; in any other, only words of five letters
    or more are, for shorter ones may be initials.
    """
    long_words = _WORD.findall(text)
    shouted = sum(word.isupper() for word in long_words)
    loud = shouted >= 2 and shouted >= 0.7 * len(long_words)
    least = 2 if loud else 5

    def lower(match: re.Match[str]) -> str:
        word = match[0]
        keep = len(word) < least or not set(word) & set("AEIOUY") or word in words.KEEP_CAPITALS
        return word if keep else word.lower()

    return re.sub(r"(?<![\w.])[A-Z]{2,}(?![\w.]*\w)", lower, text)
