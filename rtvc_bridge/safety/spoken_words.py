"""How much of a sentence was heard: words compared in order, with an ear for near misses."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from rtvc_bridge.safety.phrase import Phrase

ALIKE = 0.8
"""From this share of common letters on two words count as one: "river" and "rivers"."""
MOST_WORDS = 200
"""Of what was heard that are looked at; nobody reads more within the time limit."""


@dataclass(frozen=True, slots=True)
class Match:
    """How much of a sentence was heard.

    Attributes:
        known: Share 0..1 of the words that can be known before.
        secret: Share 0..1 of the random words.
    """

    known: float
    secret: float

    @property
    def words(self) -> float:
        """The lower of the two: the one cannot make up for the other."""
        return min(self.known, self.secret)


def match(phrase: Phrase, heard: str) -> Match:
    """Return how much of `phrase` is in the text `heard`, in its order."""
    wanted = [*phrase.known, *phrase.secret]
    found = _found(wanted, phrase.spelled(heard)[:MOST_WORDS])
    split = len(phrase.known)
    return Match(_share(found[:split]), _share(found[split:]))


def _found(wanted: Sequence[str], heard: Sequence[str]) -> list[bool]:
    """Return which wanted words are in the longest common subsequence of the two."""
    longest = [[0] * (len(heard) + 1) for _ in range(len(wanted) + 1)]
    same = [[_alike(word, other) for other in heard] for word in wanted]
    for i in reversed(range(len(wanted))):
        for j in reversed(range(len(heard))):
            with_both = 1 + longest[i + 1][j + 1] if same[i][j] else 0
            longest[i][j] = max(with_both, longest[i + 1][j], longest[i][j + 1])
    found, i, j = [False] * len(wanted), 0, 0
    while i < len(wanted) and j < len(heard):
        if same[i][j] and longest[i][j] == 1 + longest[i + 1][j + 1]:
            found[i] = True
            i, j = i + 1, j + 1
        elif longest[i + 1][j] >= longest[i][j + 1]:
            i += 1
        else:
            j += 1
    return found


def _alike(word: str, other: str) -> bool:
    if word == other:
        return True
    pair = difflib.SequenceMatcher(None, word, other, autojunk=False)
    return pair.real_quick_ratio() >= ALIKE and pair.ratio() >= ALIKE


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found) if found else 0.0
