"""How other figures are read: phones, versions, ranges, fractions, ordinals, plain numbers."""

from rtvc_bridge.text.number_words import cardinal, code, digits, fraction, ordinal, quantity, year
from rtvc_bridge.text.rules import AMOUNT, Match, Rule, rule
from rtvc_bridge.text.web import letters

_VOWELS = frozenset("aeiouyAEIOUY")
_SLASHED = {"24/7": "twenty four seven", "9/11": "nine eleven", "50/50": "fifty fifty"}


def _phone(match: Match) -> str:
    """Read each group of digits one by one, with a short rest between groups."""
    groups = "".join(char if char.isdigit() else " " for char in match[0]).split()
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(digits(group) for group in groups)


def _version(match: Match) -> str:
    parts = match["parts"].split(".")
    dot = "dot" if len(parts) > 3 else "point"
    said = [digits(part) if len(part) > 2 else quantity(part) for part in parts]
    return f"{'version ' if match['v'] else ''}{f' {dot} '.join(said)}"


def _mixed_fraction(match: Match) -> str:
    top, bottom = int(match[2]), int(match[3])
    part = fraction(top, bottom)
    if top == 1:
        part = f"{'an' if bottom in (8, 11, 18) else 'a'} {part.removeprefix('one ')}"
    return f"{quantity(match[1])} and {part}"


def _slashed(match: Match) -> str:
    top, bottom = int(match[1]), int(match[2])
    if match[0] in _SLASHED:
        return _SLASHED[match[0]]
    if bottom in (10, 100) and top <= bottom:
        return f"{cardinal(top)} out of {cardinal(bottom)}"
    if top < bottom <= 20 or (top < bottom and bottom in (32, 64)):
        return fraction(top, bottom)
    return f"{quantity(match[1])} slash {quantity(match[2])}"


def _letters_with_number(match: Match) -> str:
    """Read "MP3" as letters and a number, "covid19" as a word and a number."""
    return f"{_word_or_letters(match[1])} {code(match[2])} "


def _number_with_letters(match: Match) -> str:
    return f"{code(match[1])} {_word_or_letters(match[2])}"


def _word_or_letters(text: str) -> str:
    as_letters = len(text) == 1 or (text.isupper() and len(text) < 4) or not _VOWELS & set(text)
    return letters(text) if as_letters else text


def _by(match: Match) -> str:
    return f"{code(match[1])} by {code(match[2])}"


def _plain(match: Match) -> str:
    text = match["amount"]
    minus = "minus " if match["minus"] else ""
    if len(text) == 4 and text.isdigit() and (1100 <= int(text) < 2100) and not minus:
        return year(int(text))
    return f"{minus}{quantity(text)}"


PHONES: tuple[Rule, ...] = (
    rule(
        r"\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]\d{2,5}){1,4}\b|\+\d{7,15}\b", _phone
    ),
    rule(r"(?<![\w.-])(?:1-)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}\b(?![.-]\d)", _phone),
    rule(r"(?<![\w.-])\d{3}-\d{4}\b(?!-)", _phone),
    rule(r"(?<![\w.-])0\d{2,4}[ -]\d{3,4}[ -]?\d{3,4}\b", _phone),
)
RULES: tuple[Rule, ...] = (
    rule(r"(?<![\w.])(?P<v>[vV](?=\d))?(?P<parts>\d+(?:\.\d+){2,})(?![\w])", _version),
    rule(r"(?<![\w.])(?P<v>[vV])(?P<parts>\d+(?:\.\d+)?)(?![\w])", _version),
    rule(r"\b(\d+)\s?x\s?(\d+)(?=p?\b)", _by),
    rule(r"\b(\d+) (\d{1,2})/([2-9]|1[0-9]|32|64)\b(?!/)", _mixed_fraction),
    rule(r"(?<![\w./])(\d{1,3})/(\d{1,3})(?![\w/])", _slashed),
    rule(rf"(?<![\w.,-])({AMOUNT})\s?[-—]\s?({AMOUNT})(?![\w-])", r"\1 to \2"),
    rule(r"\b(\d{1,15})(?:st|nd|rd|th)\b", lambda match: ordinal(int(match[1])), any_case=True),
    rule(
        r"\b(\d{1,3}(?:,\d{3})+)(?:st|nd|rd|th)\b",
        lambda match: ordinal(int(match[1].replace(",", ""))),
    ),
    rule(r"\b([A-Za-z]+)-?(\d+)(?![\d.,]*\d)", _letters_with_number),
    rule(r"(?<![\w.,])(\d+)-?([A-Za-z]+)\b(?!')", _number_with_letters),
    rule(rf"(?P<minus>(?<![\w)])-)?(?<![.,\w])(?P<amount>{AMOUNT})(?![\w])", _plain),
    rule(r"\d+", lambda match: f" {code(match[0])} "),
)
