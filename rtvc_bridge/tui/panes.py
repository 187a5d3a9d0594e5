"""The screens that only show: latency, log."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.widgets import Log, Static

from rtvc_bridge.client import StatusView
from rtvc_bridge.tui import words
from rtvc_bridge.tui.pane import Pane
from rtvc_bridge.tui.table import Rows

LOG_LINES = 200


class LatencyPane(Pane):
    """How long people wait for sound, lane by lane."""

    def compose(self) -> ComposeResult:
        """Yield the table under what it means."""
        yield Static("From asking to the first sound made, and to the first sound delivered.")
        yield Rows(
            ("lane", "lines", "made p50", "p95", "delivered p50", "p95"), key="latency-table"
        )

    def show(self, status: StatusView) -> None:
        """Take in the daemon's status."""
        self.query_one(Rows).fill(
            [
                (
                    lane,
                    (
                        lane,
                        str(figures["count"]),
                        words.duration(figures["first_audio_p50_s"]),
                        words.duration(figures["first_audio_p95_s"]),
                        words.duration(figures["first_delivered_p50_s"]),
                        words.duration(figures["first_delivered_p95_s"]),
                    ),
                )
                for lane, figures in sorted(status["latency"].items())
            ]
        )


class LogPane(Pane):
    """The end of the daemon's log."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """Yield the lines."""
        yield Log(id="log-lines", classes="main")

    def show_lines(self, lines: Sequence[str]) -> None:
        """Show these lines."""
        if tuple(lines) == self._lines:
            return
        self._lines = tuple(lines)
        log = self.query_one(Log)
        log.clear()
        log.write_lines(lines)
