"""The daemon's verbs on what is said, as methods."""

from typing import cast

from rtvc_bridge.client.connection import Connection
from rtvc_bridge.client.views import UtteranceView


class QueueVerbs:
    """The part of a Client that steers what is said.

    Args:
        daemon: That says it.
    """

    def __init__(self, daemon: Connection) -> None:
        self._daemon = daemon

    def queue(self) -> list[UtteranceView]:
        """Return what is spoken or heard now, then what waits; each oldest first."""
        return cast("list[UtteranceView]", self._daemon.ask("GET", "/v1/queue").json())

    def skip(self, lane: str | None = None, user: str | None = None) -> int:
        """Silence what is heard now, of that lane and user (None: any); return how many lines."""
        body = {"lane": lane, "user": user}
        return int(self._daemon.ask("POST", "/v1/queue/skip", json=body).json()["cancelled"])

    def clear(self, lane: str | None = None, user: str | None = None) -> int:
        """Cancel what waits, of that lane and user (None: any); return how many lines."""
        asked = {"lane": lane, "user": user}
        wanted = {key: value for key, value in asked.items() if value is not None}
        return int(self._daemon.ask("DELETE", "/v1/queue", params=wanted).json()["cancelled"])

    def pause(self, lane: str | None = None) -> None:
        """Let that lane (None: all) wait until `resume`; what is being spoken goes on."""
        self._daemon.ask("POST", "/v1/queue/pause", json={"lane": lane})

    def resume(self, lane: str | None = None) -> None:
        """End the pause of that lane; None ends every pause."""
        self._daemon.ask("POST", "/v1/queue/resume", json={"lane": lane})

    def cancel(self, number: int) -> None:
        """Silence one line, or take it out of the queue.

        Raises:
            UtteranceNotFoundError: If there is none of that number any more.
        """
        self._daemon.ask("DELETE", f"/v1/utterances/{number}")

    def move(self, number: int, before: int | None = None) -> None:
        """Put a waiting line right before another of its lane and user; None: last of them.

        Raises:
            UtteranceNotFoundError: If one of the two does not wait there.
        """
        self._daemon.ask("POST", f"/v1/utterances/{number}/move", json={"before": before})

    def replay(self, number: int, lane: str | None = None) -> UtteranceView:
        """Queue the same line again, in the same voice and for the same user.

        Args:
            number: Of the line.
            lane: Where to play it; None for where it was said.

        Raises:
            UtteranceNotFoundError: If there is none of that number any more.
            NoPlayerError: If nothing plays that lane, as that of `speech`.
        """
        answer = self._daemon.ask("POST", f"/v1/utterances/{number}/replay", json={"lane": lane})
        return cast("UtteranceView", answer.json())

    def held(self) -> list[UtteranceView]:
        """Return what waits for a moderator, oldest first; `reason` says why."""
        return cast("list[UtteranceView]", self._daemon.ask("GET", "/v1/held").json())

    def approve(self, number: int) -> None:
        """Let a held line be spoken.

        Raises:
            UtteranceNotFoundError: If it is not held.
            HaltedError, QueueFullError: If it cannot be spoken now; it stays held.
        """
        self._daemon.ask("POST", f"/v1/held/{number}/approve")

    def deny(self, number: int, reason: str = "") -> None:
        """End a held line unsaid, telling whoever asked for it `reason`.

        Raises:
            UtteranceNotFoundError: If it is not held.
        """
        self._daemon.ask("POST", f"/v1/held/{number}/deny", json={"reason": reason})

    def halt(self) -> int:
        """Silence everything, and have nothing more said until `lift`; return how many lines."""
        return int(self._daemon.ask("POST", "/v1/halt").json()["cancelled"])

    def lift(self) -> None:
        """Have lines said again after `halt`."""
        self._daemon.ask("POST", "/v1/lift")
