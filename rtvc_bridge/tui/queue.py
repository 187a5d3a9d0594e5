"""The screen of the queue: what is heard, what waits, and what may be done about it."""

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Static

from rtvc_bridge.client import StatusView, UtteranceView
from rtvc_bridge.tui import words
from rtvc_bridge.tui.api import Daemon
from rtvc_bridge.tui.messages import Ask, Changed
from rtvc_bridge.tui.pane import Pane
from rtvc_bridge.tui.table import Rows

EMPTY = "Nothing is being said and nothing waits."


class QueuePane(Pane):
    """The lines of every lane, live.

    Args:
        clock: The time now, in UTC.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "skip", "Skip"),
        Binding("x,delete", "cancel", "Drop", key_display="x"),
        Binding("u", "promote", "Up"),
        Binding("c", "clear_lane", "Clear lane"),
        Binding("C", "clear_all", "Clear all", key_display="C"),
        Binding("space", "pause_lane", "Pause lane", key_display="␣"),
        Binding("P", "pause_all", "Pause all", key_display="P"),
    ]

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._clock = clock
        self._queue: dict[str, UtteranceView] = {}
        self._paused: tuple[str | None, ...] = ()

    def compose(self) -> ComposeResult:
        """Yield a line about pauses over the table."""
        yield Static(EMPTY, id="queue-state", markup=False)
        yield Rows(("state", "lane", "user", "for", "text"), key="queue-lines")
        yield Static(id="chosen-line", markup=False)

    def show(self, status: StatusView) -> None:
        """Take in the daemon's status."""
        self._queue = {str(line["id"]): line for line in status["queue"]}
        self._paused = tuple(status["paused"])
        self.query_one("#queue-state", Static).update(self._heading())
        self.query_one(Rows).fill([(key, self._cells(line)) for key, line in self._queue.items()])
        self._paint()

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        self._paint()

    def action_skip(self) -> None:
        """Silence what is heard in the chosen line's lane; without one, everywhere."""
        lane = self._lane()
        self._ask(lambda daemon: daemon.skip(lane=lane, user=None))

    def action_cancel(self) -> None:
        """Cancel the chosen line."""
        if (number := self._number()) is not None:
            self._ask(lambda daemon: daemon.cancel(number))

    def action_promote(self) -> None:
        """Make the chosen line the next of its user."""
        if (number := self._number()) is not None:
            self._ask(lambda daemon: daemon.promote(number))

    def action_clear_lane(self) -> None:
        """Cancel what waits in the chosen line's lane."""
        if (lane := self._lane()) is not None:
            self._ask(lambda daemon: daemon.clear(lane=lane, user=None))

    def action_clear_all(self) -> None:
        """Cancel whatever waits."""
        self._ask(lambda daemon: daemon.clear(lane=None, user=None))

    def action_pause_lane(self) -> None:
        """Pause the chosen line's lane, or let it go on; without one, every lane."""
        self._toggle(self._lane())

    def action_pause_all(self) -> None:
        """Pause every lane, or let all go on."""
        self._toggle(None)

    def _toggle(self, lane: str | None) -> None:
        if lane in self._paused:
            self._ask(lambda daemon: daemon.resume(lane=lane))
        else:
            self._ask(lambda daemon: daemon.pause(lane=lane))

    def _ask(self, verb: Callable[[Daemon], object]) -> None:
        self.post_message(Ask(verb, lambda _: self._changed()))

    def _changed(self) -> None:
        self.post_message(Changed())

    def _number(self) -> int | None:
        chosen = self.query_one(Rows).chosen
        return None if chosen is None else int(chosen)

    def _lane(self) -> str | None:
        chosen = self.query_one(Rows).chosen
        return None if chosen is None else str(self._queue[chosen]["lane"])

    def _paint(self) -> None:
        """Show the chosen line in full."""
        line = self._queue.get(self.query_one(Rows).chosen or "")
        text = f"{line['voice']}: {line['text']}" if line else ""
        self.query_one("#chosen-line", Static).update(text)

    def _heading(self) -> str:
        parts = [EMPTY] if not self._queue else [f"{len(self._queue)} in the queue."]
        if self._paused:
            parts.append(f"{words.paused(self._paused).capitalize()}.")
        return " ".join(parts)

    def _cells(self, line: UtteranceView) -> tuple[str, ...]:
        state = words.heard_state(line)
        return (
            f"{words.mark(str(line['state']))} {state}",
            str(line["lane"]),
            str(line["user"]) or "-",
            words.age(line["queued_at"], self._clock()),
            str(line["text"]),
        )
