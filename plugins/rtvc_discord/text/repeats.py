"""Emoji by name, and what is typed over and over cut short."""

import re

import emoji

_MOST = 3
_LETTER = re.compile(r"([^\W\d_])\1{3,}", re.IGNORECASE)
_SYLLABLE = re.compile(r"\b([^\W\d_]{2,4}?)\1{3,}([^\W\d_]{0,3})\b", re.IGNORECASE)
_WORD = re.compile(r"(?<!\w)(\w[\w']*)(?:[ ,]+\1(?!\w)){3,}", re.IGNORECASE)
_SIGNS = re.compile(r"([^\w\s.,!?])\1{3,}")
_MARKS = re.compile(r"([!?])[!?]*")
_PLAIN = frozenset("©®™‼⁉\u2139")
_TONE = re.compile(r"_(?:light|medium-light|medium|medium-dark|dark)_skin_tone")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")


def named_emoji(text: str) -> str:
    """Return `text` with each emoji as its name; a run of the same one is named once."""
    parts: list[str] = []
    last, end = "", 0
    for found in emoji.emoji_list(text):
        sign, start = found["emoji"], found["match_start"]
        if sign[0] in _PLAIN:
            continue
        between = text[end:start]
        if between.strip() or sign != last:
            parts.append(f"{between}, {_name(sign)}, ")
        last, end = sign, found["match_end"]
    return "".join([*parts, text[end:]])


def calmed(text: str) -> str:
    """Return `text` with letters, syllables, words, signs and marks said at most a few times.

    Figures stay: 1000000 is not 111.
    """
    text = _SYLLABLE.sub(lambda match: match[1] * _MOST + match[2], text)
    text = _LETTER.sub(lambda match: match[1] * _MOST, text)
    text = _WORD.sub(lambda match: " ".join([match[1]] * _MOST), text)
    text = _SIGNS.sub(" ", text)
    return _MARKS.sub(lambda match: "?" if "?" in match[0] else "!", text)


def _name(sign: str) -> str:
    name = _TONE.sub("", emoji.demojize(sign, delimiters=("", ""))).removeprefix("keycap_")
    words = name.replace("_", " ").replace("-", " ")
    return f"flag of {words}" if _FLAG.fullmatch(sign) else words
