"""A line as the phrases in which it is heard, in the words in which it was typed."""

import difflib
import re
from collections.abc import Iterator

from rtvc_bridge import text as front_end

CEA608_CHARS = 32
"""Of one row of closed captions."""


def phrases(text: str) -> list[str]:
    """Return one piece of `text` for each of its spoken clauses, together all of its words.

    Clauses are in spoken words ("twenty three dollars"), captions in written ones ("$23"); where
    a clause ends inside a written word, that word stays whole, in the earlier phrase.
    """
    clauses = [clause.text.split() for clause in front_end.clauses(text)]
    written = text.split()
    spoken = [word for clause in clauses for word in clause]
    places = _places(spoken, written)
    found, start, count = [], 0, 0
    for clause in clauses:
        count += len(clause)
        end = len(written) if count == len(spoken) else max(start, places[count])
        found.append(" ".join(written[start:end]))
        start = end
    return found


def rows(phrase: str) -> Iterator[str]:
    """Yield `phrase` in rows of at most CEA608_CHARS, cut between words where that can be."""
    row = ""
    for word in phrase.split():
        for piece in re.findall(f".{{1,{CEA608_CHARS}}}", word):
            if row and len(row) + 1 + len(piece) > CEA608_CHARS:
                yield row
                row = ""
            row = f"{row} {piece}".strip()
    if row:
        yield row


def _places(spoken: list[str], written: list[str]) -> list[int]:
    """Return for each boundary of spoken words where it is in the written ones.

    Words that are the same anchor it; between two anchors the boundary is after the share of
    written words that corresponds to that of the spoken ones, rounded up.
    """
    matcher = difflib.SequenceMatcher(
        None, [_bare(word) for word in spoken], [_bare(word) for word in written], autojunk=False
    )
    places = list(range(len(spoken) + 1))
    for _, from_a, to_a, from_b, to_b in matcher.get_opcodes():
        for at in range(from_a, to_a):
            done, of = at - from_a, to_a - from_a
            places[at] = from_b + -(-done * (to_b - from_b) // of)
    places[-1] = len(written)
    return places


def _bare(word: str) -> str:
    return re.sub(r"\W", "", word).lower()
