"""The screen of the queue: what is heard, what waits, and what may be done about it."""

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Static

from rtvc_bridge.client import StatusView, UtteranceView
from rtvc_bridge.tui import order, words
from rtvc_bridge.tui.api import Daemon
from rtvc_bridge.tui.held import HeldPart
from rtvc_bridge.tui.messages import Ask, Changed
from rtvc_bridge.tui.order import Place
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
        Binding("ctrl+up", "move('up')", "Up", key_display="^↑"),
        Binding("ctrl+down", "move('down')", "Down", key_display="^↓"),
        Binding("c", "clear_lane", "Clear lane"),
        Binding("C", "clear_all", "Clear all", key_display="C"),
        Binding("space", "pause_lane", "Pause lane", key_display="␣"),
        Binding("P", "pause_all", "Pause all", key_display="P"),
        Binding("h", "held", "Held", show=False),  # named where they are, if there are any
    ]

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._clock = clock
        self._queue: dict[str, UtteranceView] = {}
        self._held = HeldPart(clock)
        self._moves: deque[tuple[int, Place]] = deque()
        self._paused: tuple[str | None, ...] = ()

    def compose(self) -> ComposeResult:
        """Yield a line about pauses over the table, and what is held under it."""
        yield Static(EMPTY, id="queue-state", markup=False)
        yield Rows(("state", "lane", "user", "for", "text"), key="queue-lines")
        yield Static(id="chosen-line", markup=False)
        yield self._held

    def show(self, status: StatusView) -> None:
        """Take in the daemon's status."""
        self._paused = tuple(status["paused"])
        if not self._moves:  # else it tells of the order before them
            self._list(status["queue"])
        self._held.show(status)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the keys for the queue's lines only where those are."""
        if self._held.is_mounted and self._held.entered:
            return False
        return super().check_action(action, parameters)

    def action_held(self) -> None:
        """Go to the held lines."""
        self._held.enter()

    @on(HeldPart.Left)
    def _to_queue(self) -> None:
        self.focus_main()

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

    def action_move(self, direction: str) -> None:
        """Let the chosen line pass another of its lane and user: "up" or "down"."""
        lines, number = list(self._queue.values()), self._number()
        if number is None:
            return
        place = order.step(lines, number, up=direction == "up")
        if place is None:
            self.notify(f"It cannot go {direction}: lines pass waiting ones of their own user.")
            return
        self._list(order.moved(lines, number, place))
        self._moves.append((number, place))
        if len(self._moves) == 1:
            self._send_move()

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

    def _send_move(self) -> None:
        """Ask for the first move; the next is asked for once that is done."""
        number, place = self._moves[0]
        self.post_message(
            Ask(
                lambda daemon: daemon.move(number, before=place.before),
                lambda _: self._move_done(),
                self._move_refused,
            )
        )

    def _move_done(self) -> None:
        self._moves.popleft()
        if self._moves:
            self._send_move()
        else:
            self._changed()

    def _move_refused(self, reason: str) -> None:
        self._moves.clear()
        self.notify(reason, severity="error", markup=False)
        self._changed()

    def _list(self, lines: Iterable[UtteranceView]) -> None:
        self._queue = {str(line["id"]): line for line in lines}
        self.query_one("#queue-state", Static).update(self._heading())
        self.query_one(Rows).fill([(key, self._cells(line)) for key, line in self._queue.items()])
        self._paint()

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
            words.age(words.since(line), self._clock()),
            str(line["text"]),
        )
