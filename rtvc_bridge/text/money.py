"""How sums of money are read."""

from dataclasses import dataclass

from rtvc_bridge.text.number_words import cardinal, quantity
from rtvc_bridge.text.rules import AMOUNT, Match, Rule, either, pairs, rule


@dataclass(frozen=True, slots=True)
class _Currency:
    one: str
    many: str
    cent: str
    cents: str


_DOLLAR = _Currency("dollar", "dollars", "cent", "cents")
_EURO = _Currency("euro", "euros", "cent", "cents")
_POUND = _Currency("pound", "pounds", "penny", "pence")
_YEN = _Currency("yen", "yen", "sen", "sen")
_RUPEE = _Currency("rupee", "rupees", "paisa", "paise")
_CURRENCIES = {
    "$": _DOLLAR,
    "US$": _DOLLAR,
    "USD": _DOLLAR,
    "£": _POUND,
    "GBP": _POUND,
    "€": _EURO,
    "EUR": _EURO,
    "¥": _YEN,
    "JPY": _YEN,
    "₹": _RUPEE,
    "INR": _RUPEE,
    "CHF": _Currency("Swiss franc", "Swiss francs", "rappen", "rappen"),
    "₩": _Currency("won", "won", "jeon", "jeon"),
    "₽": _Currency("ruble", "rubles", "kopek", "kopeks"),
    "C$": _Currency("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "A$": _Currency("Australian dollar", "Australian dollars", "cent", "cents"),
}
_SCALES = pairs(
    """
    k: thousand; m: million; mn: million; mm: million; b: billion; bn: billion; t: trillion;
    tn: trillion
    """
)
_PERIODS = pairs(
    """
    hr: hour; h: hour; mo: month; yr: year; y: year; wk: week; d: day; ea: each; gal: gallon;
    lb: pound; kg: kilogram
    """
)
_SYMBOL = rf"(?P<currency>{either(_CURRENCIES)})"
_SCALE = (
    r"(?:\s?(?P<scale>thousand|million|billion|trillion|[kK]|[mM][nNmM]?|[bB][nN]?|[tT][nN]?)\b)?"
)
_PER = r"(?P<per>/(?P<period>[a-z]{1,8})\b)?"


def _sum(match: Match) -> str:
    found = match.groupdict()
    spoken = _amount(found["amount"], _CURRENCIES[found["currency"]], found["scale"])
    minus = "minus " if found.get("minus") else ""
    period = found["period"]
    per = f" per {_PERIODS.get(period, period)}" if period else ""
    return f"{minus}{spoken}{per}"


def _amount(text: str, currency: _Currency, scale: str | None) -> str:
    whole, _, cents = text.replace(",", "").partition(".")
    if scale:
        return f"{quantity(text)} {_SCALES.get(scale.lower(), scale)} {currency.many}"
    if len(cents) != 2:
        return f"{quantity(text)} {currency.one if text == '1' else currency.many}"
    units, hundredths = int(whole or "0"), int(cents)
    parts = []
    if units or not hundredths:
        parts.append(f"{quantity(whole)} {currency.one if units == 1 else currency.many}")
    if hundredths:
        parts.append(
            f"{cardinal(hundredths)} {currency.cent if hundredths == 1 else currency.cents}"
        )
    return " and ".join(parts)


def _cents(match: Match) -> str:
    return f"{quantity(match['amount'])} {'cent' if match['amount'] == '1' else 'cents'}"


RULES: tuple[Rule, ...] = (
    rule(rf"(?<!\w){_SYMBOL}({AMOUNT})\s?[-—]\s?\$?(?={AMOUNT})", r"\2 to \g<currency>"),
    rule(rf"(?P<minus>(?<![\w)])-)?(?<!\w){_SYMBOL}\s?(?P<amount>{AMOUNT}){_SCALE}{_PER}", _sum),
    rule(
        rf"(?P<minus>(?<![\w)])-)?(?<![\w.,])(?P<amount>{AMOUNT}){_SCALE}\s?{_SYMBOL}(?!\w){_PER}",
        _sum,
    ),
    rule(rf"(?<![\w.,])(?P<amount>{AMOUNT})\s?¢", _cents),
)
