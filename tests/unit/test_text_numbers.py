# ruff: noqa: RUF001 -- signs that look alike are the subject
"""How figures are read, one table per kind. Each row: what was typed, what is said."""

import pytest

from rtvc_bridge.text.normalise import spoken

CARDINALS = [
    ("0", "zero"),
    ("5 apples", "five apples"),
    ("21 in all", "twenty one in all"),
    ("100 people", "one hundred people"),
    ("105 steps", "one hundred five steps"),
    ("1,234 oranges", "one thousand two hundred thirty four oranges"),
    ("1,000,000", "one million"),
    ("4096 files", "four thousand ninety six files"),
    ("007", "zero zero seven"),
    ("12345678901234567890", "one two three four five six seven eight nine zero " * 2),
    ("١٢٣", "one hundred twenty three"),
    ("１２", "twelve"),
    ("-2", "minus two"),
    ("it was -40 outside", "it was minus forty outside"),
]
DECIMALS = [
    ("3.14", "three point one four"),
    ("0.5", "zero point five"),
    (".5", "point five"),
    ("-0.25", "minus zero point two five"),
    ("1,234.5", "one thousand two hundred thirty four point five"),
    ("It is 5. Not 6.", "It is five. Not six."),
]
ORDINALS = [
    ("1st", "first"),
    ("2nd place", "second place"),
    ("the 3rd man", "the third man"),
    ("12th", "twelfth"),
    ("22nd", "twenty second"),
    ("30th", "thirtieth"),
    ("101ST", "one hundred first"),
]
YEARS = [
    ("in 1905", "in nineteen oh five"),
    ("in 1999", "in nineteen ninety nine"),
    ("in 1900", "in nineteen hundred"),
    ("in 2000", "in two thousand"),
    ("in 2005", "in two thousand five"),
    ("in 2026", "in twenty twenty six"),
    ("1066", "one thousand sixty six"),
    ("the 1980s", "the nineteen eighties"),
    ("the '90s", "the nineties"),
    ("the 60s", "the sixties"),
]
FRACTIONS = [
    ("1/2 cup", "one half cup"),
    ("½ cup", "one half cup"),
    ("2½ cups", "two and a half cups"),
    ("3/4", "three quarters"),
    ("2 1/2 cups", "two and a half cups"),
    ("5/8", "five eighths"),
    ("7/10", "seven out of ten"),
    ("24/7", "twenty four seven"),
    ("50/50", "fifty fifty"),
]
RANGES = [
    ("3-5 people", "three to five people"),
    ("pages 10–20", "pages ten to twenty"),
    ("1990-1995", "nineteen ninety to nineteen ninety five"),
    ("10-20%", "ten to twenty percent"),
    ("5-10 km", "five to ten kilometers"),
]
MONEY = [
    ("$1", "one dollar"),
    ("$5", "five dollars"),
    ("$5.99", "five dollars and ninety nine cents"),
    ("$1.01", "one dollar and one cent"),
    ("$0.50", "fifty cents"),
    ("$5.00", "five dollars"),
    ("$1,000,000", "one million dollars"),
    ("$3.2 billion", "three point two billion dollars"),
    ("$5k", "five thousand dollars"),
    ("$1.5m", "one point five million dollars"),
    ("$2bn", "two billion dollars"),
    ("-$5", "minus five dollars"),
    ("$5-10", "five to ten dollars"),
    ("$20/month", "twenty dollars per month"),
    ("$15/hr", "fifteen dollars per hour"),
    ("£3.50", "three pounds and fifty pence"),
    ("€20", "twenty euros"),
    ("20€", "twenty euros"),
    ("¥100", "one hundred yen"),
    ("50 USD", "fifty dollars"),
    ("99¢", "ninety nine cents"),
]
TIMES = [
    ("3:30pm", "three thirty P.M"),
    ("at 10 a.m. today", "at ten A.M today"),
    ("See you at 10 a.m.", "See you at ten A.M."),
    ("3pm EST", "three P.M E.S.T"),
    ("12:05", "twelve oh five"),
    ("3:00", "three o'clock"),
    ("15:00", "fifteen hundred"),
    ("15:45", "fifteen forty five"),
    ("00:00", "midnight"),
    ("1:02:03", "one oh two and three seconds"),
    ("10am-5pm", "ten A.M to five P.M"),
    ("5-6pm", "five to six P.M"),
    ("16:9", "sixteen to nine"),
]
DATES = [
    ("2026-11-22", "November twenty second, twenty twenty six"),
    ("11/22/2026", "November twenty second, twenty twenty six"),
    ("22/11/2026", "November twenty second, twenty twenty six"),
    ("03/04/2026", "March fourth, twenty twenty six"),
    ("03/04/99", "March fourth, nineteen ninety nine"),
    ("22.11.2026", "November twenty second, twenty twenty six"),
    ("Nov 22, 2026", "November twenty second, twenty twenty six"),
    ("Nov. 22nd", "November twenty second"),
    ("november 5", "November fifth"),
    ("22nd of November", "the twenty second of November"),
    ("22 November 2026", "the twenty second of November, twenty twenty six"),
    ("Dec 2026", "December twenty twenty six"),
    ("Mon, Nov 23", "Monday, November twenty third"),
    ("you may 5 times", "you may five times"),
    ("99/99/2026", "ninety nine slash ninety nine slash twenty twenty six"),
]
PHONES = [
    ("555-1234", "five five five, one two three four"),
    ("555-123-4567", "five five five, one two three, four five six seven"),
    ("(555) 123-4567", "five five five, one two three, four five six seven"),
    ("+1 555 123 4567", "plus one, five five five, one two three, four five six seven"),
    ("+44 20 7946 0958", "plus four four, two zero, seven nine four six, zero nine five eight"),
    ("020 7946 0958", "zero two zero, seven nine four six, zero nine five eight"),
]
UNITS = [
    ("5km", "five kilometers"),
    ("1 kg", "one kilogram"),
    ("10 kg", "ten kilograms"),
    ("3°C", "three degrees Celsius"),
    ("-3 °F", "minus three degrees Fahrenheit"),
    ("90°", "ninety degrees"),
    ("60 mph", "sixty miles per hour"),
    ("100km/h", "one hundred kilometers per hour"),
    ("9.8 m/s", "nine point eight meters per second"),
    ("16 GB", "sixteen gigabytes"),
    ("20 m²", "twenty square meters"),
    ("144Hz", "one hundred forty four hertz"),
    ("60fps", "sixty frames per second"),
    ("6 ft", "six feet"),
    ("5'11\"", "five foot eleven"),
    ("5 min.", "five minutes."),
    ("5 A day", "five A day"),
    ("50% off", "fifty percent off"),
    ("3.5 %", "three point five percent"),
]
ARITHMETIC = [
    ("2+2=4", "two plus two equals four"),
    ("5 - 3 = 2", "five minus three equals two"),
    ("3 × 4", "three times four"),
    ("3*4", "three times four"),
    ("10 ÷ 2", "ten divided by two"),
    ("x^2", "x squared"),
    ("5 > 3", "five is greater than three"),
    ("1 < 2", "one is less than two"),
    ("~5 days", "about five days"),
    ("±3", "plus or minus three"),
    ("√2", "the square root of two"),
]
VERSIONS = [
    ("v2", "version two"),
    ("v1.2.3", "version one point two point three"),
    ("Python 3.11.4", "Python three point eleven point four"),
    ("192.168.0.1", "one nine two dot one six eight dot zero dot one"),
    ("MP3", "M.P three"),
    ("4K", "four K"),
    ("1080p", "ten eighty P"),
    ("1920x1080", "nineteen twenty by ten eighty"),
    ("RTX 3080", "R.T.X three thousand eighty"),
    ("covid19", "covid nineteen"),
    ("PS5", "P.S five"),
    ("10x faster", "ten times faster"),
    ("10k followers", "ten K followers"),
]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        *CARDINALS,
        *DECIMALS,
        *ORDINALS,
        *YEARS,
        *FRACTIONS,
        *RANGES,
        *MONEY,
        *TIMES,
        *DATES,
        *PHONES,
        *UNITS,
        *ARITHMETIC,
        *VERSIONS,
    ],
)
def test_figures_are_read_as_people_read_them(typed, said):
    assert spoken(typed).text == said.strip()
