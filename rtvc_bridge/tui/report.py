"""The quality report of a new voice."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from rtvc_bridge.client import EnrolmentView

_COLOURS = {"refuse": "$error", "warn": "$warning", "note": "$text-muted"}


class ReportScreen(ModalScreen[None]):
    """What a voice was made of, and what would make it better."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,escape", "app.pop_screen", "Close")]

    def __init__(self, made: EnrolmentView) -> None:
        super().__init__()
        self._made = made

    def compose(self) -> ComposeResult:
        """Yield the findings."""
        report = self._made["report"]
        with Vertical(classes="dialog"):
            yield Static(
                f"{self._made['voice']['name']} is enrolled", markup=False, classes="heading"
            )
            yield Static(f"{report['speech_s']:.1f} s of speech were used.")
            if not report["findings"]:
                yield Static("Nothing is wrong with the recordings.")
            for finding in report["findings"]:
                severity = finding["severity"]
                colour = _COLOURS.get(severity, "$error")
                yield Static(Content.assemble((f"{severity}  ", colour), finding["message"]))
        yield Footer(compact=True)
