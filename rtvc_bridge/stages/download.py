"""Files over HTTP: picked up where they were cut, whatever the server makes of that."""

from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from urllib.error import HTTPError
from urllib.request import Request, urlopen

CHUNK_BYTES = 1 << 20
_TIMEOUT_S = 30.0
_MOST_CUTS = 20


class SourceError(Exception):
    """One source did not give the bytes; the message is a line of the report on all of them."""


def url_chunks(url: str, start: int, total: int) -> Iterator[bytes]:
    """Yield the bytes of `url` from offset `start` to `total`, reconnecting when cut.

    A connection that brings nothing at all is the last one tried.

    Raises:
        SourceError: If the server refuses, or the connection is cut too often.
    """
    if not url.startswith(("https://", "http://")):
        msg = "only http and https addresses are fetched"
        raise SourceError(msg)
    first = start
    for _ in range(_MOST_CUTS):
        reason, before = "the server ended it", start
        try:
            for chunk in _response_chunks(url, start):
                start += len(chunk)
                yield chunk
        except HTTPError as error:
            msg = f"the server answers {error.code} {error.reason}"
            raise SourceError(msg) from error
        except (OSError, HTTPException) as error:  # URLError is an OSError
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        if start >= total:
            return
        if start == before:
            break
    msg = f"cut at {start} of {total} bytes ({reason}); the next try goes on from there"
    raise SourceError(msg if start > first else f"cannot be reached ({reason})")


def _response_chunks(url: str, start: int) -> Iterator[bytes]:
    headers = {"User-Agent": "rtvc-bridge"}
    if start:
        headers["Range"] = f"bytes={start}-"
    # The scheme is http or https, checked by url_chunks.
    with urlopen(Request(url, headers=headers), timeout=_TIMEOUT_S) as response:
        skip = start - _first_byte(response)
        while chunk := response.read(CHUNK_BYTES):
            if wanted := chunk[skip:]:
                yield wanted
            skip = max(0, skip - len(chunk))


def _first_byte(response: HTTPResponse) -> int:
    """Offset of the body's first byte: 0 when the server ignored our Range."""
    if response.status != 206:
        return 0
    content_range = response.headers.get("Content-Range", "")
    first = content_range.removeprefix("bytes ").partition("-")[0]
    if not first.isdecimal():
        msg = f"the server sends a range without saying which ({content_range!r})"
        raise SourceError(msg)
    return int(first)
