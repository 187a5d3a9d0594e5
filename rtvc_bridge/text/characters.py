# ruff: noqa: RUF001 -- look-alike characters are what this module is about
"""Any Unicode text as the small set of characters the rules for words and numbers read."""

import re
import unicodedata
from dataclasses import dataclass

from rtvc_bridge.text.rules import pairs

_FOLDS = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′`´ʼ＇", "'"),
        **dict.fromkeys("„‟″«»「」『』＂", '"'),
        **dict.fromkeys("‐‑‒⁃−﹣－", "-"),
        **dict.fromkeys("–―", "—"),
        "⁄": "/",
        "∕": "/",
        "²": "^2 ",
        "³": "^3 ",
        "½": " 1/2",
        "¼": " 1/4",
        "¾": " 3/4",
        "⅓": " 1/3",
        "⅔": " 2/3",
        "⅛": " 1/8",
        **dict.fromkeys("™®", ""),
        **dict.fromkeys("•·‣▪●", ", "),
        "¡": "",
        "¿": "",
        "。": ". ",
        "、": ", ",
        "，": ", ",
        "！": "! ",
        "？": "? ",
    }
)
# Letters that Unicode does not decompose into a base letter and an accent.
_LETTERS = str.maketrans(
    pairs(
        "ß: ss; æ: ae; Æ: Ae; œ: oe; Œ: Oe; ø: o; Ø: O; ł: l; Ł: L; đ: d; Đ: D; ð: th; Ð: Th; "
        "þ: th; Þ: Th; ı: i"
    )
)
_RESPELLED = {
    "résumé": "rezzumay",
    "résumés": "rezzumays",
    "façade": "fassahd",
    "exposé": "expozay",
    "piñata": "peenyata",
    "jalapeño": "hallapenyo",
    "señor": "senyor",
    "über": "oober",
}
_RESPELLED_WORD = re.compile(rf"\b(?:{'|'.join(_RESPELLED)})\b", re.IGNORECASE)
_SPECIAL = frozenset("°$£€¥₹₩₽¢%&+=<>≤≥≠≈±×÷√∞→@#*/^~|\\_[]{}§©μπΩ")
_EMOTICON = re.compile(
    r"<a?:\w{2,32}:\d{5,}>"  # Discord's own emoji
    r"|(?<![\w:]):[a-z][a-z0-9_+-]+:(?![\w:])"  # :smile:
    r"|(?<!\S)(?:[:;]'?-?[)(DPpOo3/\\|*]+|=[)(DP]+|\(+[:;]|<3+|</3|[xX]D+|\^_*\^|[-oOTu]_+[-oOTu])"
    r"(?=[\s.,!?]|$)"
)

_VISIBLE = frozenset("LNPS")  # first letters of the categories that leave a mark on the page


@dataclass(frozen=True, slots=True)
class Plain:
    """Text in ASCII letters, digits, punctuation and a few known symbols.

    Attributes:
        text: The readable part.
        unknown: How many characters were dropped because no rule can say them.
    """

    text: str
    unknown: int


def plain(line: str) -> Plain:
    """Return `line` with accents, ligatures, wide forms and quotes folded, and the rest dropped."""
    unknown = 0

    def drop(match: re.Match[str]) -> str:
        nonlocal unknown
        unknown += len(match[0])
        return " "

    composed = unicodedata.normalize("NFC", line)
    respelled = _RESPELLED_WORD.sub(lambda match: _RESPELLED[match[0].lower()], composed)
    folded = unicodedata.normalize("NFKC", _EMOTICON.sub(drop, respelled.translate(_FOLDS)))
    folded = folded.replace("...", "…")
    kept: list[str] = []
    for char in unicodedata.normalize("NFD", folded.translate(_FOLDS).translate(_LETTERS)):
        spoken = _readable(char)
        if not spoken and unicodedata.category(char)[0] in _VISIBLE:
            unknown += 1
            spoken = " "
        kept.append(spoken)
    return Plain("".join(kept), unknown)


def _readable(char: str) -> str:
    """Return the character the rules know for `char`, or "" when there is none."""
    if char.isascii():
        return char if char.isprintable() or char.isspace() else " "
    if char in _SPECIAL or char in "—…“”":
        return char
    decimal = unicodedata.decimal(char, None)
    return "" if decimal is None else str(decimal)
