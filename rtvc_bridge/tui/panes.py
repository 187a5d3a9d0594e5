"""The screens that only show: adapters, latency, log."""

from collections.abc import Callable, Sequence
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.widgets import DataTable, Log, Static

from rtvc_bridge.client import StatusView
from rtvc_bridge.tui import words
from rtvc_bridge.tui.pane import Pane
from rtvc_bridge.tui.table import Rows

LOG_LINES = 200


class AdaptersPane(Pane):
    """How the adapters fare, and which lanes are played.

    Args:
        clock: The time now, in UTC.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._clock = clock
        self._reasons: dict[str, str | None] = {}

    def compose(self) -> ComposeResult:
        """Yield the table over what plays."""
        yield Rows(("adapter", "state", "for", "restarts", "why it failed"), key="adapters-table")
        yield Static(id="adapter-reason", markup=False)
        yield Static(id="players", markup=False)

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        self._paint()

    def _paint(self) -> None:
        """Show in full why the chosen adapter failed."""
        name = self.query_one(Rows).chosen or ""
        reason = self._reasons.get(name)
        text = f"{name}: {reason}" if reason else ""
        self.query_one("#adapter-reason", Static).update(text)

    def show(self, status: StatusView) -> None:
        """Take in the daemon's status."""
        now = self._clock()
        self._reasons = {each["name"]: each["reason"] for each in status["adapters"]}
        self.query_one(Rows).fill(
            [
                (
                    str(adapter["name"]),
                    (
                        str(adapter["name"]),
                        str(adapter["state"]),
                        words.age(adapter["since"], now),
                        str(adapter["restarts"]),
                        str(adapter["reason"] or ""),
                    ),
                )
                for adapter in status["adapters"]
            ]
        )
        self._paint()
        players = ", ".join(sorted(status["players"]))
        self.query_one("#players", Static).update(
            f"Lanes that are played: {players}."
            if players
            else "No adapter plays any lane: nothing that is said will be heard."
        )


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
