"""Spoken text cut into clauses: the first one short, so that sound starts soon, later ones long."""

import itertools
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rtvc_bridge.text.g2p import fits
from rtvc_bridge.text.normalise import spoken
from rtvc_bridge.text.rules import names

_PAUSES_S = {
    "\n": 0.5,
    "…": 0.4,
    **dict.fromkeys(".!?", 0.3),
    **dict.fromkeys(";:—", 0.2),
    **dict.fromkeys(",)", 0.12),
}
_GROWTH = 2.0  # each clause may be this much longer than the last, so that its making keeps up
_LAST_STRETCH = 1.3  # what is left goes along if it is longer than allowed by this much only
_LEAST_PART = 0.4  # of what is allowed is used, or the pieces would be too many
_FIRST_CHARS = (16, 27)  # 1.0 to 1.8 s of speech: covers the making of the next, is soon made
_ROOMY_CHARS = 100  # no text this short has more than MAX_SYMBOLS phonemes
_LONGEST_WORD = 50  # longer ones are not words, and could have too many phonemes
_ORPHAN_WORDS = 2
_CLOSERS = "\"”')"
# A break before one of these is a good one, and before one of the second kind a fair one.
_JOINING = frozenset(
    names(
        """
        and but or nor so yet because that which who whom whose when while where if unless
        although though since until as than whether before after
        """
    )
)
_LINKING = frozenset(
    names(
        """
        to in on at for with from by about into over under through between during without is
        are was were will would can could should has have had
        """
    )
)
# A break after one of these leaves it hanging: they lean on the next word.
_LEANING = frozenset(
    names(
        """
        a an the my your his her its our their this these those some any no every each
        very so too and but or nor because if that which who when while than as to of in
        on at for with from by about into over under through between is are was were am be
        been will would can could should has have had do does did not i you he she we they
        it mister missus miz doctor saint point minus plus don't doesn't didn't can't
        won't i'm you're he's she's we're they're it's i'll i've i'd let's dot slash hashtag
        """
    )
)
# A break before one of these tears it off: it leans on the word before.
_TRAILING = frozenset({"of", "dot", "percent", "hundred", "o'clock"})
_COUNTED = frozenset(
    names(
        """
        number version chapter part page at plus minus january february march april may june july
        august september october november december
        """
    )
)
_NUMBER_WORD = re.compile(
    r"(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundred|thousand"
    r"|million|billion|trillion|point|oh|\w+teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty)\b",
    re.IGNORECASE,
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Clause:
    """One piece of an utterance, made into sound in one go.

    Attributes:
        text: Words and punctuation, no digits or symbols, for `phonemes`.
        pause_s: Silence that follows naturally; 0 when cut within a phrase, or at the end.
    """

    text: str
    pause_s: float


def clauses(line: str, *, max_chars: int = 120, first_max_words: int = 5) -> list[Clause]:
    """Return `line`'s words in clauses, of which `phonemes` takes each; [] if it has no words.

    The first has `first_max_words` words at most (one more where that ends a phrase), and each
    later one about twice the characters of the one before at most, within `max_chars`: while one
    is heard, the next is made.
    """
    found = spoken(line)
    if found.unknown:
        _log.debug("%d characters of a line could not be said", found.unknown)
    pieces = list(_fitting(_cut(_words(found.text), max_chars, first_max_words)))
    last = [Clause(text, 0.0) for text, _ in pieces[-1:]]
    return [Clause(text, pause_s) for text, pause_s in pieces[:-1]] + last


def _words(text: str) -> list[str]:
    """Return the words with the marks and the line break after them; each has a letter."""
    words: list[str] = []
    for word in re.findall(r"\S+\n?", text):
        for piece in (word[at : at + _LONGEST_WORD] for at in range(0, len(word), _LONGEST_WORD)):
            if words and not any(char.isalpha() for char in piece):
                words[-1] = f"{words[-1].rstrip(chr(10))} {piece}"
            else:
                words.append(piece)
    return words


def _cut(words: list[str], max_chars: int, first_max_words: int) -> Iterator[list[str]]:
    count = _first_count(words, first_max_words, max_chars)
    while words:
        yield words[:count]
        budget = max(_length(words[:count]), _FIRST_CHARS[1]) * _GROWTH
        words = words[count:]
        if _length(words) <= min(max_chars, budget * _LAST_STRETCH):
            count = len(words)
        else:
            count = _count_within(words, min(max_chars, budget))


def _length(words: list[str]) -> int:
    return sum(map(len, words)) + len(words) - 1


def _first_count(words: list[str], most: int, max_chars: int) -> int:
    """Return how many words make the first clause."""
    if len(words) <= most + 1 and _length(words) <= max_chars:
        return len(words)
    counts = [
        count
        for count in range(1, min(most + 1, len(words) - 1) + 1)
        if (count <= most or _pause_s(words[most])) and _length(words[:count]) <= max_chars
    ] or [1]
    return max(counts, key=lambda count: _merit(words, count) - _misfit(words[:count]))


def _misfit(words: list[str]) -> float:
    """Return a penalty for a first clause outside _FIRST_CHARS."""
    least, most = _FIRST_CHARS
    return 0.7 * max(0, least - _length(words)) + 0.2 * max(0, _length(words) - most)


def _count_within(words: list[str], budget: float) -> int:
    """Return how many words come before the best break in the later part of `budget`."""
    lengths = enumerate(itertools.accumulate(len(word) + 1 for word in words), 1)
    fitting = [(count, length) for count, length in lengths if length <= budget + 1]
    counts = [count for count, length in fitting if length > budget * _LEAST_PART] or [1]
    return max(counts, key=lambda count: (_merit(words, count), count))


def _merit(words: list[str], count: int) -> float:
    """Return how good a break after `count` words is; below 0 is a bad one."""
    word, following = words[count - 1], words[count]
    merit = _mark_merit(word)
    if merit:
        return merit - 8 * _leaves_orphan(words, count)
    last, first = word.strip(_CLOSERS).lower(), following.strip(_CLOSERS).lower()
    merit = 3.0 * (first in _JOINING) + 2.0 * (first in _LINKING)
    after = words[count + 1].lower() if first == "and" and count + 1 < len(words) else first
    in_number = _is_number(after) and (first == "and" or _counts(last))
    if last in _LEANING or first in _TRAILING or in_number:
        merit -= 6
    elif _is_number(last) and first not in _JOINING:
        merit -= 3  # what it counts comes next
    return merit - 8 * _leaves_orphan(words, count)


def _is_number(word: str) -> bool:
    return _NUMBER_WORD.match(word) is not None


def _counts(word: str) -> bool:
    """Whether a number after `word` belongs to it: "twenty | five", "chapter | two"."""
    return _is_number(word) or word in _COUNTED


def _mark_merit(word: str) -> float:
    """Return how good a break the mark at the end of `word` makes; 0 without one."""
    pause_s = _pause_s(word)
    return 4 + 10 * pause_s if pause_s else 0.0


def _leaves_orphan(words: list[str], count: int) -> bool:
    """Whether the sentence goes on, but for only a word or two."""
    if _pause_s(words[count - 1]) >= _PAUSES_S["."]:
        return False
    rest = words[count : count + _ORPHAN_WORDS]
    return len(words) - count <= _ORPHAN_WORDS or any(
        _pause_s(word) >= _PAUSES_S["."] for word in rest
    )


def _pause_s(word: str) -> float:
    if word.endswith("\n"):
        return _PAUSES_S["\n"]
    return _PAUSES_S.get(word.rstrip(_CLOSERS)[-1:], _PAUSES_S.get(word[-1:], 0.0))


def _fitting(groups: Iterator[list[str]]) -> Iterator[tuple[str, float]]:
    """Yield each group's text and pause, in halves where it has too many phonemes."""
    for words in groups:
        text = " ".join(word.strip() for word in words)
        halves = [words[: len(words) // 2], words[len(words) // 2 :]]
        if len(text) <= _ROOMY_CHARS or len(words) == 1 or fits(text):
            yield text, _pause_s(words[-1])
        else:
            yield from _fitting(iter(halves))
