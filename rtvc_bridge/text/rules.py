"""One rule of normalisation: a pattern, and the words it is read as."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Match = re.Match[str]
AMOUNT = r"(?:\d{1,3}(?:,\d{3})+|\d+)?(?:(?<=\d)\.\d+|(?<!\d)\.\d+)?(?<=\d)"


@dataclass(frozen=True, slots=True)
class Rule:
    """Reads every match of `pattern` as what `say` returns for it."""

    pattern: re.Pattern[str]
    say: Callable[[Match], str]

    def apply(self, text: str) -> str:
        """Return `text` with this rule's matches read."""
        return self.pattern.sub(self.say, text)


def rule(pattern: str, say: str | Callable[[Match], str], *, any_case: bool = False) -> Rule:
    r"""Return a rule; a string `say` is a template such as r"\\1 to \\2"."""
    compiled = re.compile(pattern, re.IGNORECASE if any_case else 0)
    if not isinstance(say, str):
        return Rule(compiled, say)
    template = say
    return Rule(compiled, lambda match: match.expand(template))


def either(words: Iterable[str]) -> str:
    """Return a pattern for any of `words`, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def pairs(table: str) -> dict[str, str]:
    """Return a table written "typed: spoken; typed: spoken" as a mapping."""
    rows = (row.split(":", 1) for row in table.split(";"))
    return {typed.strip(): " ".join(said.split()) for typed, said in rows}


def names(table: str) -> tuple[str, ...]:
    """Return the words of a table written with blanks between them."""
    return tuple(table.split())
