"""Code, spoilers, links and markdown, as a person would read them."""

import re

from rtvc_discord.text.notation import worded

_SHORT_CODE_CHARS = 40
_LONG_HOST_CHARS = 40
_BLOCK = re.compile(r"```(?:(?P<language>[\w+#-]+)\n)?(?P<code>.*?)(?:```|\Z)", re.DOTALL)
_INLINE = re.compile(r"(?P<tick>`{1,2})(?!`)(?P<code>.+?)(?<!`)(?P=tick)(?!`)", re.DOTALL)
_SPOILER = re.compile(r"\|\|.+?\|\|", re.DOTALL)
_MASKED = re.compile(r"\[(?P<text>[^\[\]\n]+)\]\(<?https?://[^\s()]*(?:\([^\s()]*\)[^\s()]*)*>?"
                     r"(?:\s+\"[^\"\n]*\")?\)")  # fmt: skip
_LINK = re.compile(r"<?\bhttps?://(?:[^\s/@<>]+@)?(?P<host>[^\s/:?#<>()]+)(?P<rest>[^\s<>]*)>?")
_LINKS = re.compile(r"<?\bhttps?://\S+(?:\s+<?https?://\S+)+")
_HOSTS = {
    "tenor.com": "a gif",
    "giphy.com": "a gif",
    "discord.gg": "an invitation to a server",
    "youtube.com": "a YouTube link",
    "youtu.be": "a YouTube link",
    "cdn.discordapp.com": "a link to a file",
    "media.discordapp.net": "a link to a file",
}
_ESCAPED = re.compile(r"\\([*_~`|>#\\<:@\[\]()-])")
_HELD = 0xE000  # a private character stands for an escaped one until the marks are gone
_HELD_CHAR = re.compile("[\ue000-\ue07f]")
_LINE_MARKS = re.compile(r"^[ \t]*(?:#{1,3}[ ]+|-#[ ]+|[-*+][ ]+)", re.MULTILINE)
_QUOTE = re.compile(r"(?:^> ?.*(?:\n|\Z))+|^>>> (?:.|\n)*", re.MULTILINE)
_QUOTE_MARK = re.compile(r"^>(?:>>)? ?", re.MULTILINE)
_STARS = re.compile(r"(?P<mark>\*{1,3}|~~)(?=\S)(?P<text>.+?)(?<=\S)(?P=mark)", re.DOTALL)
_LINES = re.compile(r"(?<!\w)(?P<mark>_{1,3})(?=\S)(?P<text>.+?)(?<=\S)(?P=mark)(?!\w)", re.DOTALL)
_DEEPEST = 3


def unmarked(content: str) -> str:
    """Return `content` with code and spoilers named, links shortened and no markdown."""
    text = _BLOCK.sub(_block, _HELD_CHAR.sub("", content))
    text = _INLINE.sub(_inline, text)
    text = _SPOILER.sub(" a spoiler, ", _ESCAPED.sub(_hold, text))
    text = _LINKS.sub(" some links, ", _MASKED.sub(lambda match: match["text"], text))
    text = _LINK.sub(_link, text)
    text = _LINE_MARKS.sub("", _QUOTE.sub(_quote, text))
    for _ in range(_DEEPEST):  # one in another: **_both_**
        text = _LINES.sub(r"\g<text>", _STARS.sub(r"\g<text>", text))
    return _HELD_CHAR.sub(lambda match: chr(ord(match[0]) - _HELD), text)


def _block(match: re.Match[str]) -> str:
    language = f"{worded(match['language'])} " if match["language"] else ""
    return f" a block of {language}code, "


def _inline(match: re.Match[str]) -> str:
    code = match["code"].strip()
    if len(code) <= _SHORT_CODE_CHARS and re.search(r"[^\W\d_]{2}", code) and "\n" not in code:
        return _held(code)
    return " some code, "


def _hold(match: re.Match[str]) -> str:
    return _held(match[1])


def _held(text: str) -> str:
    """Return `text` with every ASCII sign kept from being read as a mark."""
    return "".join(
        chr(_HELD + ord(char)) if char.isascii() and not (char.isalnum() or char == " ") else char
        for char in text
    )


def _quote(match: re.Match[str]) -> str:
    return f"quote: {_QUOTE_MARK.sub('', match[0])}"


def _link(match: re.Match[str]) -> str:
    host = match["host"].lower().removeprefix("www.")
    rest = match["rest"]
    after = rest[len(rest.rstrip(".,;:!?)")) :] if "(" not in rest else ""
    if host.endswith("discord.com") and rest.startswith("/channels/"):
        return f" a link to a message, {after}"
    domain = ".".join(host.rstrip(".,;!").split(".")[-2:])
    known = _HOSTS.get(host) or _HOSTS.get(domain)
    if known is None:
        known = f"a link to {host}" if len(host) <= _LONG_HOST_CHARS else "a link"
    return f" {known}, {after}"
