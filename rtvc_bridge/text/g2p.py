# ruff: noqa: RUF001 -- phonemes look like Latin letters
"""Spoken words as phonemes of the alphabet that Kokoro was trained on (misaki's American English).

hibari-tts carries misaki's dictionaries and rules (stress, weak forms, "the" before a vowel,
"read" by part of speech) without spaCy, and a small net that spells unknown words as espeak-ng
would. Only its grapheme-to-phoneme part is used.
"""

import functools
import itertools
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rtvc_bridge.errors import TextRejectedError
from rtvc_bridge.text.characters import plain
from rtvc_bridge.text.rules import pairs
from rtvc_bridge.text.symbols import KOKORO_SYMBOLS, MAX_SYMBOLS

if TYPE_CHECKING:
    from hibari.g2p import G2P
    from hibari.g2p.token import Tok

_SOUNDS = frozenset("AIOWYaiuæɐɑɔəɛɜɪʊʌᵻᵊbdfhjklmnpstvwzðŋɡɹTɾʃʒʤʧθʔ")
_UNREADABLE = re.compile(r"[^A-Za-z0-9\s;:,.!?—…\"()“”'-]")
_CONSONANTS = re.compile(r"[b-df-hj-np-tv-xz]{2,}", re.IGNORECASE)
_STRETCHED = re.compile(r"([A-Za-z])\1\1")
_STRETCHED_WORD = re.compile(r"[A-Za-z]*([A-Za-z])\1\1[A-Za-z]*")
_MOST_TRIES = 16
_STRETCHED_WORDS = {"soo": "so", "noo": "no", "goo": "go", "doo": "do", "loove": "love"}
_NOISES = pairs(
    "shh: ʃʃ; psst: pst; brr: bɹˈɜɹ; grr: ɡɹˈɜɹ; tsk: tˈɪsk; zz: zzz; pff: pff; pfft: pft; mm: mm"
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Phonemes:
    """How one clause sounds.

    Attributes:
        symbols: 1 to MAX_SYMBOLS characters of Kokoro's alphabet, punctuation included.
        unknown: How many characters of the text could not be said and are missing here.
    """

    symbols: str
    unknown: int


@functools.lru_cache(maxsize=1)
def _g2p() -> "G2P":
    """The dictionaries, loaded when first needed (about 1 s, 140 MB); read-only after that."""
    from hibari.g2p import G2P

    return G2P()


def phonemes(clause: str) -> Phonemes:
    """Return how the text of a Clause is said; the first call loads the dictionaries.

    Raises:
        TextRejectedError: If nothing in `clause` can be said, or it needs over MAX_SYMBOLS.
    """
    found = plain(clause)
    text, foreign = _UNREADABLE.subn(" ", found.text)
    if not any(char.isalnum() for char in text):
        raise TextRejectedError("There is nothing in that to say.")
    symbols, unsaid = _symbols(" ".join(text.split()))
    unknown = found.unknown + foreign + unsaid
    if unknown:
        _log.debug("%d characters of a clause could not be said", unknown)
    if len(symbols) > MAX_SYMBOLS:
        msg = f"That clause has {len(symbols)} sounds; the limit is {MAX_SYMBOLS}."
        raise TextRejectedError(msg)
    return Phonemes(symbols, unknown)


def fits(text: str) -> bool:
    """Whether normalised `text` has at most MAX_SYMBOLS phonemes."""
    return len(_symbols(text)[0]) <= MAX_SYMBOLS


def _symbols(text: str) -> tuple[str, int]:
    """Return the phonemes of normalised `text`, and how many of its letters they leave out."""
    g2p = _g2p()
    tokens = g2p.tokenize(_unstretched(text, g2p))
    for token in tokens:
        if token.text in ("“", "”"):
            token.phonemes = token.text
        elif token.text.lower() in _NOISES:
            token.phonemes = _NOISES[token.text.lower()]
        elif _is_consonants(token.text, g2p):
            token.phonemes = _spelled(token, g2p)
    tokens = g2p.phonemize_tokens(tokens)
    parts, unsaid = [], 0
    for token in tokens:
        said = "".join(char for char in token.phonemes or "" if char in KOKORO_SYMBOLS)
        if not _SOUNDS & set(said) and any(char.isalpha() for char in token.text):
            said += _spelled(token, g2p)
            unsaid += 0 if _SOUNDS & set(said) else len(token.text)
        parts.append(said + (" " if token.whitespace else ""))
    symbols = re.sub(r" +", " ", "".join(parts)).strip()
    if text[-1] in ".!?…" and symbols[-1:] not in tuple(".!?…"):
        symbols += text[-1]
    return symbols, unsaid


def _is_consonants(word: str, g2p: "G2P") -> bool:
    """Whether `word` is unknown and has no vowel ("wb"): the net is at a loss with these."""
    lexicon = g2p.lexicon
    known = word.lower() in lexicon.golds or word.lower() in lexicon.silvers
    return _CONSONANTS.fullmatch(word) is not None and not known


def _spelled(token: "Tok", g2p: "G2P") -> str:
    """Return the names of the letters of a word that has no reading ("pfft" has; "zzz" may not)."""
    return g2p.lexicon.get_NNP(token.text)[0] or ""


def _unstretched(text: str, g2p: "G2P") -> str:
    """Return `text` with each stretched word ("sooo") as the known word it stretches, if any."""

    def shorten(match: re.Match[str]) -> str:
        runs = len(_STRETCHED.findall(match[0]))
        for kept in itertools.islice(itertools.product((2, 1), repeat=runs), _MOST_TRIES):
            word = _with_runs(match[0], kept)
            word = _STRETCHED_WORDS.get(word.lower(), word)
            if word.lower() in g2p.lexicon.golds:
                return word
        return _STRETCHED.sub(r"\1\1", match[0])

    return _STRETCHED_WORD.sub(shorten, text)


def _with_runs(word: str, lengths: Iterable[int]) -> str:
    """Return `word` with its runs of three letters cut to `lengths`."""
    left = iter(lengths)
    return _STRETCHED.sub(lambda run: run[1] * next(left), word)
