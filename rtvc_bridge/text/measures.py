# ruff: noqa: RUF001 -- the signs of arithmetic look like letters and dashes
"""How measures are read: units, degrees, percentages, arithmetic."""

from rtvc_bridge.text.number_words import quantity
from rtvc_bridge.text.rules import AMOUNT, Match, Rule, either, pairs, rule

_UNITS = pairs(
    """
    km: kilometer; m: meter; cm: centimeter; mm: millimeter; nm: nanometer; μm: micrometer;
    mi: mile; yd: yard; ft: foot; kg: kilogram; g: gram; mg: milligram; μg: microgram;
    lb: pound; lbs: pound; oz: ounce; l: liter; L: liter; ml: milliliter; mL: milliliter;
    cl: centiliter; gal: gallon; ha: hectare; B: byte; KB: kilobyte; kB: kilobyte; MB: megabyte;
    GB: gigabyte; TB: terabyte; PB: petabyte; KiB: kibibyte; MiB: mebibyte; GiB: gibibyte;
    kb: kilobyte; mb: megabyte; gb: gigabyte; tb: terabyte; kbps: kilobit per second;
    Mbps: megabit per second; mbps: megabit per second; Gbps: gigabit per second;
    fps: frame per second; FPS: frame per second; Hz: hertz; hz: hertz; kHz: kilohertz;
    khz: kilohertz; MHz: megahertz; GHz: gigahertz; ghz: gigahertz; dB: decibel; db: decibel;
    V: volt; mV: millivolt; W: watt; kW: kilowatt; MW: megawatt; GW: gigawatt;
    kWh: kilowatt hour; mAh: milliamp hour; A: amp; mA: milliamp; Ω: ohm; kΩ: kilohm;
    kcal: kilocalorie; cal: calorie; J: joule; kJ: kilojoule; N: newton; Pa: pascal;
    kPa: kilopascal; psi: P.S.I; rpm: R.P.M; bpm: B.P.M; px: pixel; pt: point;
    mph: mile per hour; kph: kilometer per hour; km/h: kilometer per hour;
    kmh: kilometer per hour; m/s: meter per second; ms: millisecond; μs: microsecond;
    ns: nanosecond; s: second; sec: second; secs: second; min: minute; mins: minute; h: hour;
    hr: hour; hrs: hour; wk: week; wks: week; mo: month; yr: year; yrs: year; pts: point;
    pct: percent
    """
)
_SAME_IN_PLURAL = ("hertz", "percent", "P.S.I", "R.P.M", "B.P.M")
_IRREGULAR = {"foot": "feet"}
_POWERS = {"2": "square", "3": "cubic"}
# Units one letter long are read only when they touch the number: "5 A day" is not five amps.
_LONG = either(unit for unit in _UNITS if len(unit) > 1)
_SHORT = either(unit for unit in _UNITS if len(unit) == 1)
_UNIT = (
    rf"(?:\s?(?P<long>{_LONG})|\s(?P<loose>[gmlLWV])(?=\^|[.,;!?]?(?:\s|$))|(?P<short>{_SHORT}))"
)
_NUMBER = rf"(?P<minus>(?<![\w)])-)?(?<![\w.,$])(?P<amount>{AMOUNT})"
_SCALES = {"C": "Celsius", "F": "Fahrenheit", "K": "kelvin"}
_POWER_WORDS = {"2": "squared", "3": "cubed"}


def _minus(match: Match) -> str:
    return "minus " if match["minus"] else ""


def _many(unit: str) -> str:
    """Return the plural of "mile per hour": "miles per hour"."""
    head, per, rest = unit.partition(" per ")
    if head.endswith(_SAME_IN_PLURAL):
        return unit
    return f"{_IRREGULAR.get(head, head + 's')}{per}{rest}"


def _measure(match: Match) -> str:
    unit = _UNITS[match["long"] or match["loose"] or match["short"]]
    if match["power"]:
        unit = f"{_POWERS[match['power']]} {unit}"
    noun = unit if match["amount"] == "1" else _many(unit)
    return f"{_minus(match)}{quantity(match['amount'])} {noun}"


def _degrees(match: Match) -> str:
    noun = "degree" if match["amount"] == "1" else "degrees"
    scale = f" {_SCALES[match['scale'].upper()]}" if match["scale"] else ""
    return f"{_minus(match)}{quantity(match['amount'])} {noun}{scale}"


def _percent(match: Match) -> str:
    return f"{_minus(match)}{quantity(match['amount'])} percent"


def _power(match: Match) -> str:
    exponent = match[1]
    return f" {_POWER_WORDS.get(exponent) or f'to the power of {exponent}'}"


RULES: tuple[Rule, ...] = (
    rule(
        rf"(?<![\w.,])({AMOUNT})\s?[-—]\s?({AMOUNT})(?=\s?(?:{_LONG}|{_SHORT}|%|°)(?![\w/]))",
        r"\1 to \2",
    ),
    rule(rf"{_NUMBER}\s?°\s?(?P<scale>[CFKcf]\b)?", _degrees),
    rule(rf"{_NUMBER}\s?%", _percent),
    rule(rf"{_NUMBER}{_UNIT}(?:\^?(?P<power>[23])(?!\d))?(?![\w'/^])", _measure),
    rule(r"(\d+)'(\d{1,2})(?:\"|'')?(?!\w)", r"\1 foot \2"),
    rule(r"\b(\d+(?:\.\d+)?)[x×](?!\w)", r"\1 times"),
    rule(r"(?<!\w)x(\d)\b", r"times \1"),
    rule(r"(?<=\w)\^(\w+)", _power),
    rule(r"(?<=[\d)a-z])\s?×\s?(?=[\d(a-z])|(?<=\d)\s?\*\s?(?=\d)", " times "),
    rule(r"\s?÷\s?|(?<=\d) / (?=\d)", " divided by "),
    rule(r"\+-|±", " plus or minus "),
    rule(r"(?<=[\w)]) ?\+ ?(?=[\d(a-z])|(?<!\w)\+(?=\d)", " plus "),
    rule(r"(?<=\d) [-−] ?(?=\d)|(?<=[\d)])-(?=\d+ ?=)", " minus "),
    rule(r"\s?(?:<=|≤)\s?", " is at most "),
    rule(r"\s?(?:>=|≥)\s?", " is at least "),
    rule(r"\s?(?:!=|≠)\s?", " is not "),
    rule(r"\s?≈\s?", " is about "),
    rule(r"\s?[-=]+>\s?|\s?→\s?", " to "),
    rule(r"(?<=[\w)]) ?==? ?(?=[\w(-])", " equals "),
    rule(r"(?<=[\w)]) ?< ?(?=[\d(a-z-])", " is less than "),
    rule(r"(?<=[\w)]) ?> ?(?=[\d(a-z-])", " is greater than "),
    rule(r"(?<!\w)~\s?(?=\d)", "about "),
    rule(r"√\s?(?=\w)", "the square root of "),
    rule(r"∞", " infinity "),
    rule(r"π", " pi "),
    rule(r"§\s?", " section "),
)
