"""The door: what a person typed, made fit to be spoken, or refused with a reason."""

import re
import unicodedata

from rtvc_bridge.errors import TextRejectedError
from rtvc_bridge.text.normalise import spoken

_LETTERS_OR_DIGITS = frozenset("LN")
_FOLDING_ROOM = 20  # a line this many times too long is refused before its whitespace is folded


def clean(line: str, *, max_chars: int) -> str:
    """Return `line` as it will be spoken: whitespace folded, invisible characters removed.

    Runs of blanks become one space, and runs with a line break in them one line break.

    Raises:
        TextRejectedError: If nothing in it can be said, or it is longer than `max_chars`.
    """
    if len(line) > max_chars * _FOLDING_ROOM:
        raise _too_long(len(line), max_chars)
    kept = unicodedata.normalize("NFC", "".join(map(_visible, line)))
    folded = re.sub(r"\s*\n\s*", "\n", re.sub(r"[^\S\n]+", " ", kept)).strip()
    if len(folded) > max_chars:
        raise _too_long(len(folded), max_chars)
    if not spoken(folded).text:
        raise TextRejectedError(_nothing_to_say(folded))
    return folded


def _visible(char: str) -> str:
    """Return `char`, or what stands in for one that nobody sees."""
    if char in "\n\v\f\r\x85\u2028\u2029":
        return "\n"
    if char.isspace():
        return " "
    # Cc control, Cf format (bidi marks, joiners), Cs lone surrogate, Co private, Cn unassigned.
    return "" if unicodedata.category(char)[0] == "C" else char


def _too_long(length: int, max_chars: int) -> TextRejectedError:
    return TextRejectedError(f"That is {length:,} characters; the limit is {max_chars:,}.")


def _nothing_to_say(text: str) -> str:
    if any(unicodedata.category(char)[0] in _LETTERS_OR_DIGITS for char in text):
        return "This voice reads English only; there is nothing in that it can read."
    return "There is nothing to say in that; write at least one word."
