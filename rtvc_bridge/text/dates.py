"""How dates and times of day are read."""

from rtvc_bridge.text.number_words import cardinal, ordinal, plural, year
from rtvc_bridge.text.rules import Match, Rule, names, pairs, rule

_MONTHS = names(
    """
    January February March April May June July August September October November December
    """
)
_MONTH = (
    r"(?P<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?"
    r"|jan(?:uary)?|feb(?:ruary)?|apr(?:il)?|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_YEAR = r"(?P<year>1\d{3}|20\d{2})\b(?![-.,]?\d)"
_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?\b"
_WEEKDAYS = pairs(
    """
    Mon: Monday; Tue: Tuesday; Tues: Tuesday; Wed: Wednesday; Thu: Thursday; Thur: Thursday;
    Thurs: Thursday; Fri: Friday; Sat: Saturday; Sun: Sunday
    """
)
_PM = r"(?P<half>[aApP])(?:\.\s?[mM]\b\.?|[mM]\b)"
_TIME = r"\d{1,2}(?:[:.]\d\d)?\s?[ap]\.?m\b|\d{1,2}:\d\d"
_MINUTE = r"(?P<minute>[0-5]\d)"


def _month_name(text: str) -> str:
    return next(name for name in _MONTHS if name.startswith(text.rstrip(".")[:3].capitalize()))


def _date(day: int, month: int, in_year: str | None) -> str | None:
    """Return "March fourth, twenty twenty six", or None when there is no such date."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    spoken = f"{_MONTHS[month - 1]} {ordinal(day)}"
    if in_year is None:
        return spoken
    full = int(in_year) if len(in_year) == 4 else 2000 + int(in_year) - 100 * (int(in_year) > 50)
    return f"{spoken}, {year(full)}"


def _year_first(match: Match) -> str:
    spoken = _date(int(match[4]), int(match[3]), match[1])
    return match[0] if spoken is None else f"{spoken} " if match[0].endswith("T") else spoken


def _american(match: Match) -> str:
    """Month first, as American text has it, unless only day first makes a date."""
    first, second = int(match[1]), int(match[2])
    return _date(second, first, match[3]) or _date(first, second, match[3]) or match[0]


def _day_first(match: Match) -> str:
    return _date(int(match[1]), int(match[2]), match[3]) or match[0]


def _month_day(match: Match) -> str:
    spoken = f"{_month_name(match['month'])} {ordinal(int(match['day']))}"
    return f"{spoken}, {year(int(match['year']))}" if match["year"] else spoken


def _day_month(match: Match) -> str:
    spoken = f"the {ordinal(int(match['day']))} of {_month_name(match['month'])}"
    return f"{spoken}, {year(int(match['year']))}" if match["year"] else spoken


def _month_year(match: Match) -> str:
    return f"{_month_name(match['month'])} {year(int(match['year']))}"


def _half(match: Match) -> str:
    """Return "A.M" or "P.M", with the full stop back when the sentence ended there."""
    ends = match[0].endswith(".") and not match.string[match.end() :].strip()
    return f"{match['half'].upper()}.M{'.' if ends else ''}"


def _minutes(minute: int) -> str:
    return (
        f" oh {cardinal(minute)}" if 0 < minute < 10 else f" {cardinal(minute)}" if minute else ""
    )


def _twelve_hour(match: Match) -> str:
    return f"{cardinal(int(match['hour']))}{_minutes(int(match['minute'] or 0))} {_half(match)}"


def _clock(match: Match) -> str:
    hour, minute, second = int(match["hour"]), int(match["minute"]), match["second"]
    spoken = f"{cardinal(hour)}{_minutes(minute)}"
    if second:
        unit = "second" if int(second) == 1 else "seconds"
        return f"{spoken} and {cardinal(int(second))} {unit}"
    if minute:
        return spoken
    return f"{spoken} hundred" if hour > 12 else f"{spoken} o'clock" if hour else "midnight"


def _decade(match: Match) -> str:
    number = int(match[1])
    return plural(year(number) if number > 99 else cardinal(number))


RULES: tuple[Rule, ...] = (
    rule(
        rf"\b({'|'.join(_WEEKDAYS)})\b\.?(?=,? (?:{_MONTH}|\d))",
        lambda match: _WEEKDAYS[match[1]],
    ),
    rule(r"(?<![\w./-])(\d{4})([-/.])(\d{2})\2(\d{2})(?:T(?=\d\d:))?(?![\w/-]|\.\d)", _year_first),
    rule(r"(?<![\w./-])(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})(?![\w/-])", _american),
    rule(r"(?<![\w./-])(\d{1,2})\.(\d{1,2})\.(\d{4})(?![\w/-])", _day_first),
    rule(rf"\b{_MONTH} {_DAY}(?![:%/]|\.\d| ?[ap]\.?m)(?:,? {_YEAR})?", _month_day),
    rule(rf"\b(?:the )?{_DAY} (?:of )?{_MONTH}(?:,? {_YEAR})?", _day_month),
    rule(rf"\b{_MONTH},? {_YEAR}", _month_year),
    rule(r"(?<![\w'])'?((?:1[1-9]|20)\d0|[2-9]0)'?s\b", _decade),
    rule(
        rf"\b(\d{{1,2}}(?:[:.]\d\d)?\s?(?:[ap]\.?m\.?)?)\s?[-—]\s?(?={_TIME})",
        r"\1 to ",
        any_case=True,
    ),
    rule(rf"\b(?P<hour>1[0-2]|0?[1-9])(?:[:.]{_MINUTE})?\s?{_PM}", _twelve_hour),
    rule(
        rf"(?<![\d:.])(?P<hour>[01]?\d|2[0-3]):{_MINUTE}(?::(?P<second>[0-5]\d))?(?![\d:])", _clock
    ),
    rule(r"\b(\d+):(\d+)\b(?!:)", r"\1 to \2"),
)
