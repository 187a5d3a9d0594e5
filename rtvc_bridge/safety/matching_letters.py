"""Text as the letters a reader takes it for: accents, look-alikes and digits for letters undone."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from rtvc_bridge.voices import skeleton

_LATIN = re.compile(r"\b(?:LATIN|SYMBOL)\b.* ([A-Z])(?: WITH .*)?$")
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]")
_LEET = "013456789@$€"
_LEET_READINGS = ("oieasgtbgase", "oleasgtbgase")  # a 1 is an i or an l
_INNER_SIGNS = re.compile(r"(?<=[^\W_])[!|+](?=[^\W_])")  # at a word's end they are just signs
_INNER_LETTERS = ({"!": "i", "|": "i", "+": "t"}, {"!": "i", "|": "l", "+": "t"})
_PIECE = re.compile(r"[^\W_]+")
_APART = frozenset(" '\u2019,;:?!/\\\u2026\u2013\u2014")  # what ordinary text has between two words
_WIDEST_GAP = 3


class Gap(Enum):
    """What is between a piece and the one before it."""

    NONE = 0  # nothing that belongs together: the beginning, or too much
    WIDE = 1  # spaces and punctuation, as between two words
    NARROW = 2  # one sign that nobody writes between two words: "fu-ck", "f.u"


@dataclass(frozen=True, slots=True)
class Piece:
    """Letters and digits with nothing between them.

    Attributes:
        text: They, folded.
        key: `text` with every run of one letter as a single letter.
        gap: What is before it.
        begin: Where it begins in the text as typed.
        end: Where it ends there, what draws nothing included.
        read: Whether none of it is a digit or sign taken for a letter; None if all of it is.
    """

    text: str
    key: str
    gap: Gap
    begin: int
    end: int
    read: bool | None


@dataclass(frozen=True, slots=True)
class Letters:
    """A text and how it is read.

    Attributes:
        typed: The text, lone surrogates replaced.
        folded: Small letters without accents, look-alikes as their Latin letter; signs stay.
        at: For every character of `folded`, and for its end, where it is in `typed`.
    """

    typed: str
    folded: str
    at: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> "Letters":
        """Return how `text` is read."""
        typed = text.encode("utf-8", "replace").decode()
        kept = [(char, index) for index, each in enumerate(typed) for char in _folded(each)]
        return cls(typed, "".join(char for char, _ in kept), (*(at for _, at in kept), len(typed)))

    def span(self, begin: int, end: int) -> tuple[int, int]:
        """Return where `folded[begin:end]`, which is not empty, is in `typed`."""
        while self.at[end] == self.at[end - 1]:  # half of what one character stands for
            end += 1
        return self.at[begin], self.at[end]

    def readings(self) -> Iterator[tuple[Piece, ...]]:
        """Yield the pieces as they are, then with digits and signs as letters if there are any."""
        yield tuple(self._pieces(self.folded))
        for letters in sorted({_unleeted(self.folded, which) for which in (0, 1)} - {self.folded}):
            yield tuple(self._pieces(letters))

    def _pieces(self, letters: str) -> Iterator[Piece]:
        last_end = None
        for found in _PIECE.finditer(letters):
            begin, end = found.span()
            typed_begin, typed_end = self.span(begin, end)
            own = [char.isalpha() for char in self.folded[begin:end]]
            as_is = letters[begin:end] == self.folded[begin:end]
            yield Piece(
                text=found[0],
                key=collapsed(found[0]),
                gap=Gap.NONE if last_end is None else _gap(letters[last_end:begin]),
                begin=typed_begin,
                end=typed_end,
                read=True if as_is else (False if any(own) else None),
            )
            last_end = end


def runs(letters: str) -> tuple[int, ...]:
    """Return how long each run of one letter in `letters` is."""
    lengths: list[int] = []
    for index, letter in enumerate(letters):
        if index and letters[index - 1] == letter:
            lengths[-1] += 1
        else:
            lengths.append(1)
    return tuple(lengths)


def collapsed(letters: str) -> str:
    """Return `letters` with every run of one letter as a single letter."""
    return "".join(
        letter for index, letter in enumerate(letters) if not index or letters[index - 1] != letter
    )


def _gap(between: str) -> Gap:
    if len(between) > _WIDEST_GAP:
        return Gap.NONE
    return Gap.NARROW if len(between) == 1 and between not in _APART else Gap.WIDE


def _unleeted(folded: str, which: int) -> str:
    letters = folded.translate(str.maketrans(_LEET, _LEET_READINGS[which]))
    return _INNER_SIGNS.sub(lambda sign: _INNER_LETTERS[which][sign[0]], letters)


@lru_cache(maxsize=4096)
def _folded(char: str) -> str:
    """Return what a reader takes `char` for; "" if it draws nothing of its own."""
    if char.isascii():
        return " " if char.isspace() else char.lower()
    if char.isspace():
        return " "
    if unicodedata.category(char)[0] == "C" or _UNSEEN.match(char):
        return ""
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    return "".join(_latin(part) for part in parts if not _MARKS.match(part))


def _latin(part: str) -> str:
    if part.isascii():
        return part
    named = _LATIN.search(unicodedata.name(part, ""))
    return named[1].lower() if named else skeleton(part)
