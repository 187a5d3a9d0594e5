"""Numbers as American English words, the way Kokoro's training text had them ("and" left out)."""

from rtvc_bridge.text.rules import names

_ONES = names(
    """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
    fifteen sixteen seventeen eighteen nineteen
    """
)
_TENS = names(
    """
    zero ten twenty thirty forty fifty sixty seventy eighty ninety
    """
)
_SCALES = ["", *["thousand", "million", "billion", "trillion", "quadrillion"]]
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_DENOMINATORS = {2: ("half", "halves"), 4: ("quarter", "quarters")}
MAX_CARDINAL_DIGITS = 15


def digits(text: str) -> str:
    """Return each digit of `text` as a word; anything else in it is skipped."""
    return " ".join(_ONES[int(char)] for char in text if char in "0123456789")


def cardinal(number: int) -> str:
    """Return "one thousand two hundred thirty four"; `number` has at most 18 digits."""
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number == 0:
        return _ONES[0]
    groups = []
    for scale in _SCALES:
        number, group = divmod(number, 1000)
        if group:
            groups.append(f"{_below_thousand(group)} {scale}".strip())
    return " ".join(reversed(groups))


def _below_thousand(number: int) -> str:
    words = []
    if number >= 100:
        words += [_ONES[number // 100], "hundred"]
        number %= 100
    if number >= 20:
        words.append(_TENS[number // 10])
        number %= 10
    if number:
        words.append(_ONES[number])
    return " ".join(words)


def ordinal(number: int) -> str:
    """Return "twenty second" for 22."""
    head, _, last = cardinal(number).rpartition(" ")
    if last in _ORDINALS:
        last = _ORDINALS[last]
    elif last.endswith("y"):
        last = f"{last[:-1]}ieth"
    else:
        last = f"{last}th"
    return f"{head} {last}".strip()


def year(number: int) -> str:
    """Return "nineteen oh five" for 1905; years that do not pair read as a cardinal."""
    century, rest = divmod(number, 100)
    if not 10 < century < 100 or (century % 10 == 0 and rest < 10):
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def plural(words: str) -> str:
    """Return the last word of `words` as a plural: "nineteen nineties", "tenths"."""
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return f"{words}es" if words.endswith("x") else f"{words}s"


def fraction(top: int, bottom: int) -> str:
    """Return "three quarters" for 3 and 4; `bottom` is at least 2."""
    one, many = _DENOMINATORS.get(bottom) or (ordinal(bottom), plural(ordinal(bottom)))
    return f"{cardinal(top)} {one if top == 1 else many}"


def quantity(text: str) -> str:
    """Return the words for an unsigned amount as typed: "1,234.50", ".5", "007".

    A leading zero, or more digits than a person would read as one number, is read digit by digit.
    """
    whole, point, rest = text.replace(",", "").partition(".")
    words = _whole(whole)
    if point and rest:
        words = f"{words} point {digits(rest)}".strip()
    return words


def _whole(text: str) -> str:
    if not text:
        return ""
    if len(text) > MAX_CARDINAL_DIGITS or (len(text) > 1 and text[0] == "0"):
        return digits(text)
    return cardinal(int(text))


def code(text: str) -> str:
    """Return a model number as people group it: 3080 "thirty eighty", 264 "two sixty four"."""
    if len(text) in (3, 4) and "0" not in (text[0], text[-2]) and not text.endswith("00"):
        return f"{cardinal(int(text[:-2]))} {cardinal(int(text[-2:]))}"
    if len(text) > 4:
        return digits(text)
    return _whole(text)
