"""Where the daemon of this computer says it is."""

import time
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import BaseModel, ValidationError

from rtvc_bridge.client.connection import CONNECT_S
from rtvc_bridge.errors import DaemonError
from rtvc_bridge.paths import ADDRESS_FILE

HEALTH_S = 3.0
_HEALTH_TYPES = {200: "application/json", 503: "application/problem+json"}
_LOOK_S = 0.05


class _Written(BaseModel):
    """The part of the address file that a client needs; the daemon may write more."""

    pid: int
    url: str
    token_file: str


@dataclass(frozen=True, slots=True)
class Address:
    """A daemon that listens.

    Attributes:
        pid: Of the daemon.
        url: For example "http://127.0.0.1:7878".
        token_file: The file that holds the bearer token.
    """

    pid: int
    url: str
    token_file: Path


def found(folder: Path, *, wait_s: float) -> Address | None:
    """Return the address in the daemon's file, giving one that is starting `wait_s` to listen.

    None without a readable file, and when the process that wrote it is gone: another program
    may have its port by now, and must not be shown the token.
    """
    until = time.monotonic() + wait_s
    while True:
        try:
            written = _Written.model_validate_json((folder / ADDRESS_FILE).read_bytes())
        except (OSError, ValidationError):
            return None
        if not _alive(written.pid):
            return None
        if written.url:
            return Address(written.pid, written.url, Path(written.token_file))
        if time.monotonic() >= until:
            return None
        time.sleep(_LOOK_S)


def answers(address: Address, *, timeout_s: float = HEALTH_S) -> bool:
    """Return whether a daemon answers there, ready to make sound or not; shows it no token.

    Raises:
        DaemonError: If something listens there and does not answer in time.
    """
    url = f"{address.url}/v1/health"
    timeout = httpx.Timeout(timeout_s, connect=CONNECT_S)
    verify = url.startswith("https:")
    try:
        answer = httpx.get(url, timeout=timeout, trust_env=False, verify=verify)
    except httpx.ReadTimeout as error:
        raise DaemonError(
            f"The daemon (pid {address.pid}) does not answer. End that process and start "
            "another: rtvc-bridge run. Or add --local to do without."
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    told: str = answer.headers.get("content-type", "")
    return told == _HEALTH_TYPES.get(answer.status_code)


def token_of(address: Address) -> str:
    """Return the token that the daemon there asks for.

    Raises:
        DaemonError: If its file cannot be read.
    """
    try:
        return address.token_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DaemonError(
            f"A daemon runs (pid {address.pid}), but its token cannot be read: {error}. "
            "Run as the user who started it, or add --local to do without it."
        ) from error


def _alive(pid: int) -> bool:
    import psutil  # slow to import, and needed only where a daemon has left its file

    return psutil.pid_exists(pid)
