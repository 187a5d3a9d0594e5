"""Which names a voice may have, and which two names are too alike to live side by side."""

import re
import unicodedata

from rtvc_bridge.errors import VoiceNameError

MAX_NAME_CHARS = 64
_MARKS_IN_A_ROW = 2
_PUNCTUATION = frozenset(" -_.,'\u2019()+&!")
_WINDOWS_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_ID = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)

# Letters and marks that draw nothing (Unicode's Default_Ignorable_Code_Point, categories L and M).
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]")

# First words of the names of letters that belong to every script.
_NO_SCRIPT = frozenset({"FULLWIDTH", "HALFWIDTH", "FEMININE", "MASCULINE", "MODIFIER"})

# Scripts that one name may mix; every other name keeps to one script. The "highly restrictive"
# level of Unicode Technical Standard 39, section 5.2.
_MIXABLE = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
)

# Folded letters drawn like a Latin one, small or capital: the part of UTS 39's confusables that
# a whole name can be built from (Cyrillic, Greek, Latin itself).
_LOOK_ALIKES = str.maketrans(
    "авеѕіјкмнорстухԁԛԝһαβεζικμνορτυχıɑɡ",
    "abesijkmhopctyxdqwhabezikmvoptyxiag",
)


def check_name(text: str) -> str:
    """Return `text` as the voice's name: NFC, no spaces around it.

    A name has 1 to 64 characters: letters and digits of any script, their accents, and
    space - _ . , ' ( ) + & !. It does not start with a dot, is not a device name of Windows,
    does not look like a voice's id, and does not mix scripts within itself (a Cyrillic "a" in
    "alba"), Japanese and Korean with Latin excepted.

    Raises:
        VoiceNameError: Saying which rule is broken.
    """
    name = unicodedata.normalize("NFC", text).strip()
    fault = _length_fault(name) or _character_fault(name) or _word_fault(name)
    if fault:
        raise VoiceNameError(fault)
    return name


def skeleton(name: str) -> str:
    """Return what two names share when people would take one for the other.

    NFKC and case folding, look-alikes of other scripts as their Latin letter, runs of spaces
    as one. Digits stay digits: "voice1" and "voicel" are two names.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(folded.translate(_LOOK_ALIKES).split())


def looks_like_id(text: str) -> bool:
    """Return whether `text` has the form of a voice's id."""
    return _ID.fullmatch(text) is not None


def _length_fault(name: str) -> str | None:
    if not name:
        return "A voice needs a name of at least one letter or digit."
    if len(name) > MAX_NAME_CHARS:
        return f"That name has {len(name)} characters; the limit is {MAX_NAME_CHARS}."
    return None


def _character_fault(name: str) -> str | None:
    for char in name:
        if not (char in _PUNCTUATION or unicodedata.category(char)[0] in "LNM"):
            return (
                f"A voice's name cannot hold {_shown(char)}. Use letters, digits, spaces "
                "and - _ . , ' ( ) + & !"
            )
        if _INVISIBLE.match(char):
            return f"A voice's name cannot hold {_shown(char)}, which nobody can see."
    return None


def _word_fault(name: str) -> str | None:
    if name.startswith(".") or unicodedata.category(name[0])[0] == "M":
        return "A voice's name starts with a letter or a digit."
    if not any(unicodedata.category(char)[0] in "LN" for char in name):
        return "A voice's name needs at least one letter or digit."
    if _WINDOWS_RESERVED.fullmatch(name):
        return f"Windows keeps the name {name!r} for a device. Choose another."
    if looks_like_id(name):
        return "That looks like a voice's id. Choose a name that people can say."
    if max(len(run) for run in _runs_of_marks(name)) > _MARKS_IN_A_ROW:
        return "That name piles too many accents on one letter."
    scripts = _scripts(name)
    if len(scripts) > 1 and not any(scripts <= allowed for allowed in _MIXABLE):
        spelled = " and ".join(sorted(script.title() for script in scripts))
        return (
            f"That name mixes {spelled} letters, which can pass for another name. Use one script."
        )
    return None


def _runs_of_marks(name: str) -> list[str]:
    return "".join("m" if unicodedata.category(c)[0] == "M" else " " for c in name).split(" ")


def _scripts(name: str) -> set[str]:
    # The standard library has no script property; the first word of a letter's name is it.
    letters = [char for char in name if unicodedata.category(char)[0] == "L"]
    words = {unicodedata.name(char, "UNKNOWN").split()[0] for char in letters}
    return {"CJK" if word == "IDEOGRAPHIC" else word for word in words} - _NO_SCRIPT


def _shown(char: str) -> str:
    code = f"U+{ord(char):04X}"
    return f"{char!r} ({code})" if char.isprintable() else code
