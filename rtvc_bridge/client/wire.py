"""What can be sent: UTF-8 holds no half characters, and a command line may bring some."""

import re
from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")

_HALF = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ue000"  # of private use: cleaned out of what is spoken, and in no voice's name


def sendable(text: str) -> str:
    """Return `text` with U+E000 for each half character (a surrogate)."""
    return _HALF.sub(_REPLACEMENT, text)


def sendable_values(body: Mapping[str, T]) -> dict[str, T | str]:
    """Return the same members, those that are text made sendable."""
    return {
        key: sendable(value) if isinstance(value, str) else value for key, value in body.items()
    }
