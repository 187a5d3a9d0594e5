"""The part of the queue's screen with the lines that wait for a moderator."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import DataTable, Static

from rtvc_bridge.client import StatusView, UtteranceView
from rtvc_bridge.tui import words
from rtvc_bridge.tui.api import Daemon
from rtvc_bridge.tui.dialogs import Field, Form
from rtvc_bridge.tui.messages import Ask, Changed
from rtvc_bridge.tui.table import Rows


class HeldPart(Vertical):
    """The held lines with the reason of the chosen one; not there while nothing is held.

    Args:
        clock: The time now, in UTC.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "approve", "Approve"),
        Binding("d", "deny", "Deny"),
        Binding("escape", "leave", "To the queue"),
    ]

    class Left(Message):
        """Whoever was here wants to go to the queue, or nothing is held any more."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__(id="held")
        self._clock = clock
        self._held: dict[str, UtteranceView] = {}
        self.display = False

    def compose(self) -> ComposeResult:
        """Yield the table between its heading and what is known of the chosen line."""
        yield Static(id="held-state", markup=False)
        yield Rows(("line", "lane", "user", "for", "text"), key="held-lines")
        yield Static(id="held-line", markup=False)

    @property
    def entered(self) -> bool:
        """Whether the keys act on held lines."""
        return self.query_one(Rows).has_focus

    def enter(self) -> None:
        """Go to the held lines, if there are any."""
        if self._held:
            self.query_one(Rows).focus()

    def show(self, status: StatusView) -> None:
        """Take in the daemon's status."""
        if status["held"]:
            self.post_message(Ask(lambda daemon: daemon.held(), self._list))
        else:
            self._list([])

    def action_approve(self) -> None:
        """Let the chosen line be spoken."""
        if (number := self._number()) is not None:
            self._ask(lambda daemon: daemon.approve(number))

    def action_deny(self) -> None:
        """End the chosen line unsaid, for a reason that may be given."""
        if (number := self._number()) is None:
            return

        def deny(answer: tuple[str, ...] | None) -> None:
            if answer is not None:
                reason = answer[0]
                self._ask(lambda daemon: daemon.deny(number, reason))

        fields = [Field("Why, if you like; whoever asked for it is told", optional=True)]
        self.app.push_screen(Form(f"Deny line {number}", fields), deny)

    def action_leave(self) -> None:
        """Go back to the queue."""
        self.post_message(self.Left())

    @on(DataTable.RowHighlighted)
    def _moved(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        self._paint()

    def _list(self, lines: Sequence[UtteranceView]) -> None:
        self._held = {str(line["id"]): line for line in lines}
        if self.entered and not self._held:
            self.action_leave()
        self.display = bool(self._held)
        self.query_one("#held-state", Static).update(f"{words.held(len(self._held))} h: to them.")
        self.query_one(Rows).fill([(key, self._cells(line)) for key, line in self._held.items()])
        self._paint()

    def _paint(self) -> None:
        """Show the chosen line in full, and why it is held."""
        line = self._held.get(self.query_one(Rows).chosen or "")
        text = Content()
        if line is not None:
            text = Content.assemble(
                f"{line['voice']}: {line['text']}", (f"\n{line['reason'] or ''}", "$text-warning")
            )
        self.query_one("#held-line", Static).update(text)

    def _ask(self, verb: Callable[[Daemon], object]) -> None:
        self.post_message(Ask(verb, lambda _: self._changed()))

    def _changed(self) -> None:
        self.post_message(Changed())

    def _number(self) -> int | None:
        chosen = self.query_one(Rows).chosen
        return None if chosen is None else int(chosen)

    def _cells(self, line: UtteranceView) -> tuple[str, ...]:
        return (
            str(line["id"]),
            line["lane"],
            line["user"] or "-",
            words.age(line["queued_at"], self._clock()),
            line["text"],
        )
