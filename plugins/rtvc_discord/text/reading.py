"""A message as the line that is spoken."""

import re
from collections import Counter
from collections.abc import Collection, Iterator

from rtvc_bridge.voices import skeleton
from rtvc_discord.text.heard import Attached, Heard
from rtvc_discord.text.markup import unmarked
from rtvc_discord.text.notation import told, worded
from rtvc_discord.text.repeats import calmed, named_emoji

_COMMAS = re.compile(r"\s*,(?:\s*,)+\s*")
_BLANK_BEFORE = re.compile(r"\s+([,.;:!?…)])")
_COMMA_AT_MARK = re.compile(r",\s*([.;:!?…)])")
_COMMA_AFTER = re.compile(r"([.;:!?…])\s*,(?=\s)")
_QUESTION = re.compile(r"\?+")
_SPEAKABLE = re.compile(r"\w")


def read(heard: Heard, *, name: str | None = None) -> str:
    """Return how a person would read `heard` out; "" if there is nothing to say.

    Args:
        heard: The message.
        name: Of its author, if they are to be named.
    """
    body = said(heard)
    things = _things(heard)
    if heard.forwarded is not None and (passed := read(heard.forwarded)):
        return f"{name} passes on: {passed}" if name else f"passed on: {passed}"
    if not body:
        sent = f"sent {things}" if things else ""
        return f"{name} {sent}" if name and sent else sent
    extra = f"{'' if body[-1] in '.!?…' else '.'} With {things}." if things else ""
    return f"{_introduced(name, heard.reply_to)}{body}{extra}"


def said(heard: Heard) -> str:
    """Return the words typed in `heard`, without its files."""
    if _QUESTION.fullmatch(heard.content.strip()):
        return "what?"
    text = told(unmarked(heard.content), heard)
    text = _tidy(calmed(named_emoji(text)))
    return text if _SPEAKABLE.search(text) else ""


def spoken_name(shown: str, *, say_as: str = "") -> str:
    """Return how to say a person's name: as they wish, or what can be said of the one shown."""
    if say_as.strip():
        return _tidy(say_as)
    plain = re.sub(r"[^\w' -]+", " ", shown).replace("_", " ")
    return " ".join(calmed(plain).split()) or "somebody"


def blocked_word(text: str, words: Collection[str]) -> str | None:
    """Return the first of `words` that `text` holds as a whole word or phrase, or None.

    Case and look-alike letters make no difference.
    """
    folded = skeleton(text)
    for word in sorted(words):
        if re.search(rf"(?<!\w){re.escape(skeleton(word))}(?!\w)", folded):
            return word
    return None


def _introduced(name: str | None, reply_to: str | None) -> str:
    if reply_to:
        return f"{name} to {reply_to}: " if name else f"to {reply_to}: "
    return f"{name} says: " if name else ""


def _things(heard: Heard) -> str:
    """Return the files and stickers of a message: "a picture, 2 videos and a sticker, wave"."""
    parts = [*_files(heard.attached), *(f"a sticker, {worded(each)}" for each in heard.stickers)]
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _files(attached: Collection[Attached]) -> Iterator[str]:
    for (kind, hidden), count in Counter((each.kind, each.hidden) for each in attached).items():
        noun = f"hidden {kind}" if hidden else kind
        yield f"a {noun}" if count == 1 else f"{count} {noun}s"


def _tidy(text: str) -> str:
    lines = (" ".join(_COMMAS.sub(", ", line).split()) for line in text.splitlines())
    kept = [_clean(line) for line in lines]
    return "\n".join(line for line in kept if line)


def _clean(line: str) -> str:
    line = _COMMA_AT_MARK.sub(r"\1", _BLANK_BEFORE.sub(r"\1", line))
    return _COMMA_AFTER.sub(r"\1", line).strip(" ,")
