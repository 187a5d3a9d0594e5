"""How addresses of the net are read: URLs, e-mail, @handles, #hashtags, file names."""

import re

from rtvc_bridge.text.number_words import digits
from rtvc_bridge.text.rules import Match, Rule, either, names, rule

_TOP_LEVELS = frozenset(
    names(
        """
        com org net edu gov mil int info biz dev app xyz online site tech live chat page
        blog shop io ai co tv me ly gg uk us ca au de fr nl es it eu ch se no nz in jp be
        fm sh so to cc
        """
    )
)
_SPOKEN_TOP_LEVELS = frozenset({"me", "so", "to"})
_EXTENSIONS = names(
    """
    py js ts css html json yaml yml toml md txt csv pdf png jpg jpeg gif svg wav mp3 mp4 flac
    ogg zip tar gz exe dll sh bat cfg ini log doc docx xls xlsx ppt pptx onnx cpp rs go java
    """
)
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOST = rf"(?:{_LABEL}\.)+(?:{either(_TOP_LEVELS)})"
_PIECE = re.compile(r"[A-Za-z]+|\d+|[.+/_-]")
_MARKS = {".": "dot", "+": "plus", "/": "slash", "_": "underscore", "-": "dash"}
_VOWEL = re.compile(r"[aeiouy]", re.IGNORECASE)


def letters(word: str) -> str:
    """Return `word` as an initialism, in the dotted form that is spelled out: "O.B.S"."""
    return ".".join(word.upper())


def _piece(piece: str) -> str:
    if piece.isdigit():
        return digits(piece)
    if piece in _MARKS:
        return _MARKS[piece]
    unsayable = (len(piece) < 3 and piece.lower() not in _SPOKEN_TOP_LEVELS) or not _VOWEL.search(
        piece
    )
    return letters(piece) if unsayable else piece.lower()


def address(text: str) -> str:
    """Return a host, path or mailbox as words: "bob dot smith"."""
    return " ".join(_piece(piece) for piece in _PIECE.findall(text))


def _url(match: Match) -> str:
    path = (match["path"] or "").rstrip("/.,;:!?)")
    trail = (match["path"] or "")[len(path) :].lstrip("/") if match["path"] else ""
    return f" {address(match['host'] + path)}{trail} "


def _email(match: Match) -> str:
    return f" {address(match['box'])} at {address(match['host'])} "


def _camel(word: str) -> str:
    """Return a hashtag's or handle's words apart: "OpenSource_now" to "Open Source now"."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", word)
    return " ".join(parts)


RULES: tuple[Rule, ...] = (
    rule(rf"(?:mailto:)?(?P<box>[\w.+-]+)@(?P<host>(?:{_LABEL}\.)+[A-Za-z]{{2,}})\b", _email),
    rule(
        r"\b(?:https?|ftp|wss?)://(?:www\.)?(?:[^\s/@]+@)?(?P<host>[\w.-]*\w)(?::\d+)?"
        r"(?P<path>/[\w./~%+-]*)?(?:[?#][^\s]*[^\s.,;:!?)])?",
        _url,
        any_case=True,
    ),
    rule(
        rf"(?<![\w@./-])(?:www\.)?(?P<host>{_HOST})(?![\w-])(?!\.\w)"
        rf"(?P<path>/[\w./~%+-]*)?(?:[?#]\S*\w)?",
        _url,
    ),
    rule(
        rf"\b(?P<name>[\w-]+)\.(?P<kind>{'|'.join(_EXTENSIONS)})\b",
        lambda match: f"{address(match['name'])} dot {_piece(match['kind'])}",
    ),
    rule(r"(?<![\w&])#(?=\d)", "number "),
    rule(r"(?<![\w&])#(\w*[A-Za-z]\w*)", lambda match: f"hashtag {_camel(match[1])}"),
    rule(r"(?<![\w&])@(\w+)", lambda match: f"at {_camel(match[1]) or match[1]}"),
)
