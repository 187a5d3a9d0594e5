"""Following a daemon, and the next one when it is gone."""

import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass

from rtvc_bridge.client import StatusView, UtteranceView
from rtvc_bridge.errors import RtvcBridgeError
from rtvc_bridge.tui.api import Connect, Daemon

NO_DAEMON = "No daemon is running."
STOPPED = "The daemon has stopped."
RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Connected:
    """A daemon answers."""

    daemon: Daemon
    status: StatusView


@dataclass(frozen=True, slots=True)
class Lost:
    """No daemon answers, for a reason in words that may be shown."""

    reason: str


@dataclass(frozen=True, slots=True)
class Uttered:
    """A line came into another state."""

    line: UtteranceView


@dataclass(frozen=True, slots=True)
class Sounding:
    """How loud the lanes are that sound now, in dB of full scale."""

    levels_db: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Otherwise:
    """Something else changed: the status should be read again."""


Happening = Connected | Lost | Uttered | Sounding | Otherwise


class Watcher:
    """Tells what happens in the daemon, from a thread of its own.

    Args:
        connect: Gives the running daemon, or None.
        tell: Called from the thread.
        retry_s: Between two tries to reach a daemon.
    """

    def __init__(
        self, connect: Connect, tell: Callable[[Happening], object], *, retry_s: float = RETRY_S
    ) -> None:
        self._connect = connect
        self._tell = tell
        self._retry_s = retry_s
        self._stop = threading.Event()
        self._daemon: Daemon | None = None
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Tell nothing more, and give up the connection."""
        self._stop.set()
        if (daemon := self._daemon) is not None:
            daemon.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            reason = self._follow_one()
            if not self._stop.is_set():
                self._tell(Lost(reason))
                self._stop.wait(self._retry_s)

    def _follow_one(self) -> str:
        """Follow a daemon to its end, and return why that is over."""
        try:
            daemon = self._connect()
            if daemon is None:
                return NO_DAEMON
            with closing(daemon):
                self._follow(daemon)
        except RtvcBridgeError as error:
            return str(error)
        return STOPPED

    def _follow(self, daemon: Daemon) -> None:
        self._daemon = daemon
        for name, data in daemon.events():
            if self._stop.is_set():
                return
            if name == "hello":
                self._tell(Connected(daemon, data))
            elif name == "status":
                self._tell(Uttered(data))
            elif name == "levels":
                self._tell(Sounding(data))
            else:
                self._tell(Otherwise())
