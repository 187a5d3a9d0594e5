"""Discord's own notation in angle brackets, as words."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from rtvc_discord.text.heard import Heard

_NOTATION = re.compile(
    r"<(?:@!?(?P<user>\d+)"
    r"|@&(?P<role>\d+)"
    r"|#(?P<channel>\d+)"
    r"|a?:(?P<emoji>\w+):\d+"
    r"|t:(?P<time>-?\d{1,12})(?::(?P<style>[tTdDfFR]))?"
    r"|/(?P<command>[\w -]+):\d+"
    r"|id:(?P<place>\w+)(?::\d+)?)>"
)
_CROWD = re.compile(r"@(everyone|here)\b")
_PLACES = {"customize": "channels and roles", "browse": "the channel list", "guide": "the guide"}
_STEPS = (
    ("year", 365 * 86_400),
    ("month", 30 * 86_400),
    ("week", 7 * 86_400),
    ("day", 86_400),
    ("hour", 3_600),
    ("minute", 60),
    ("second", 1),
)


def told(content: str, heard: Heard) -> str:
    """Return `content` with mentions, emoji of servers, times and commands as words."""

    def words(match: re.Match[str]) -> str:
        if match["user"]:
            return heard.users.get(int(match["user"]), "somebody")
        if match["time"]:
            return moment(int(match["time"]), match["style"] or "f", now=heard.sent_at)
        if match["emoji"]:
            return f", {worded(match['emoji'])} emoji, "
        if match["command"]:
            return f"slash {match['command']}"
        if match["place"]:
            return _PLACES.get(match["place"], "a part of the server")
        return _role_or_channel(match, heard)

    crowd = {"everyone": "everyone", "here": "everyone here"}
    return _CROWD.sub(lambda match: crowd[match[1]], _NOTATION.sub(words, content))


def worded(name: str) -> str:
    """Return an emoji's, channel's or sticker's name as words: "party_Parrot2" to "party Parrot 2".

    Capitals within a word begin another: "pepeLaugh" to "pepe Laugh".
    """
    parts = re.findall(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])|\d+|[^\W_]+", name)
    return " ".join(parts) or "unnamed"


def moment(at: int, style: str, *, now: float) -> str:
    """Return a time as said: "in 5 minutes" in style R, otherwise a date or a time in UTC."""
    if style == "R":
        return _relative(at - now)
    try:
        when = datetime.fromtimestamp(at, UTC)
    except (OverflowError, OSError, ValueError):
        return "some time"
    clock = f"{when:%H:%M} UTC"
    date = f"{when:%B} {when.day}, {when.year}"
    if style in "tT":
        return clock
    if style in "dD":
        return date
    day = f"{when:%A}, " if style == "F" else ""
    return f"{day}{date} at {clock}"


def _relative(seconds: float) -> str:
    for unit, length in _STEPS:
        count = round(abs(seconds) / length)
        if count and abs(seconds) >= length:
            amount = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"in {amount}" if seconds > 0 else f"{amount} ago"
    return "now"


def _role_or_channel(match: re.Match[str], heard: Heard) -> str:
    kind, names = ("role", heard.roles) if match["role"] else ("channel", heard.channels)
    name = _named(names, int(match[kind]))
    return f"the {kind} {name}" if name else f"a {kind}"


def _named(names: Mapping[int, str], key: int) -> str:
    return worded(names[key]) if key in names else ""
