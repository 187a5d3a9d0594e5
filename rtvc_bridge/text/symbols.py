"""The phoneme alphabet that the Kokoro weights were trained on."""

from collections.abc import Mapping
from types import MappingProxyType

N_SYMBOL_IDS = 178
"""Rows of the embedding tables; ids missing below were never trained."""

EDGE_ID = 0
"""Stands before the first and after the last symbol of every clause."""

MAX_SYMBOLS = 508
"""Symbols in one clause; with the two edges the model reads at most 510."""

KOKORO_SYMBOLS: Mapping[str, int] = MappingProxyType(
    {
        ";": 1,
        ":": 2,
        ",": 3,
        ".": 4,
        "!": 5,
        "?": 6,
        "—": 9,
        "…": 10,
        '"': 11,
        "(": 12,
        ")": 13,
        "“": 14,
        "”": 15,
        " ": 16,
        "̃": 17,
        "ʣ": 18,
        "ʥ": 19,
        "ʦ": 20,
        "ʨ": 21,
        "ᵝ": 22,
        "ꭧ": 23,
        "A": 24,
        "I": 25,
        "O": 31,
        "Q": 33,
        "S": 35,
        "T": 36,
        "W": 39,
        "Y": 41,
        "ᵊ": 42,
        "a": 43,
        "b": 44,
        "c": 45,
        "d": 46,
        "e": 47,
        "f": 48,
        "h": 50,
        "i": 51,
        "j": 52,
        "k": 53,
        "l": 54,
        "m": 55,
        "n": 56,
        "o": 57,
        "p": 58,
        "q": 59,
        "r": 60,
        "s": 61,
        "t": 62,
        "u": 63,
        "v": 64,
        "w": 65,
        "x": 66,
        "y": 67,
        "z": 68,
        "ɑ": 69,  # noqa: RUF001 - a phoneme
        "ɐ": 70,
        "ɒ": 71,
        "æ": 72,
        "β": 75,
        "ɔ": 76,
        "ɕ": 77,
        "ç": 78,
        "ɖ": 80,
        "ð": 81,
        "ʤ": 82,
        "ə": 83,
        "ɚ": 85,
        "ɛ": 86,
        "ɜ": 87,
        "ɟ": 90,
        "ɡ": 92,  # noqa: RUF001 - a phoneme
        "ɥ": 99,
        "ɨ": 101,
        "ɪ": 102,  # noqa: RUF001 - a phoneme
        "ʝ": 103,
        "ɯ": 110,  # noqa: RUF001 - a phoneme
        "ɰ": 111,
        "ŋ": 112,
        "ɳ": 113,
        "ɲ": 114,
        "ɴ": 115,
        "ø": 116,
        "ɸ": 118,
        "θ": 119,
        "œ": 120,
        "ɹ": 123,
        "ɾ": 125,
        "ɻ": 126,
        "ʁ": 128,
        "ɽ": 129,
        "ʂ": 130,
        "ʃ": 131,
        "ʈ": 132,
        "ʧ": 133,
        "ʊ": 135,
        "ʋ": 136,  # noqa: RUF001 - a phoneme
        "ʌ": 138,
        "ɣ": 139,  # noqa: RUF001 - a phoneme
        "ɤ": 140,
        "χ": 142,
        "ʎ": 143,
        "ʒ": 147,
        "ʔ": 148,  # noqa: RUF001 - a phoneme
        "ˈ": 156,  # noqa: RUF001 - a phoneme
        "ˌ": 157,
        "ː": 158,  # noqa: RUF001 - a phoneme
        "ʰ": 162,
        "ʲ": 164,
        "↓": 169,
        "→": 171,
        "↗": 172,
        "↘": 173,
        "ᵻ": 177,
    }
)
"""One character of misaki's phoneme alphabet to its id in the published vocabulary.

Upper case stands for diphthongs (A as in "day", I "eye", O "go", Q British "go", W "cow",
Y "boy"); marks are stress (primary and secondary), length and tone arrows.
"""
