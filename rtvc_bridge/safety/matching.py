"""Words and patterns found in a text, in work that grows with the text's length and no faster."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import re2

from rtvc_bridge.errors import ConfigError
from rtvc_bridge.safety.matching_letters import Gap, Letters, Piece, collapsed, runs

MOST_WORD_CHARS = 60
_STRETCHED = 3  # from so many on a letter is drawn out: "gooood" can be "god", "good" cannot
_LEAST_DISGUISED = 3  # letters; shorter words are found only as they are
_MOST_BYTES = 1 << 20  # that RE2 may use for one pattern


@dataclass(frozen=True, slots=True)
class Found:
    """An entry of a list in a text.

    Attributes:
        entry: It, as the list has it.
        begin: Where it begins in the text as typed.
        end: Where it ends there.
    """

    entry: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of an entry, and what it takes to be it."""

    letters: str
    runs: tuple[int, ...]

    def is_in(self, chain: Sequence[Piece]) -> bool:
        """Whether `chain`, whose key is this word's, is this word."""
        if len(chain) == 1 and chain[0].text == self.letters and chain[0].read:
            return True
        return (
            len(self.letters) >= _LEAST_DISGUISED
            and any(piece.read is not None for piece in chain)
            and all(
                said == meant or said >= max(meant, _STRETCHED)
                for said, meant in zip(runs(_text(chain)), self.runs, strict=True)
            )
        )


@dataclass(eq=False, slots=True)
class _Node:
    """What may follow the words so far: by key, each next word and what may follow that."""

    entry: str | None = None
    following: dict[str, dict[_Word, "_Node"]] = field(default_factory=dict)

    def after(self, letters: str) -> "_Node":
        """Return the node after that word, made if need be."""
        words = self.following.setdefault(collapsed(letters), {})
        return words.setdefault(_Word(letters, runs(letters)), _Node())


class Words:
    """Whole words and phrases, found in any disguise.

    Case, accents, look-alikes of other scripts and characters that draw nothing make no
    difference. Words of at least three letters are found too with digits or signs for letters
    ("sh1t"; not "455", which is a number), with a letter drawn out ("shiiit"; two are no more than
    two, or "good" would be "god"), with a sign between letters ("sh-it") and with every letter
    apart ("s h i t"). Never within a longer word, nor across two words.

    Args:
        entries: They.
        table: Names the list in the settings, for errors.

    Raises:
        ConfigError: Naming the entry that holds no letter, or is too long.
    """

    def __init__(self, entries: Iterable[str], *, table: str) -> None:
        self._first = _Node()
        self._longest = 0
        for number, text in enumerate(entries, 1):
            pieces = next(Letters.of(text).readings())
            if not pieces:
                raise ConfigError(f"{table}: number {number}, {text!r}, has no letter or digit.")
            if len(text) > MOST_WORD_CHARS:
                limit = f"the limit is {MOST_WORD_CHARS}"
                msg = f"{table}: number {number}, {text!r}, has {len(text)} characters; {limit}."
                raise ConfigError(msg)
            node = self._first
            for piece in pieces:
                node = node.after(piece.text)
                self._longest = max(self._longest, len(piece.text))
            node.entry = text

    def found(self, text: Letters) -> Iterator[Found]:
        """Yield the entries that `text` holds; the same place may come more than once."""
        if not self._longest:
            return
        for pieces in text.readings():
            for first, piece in enumerate(pieces):
                for entry, last in self._from(pieces, first):
                    yield Found(entry, piece.begin, pieces[last].end)

    def _from(self, pieces: Sequence[Piece], first: int) -> Iterator[tuple[str, int]]:
        """Yield the entries that begin with that piece, and each one's last piece."""
        todo = [(self._first, first)]
        for node, begin in todo:
            for last, key in _chains(pieces, begin, self._longest):
                chain = pieces[begin : last + 1]
                for word, after in node.following.get(key, {}).items():
                    if not word.is_in(chain):
                        continue
                    if after.entry is not None:
                        yield after.entry, last
                    if after.following and (after, last + 1) not in todo and _goes_on(pieces, last):
                        todo.append((after, last + 1))


class Patterns:
    """RE2 patterns, in any case: no look-around or back references, and no pattern that explodes.

    Each is looked for in the text as typed and in its folded letters: see `Letters`.

    Args:
        entries: They; their syntax is on https://github.com/google/re2/wiki/Syntax
        table: Names the list in the settings, for errors.

    Raises:
        ConfigError: Naming the pattern that is wrong, or that everything matches.
    """

    def __init__(self, entries: Iterable[str], *, table: str) -> None:
        options = re2.Options()
        options.case_sensitive = False
        options.never_capture = True
        options.log_errors = False
        options.max_mem = _MOST_BYTES
        self._patterns = []
        for number, text in enumerate(entries, 1):
            try:
                pattern = re2.compile(text, options)
            except re2.error as error:
                raise ConfigError(f"{table}: number {number}, {text!r}: {_said(error)}.") from error
            if pattern.search(""):
                raise ConfigError(f"{table}: number {number}, {text!r}, matches every text.")
            self._patterns.append((text, pattern))

    def found(self, text: Letters) -> Iterator[Found]:
        """Yield where the patterns match; the same place may come more than once."""
        for entry, pattern in self._patterns:
            for begin, end in _matches(pattern, text.typed):
                yield Found(entry, begin, end)
            for begin, end in _matches(pattern, text.folded):
                yield Found(entry, *text.span(begin, end))


def _matches(pattern: re2._Regexp, text: str) -> Iterator[tuple[int, int]]:
    for match in pattern.finditer(text):
        if match.start() < match.end():  # a bare word boundary is in every text
            yield match.span()


def _chains(pieces: Sequence[Piece], first: int, longest: int) -> Iterator[tuple[int, str]]:
    """Yield the last piece and the key of each chain from `first` on that can be one word.

    That is a piece alone, pieces with narrow gaps, and three or more single letters. Of the chains
    that differ only in how long their last letter is drawn out, the shortest and the longest.
    """
    key = pieces[first].key
    narrow, spelt = True, len(pieces[first].text) == 1
    for last in range(first, min(first + longest, len(pieces))):
        grown = last == first
        if last > first:
            piece = pieces[last]
            narrow = narrow and piece.gap is Gap.NARROW
            spelt = spelt and piece.gap is not Gap.NONE and len(piece.text) == 1
            if not (narrow or spelt):
                return
            grown = piece.key != key[-1]
            key += piece.key[key[-1] == piece.key[0] :]
        if len(key) > longest:
            return
        whole = narrow or last - first + 1 >= _LEAST_DISGUISED
        if whole and (grown or not _drawn_out(pieces, last, key[-1])):
            yield last, key


def _drawn_out(pieces: Sequence[Piece], last: int, letter: str) -> bool:
    return _goes_on(pieces, last) and pieces[last + 1].key == letter


def _goes_on(pieces: Sequence[Piece], last: int) -> bool:
    return last + 1 < len(pieces) and pieces[last + 1].gap is not Gap.NONE


def _text(chain: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in chain)


def _said(error: re2.error) -> str:
    (said,) = error.args
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
