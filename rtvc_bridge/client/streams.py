"""Events, cut out of a stream of bytes."""

import json
from collections.abc import Iterable, Iterator
from typing import Any


def sse_events(pieces: Iterable[bytes]) -> Iterator[tuple[str, Any]]:
    """Yield the name and the decoded data of each server-sent event; comments are left out."""
    name, data = "message", b""
    for line in _lines(pieces):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value.decode()
        elif field == b"data":
            data += value
        elif not line and data:
            yield name, json.loads(data)
            name, data = "message", b""


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield whole lines. Only LF and CRLF end one: text within JSON may hold other breaks."""
    left = b""
    for piece in pieces:
        *whole, left = (left + piece).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r")
