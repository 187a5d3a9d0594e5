"""A screen with one key that silences everything, wherever one is in it."""

from time import monotonic
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

from rtvc_bridge.tui.api import Start
from rtvc_bridge.tui.messages import Ask, Changed
from rtvc_bridge.tui.starting import StartingApp

KEY = "ctrl+g"
STOPPED = "Everything is stopped - ^g to go on"
LIFT_AFTER_S = 2.0
"""So that a key pressed twice or held down in a hurry does not lift what it has stopped."""


class HaltingApp(StartingApp):
    """Stops everything at one key, and lets it go on at the same.

    Args:
        start: As in StartingApp.
        lift_after_s: The key lifts only when all has been stopped, and it rested, for that long.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(KEY, "panic", "Stop everything, or go on", show=False, priority=True)
    ]

    def __init__(self, start: Start | None, *, lift_after_s: float) -> None:
        super().__init__(start)
        self._lift_after_s = lift_after_s
        self._is_halted = self._asked = False
        self._rests_since = 0.0
        self.halted_banner = Static(STOPPED, id="halted", markup=False)

    def show_halted(self, *, halted: bool) -> None:
        """Show that everything is stopped, or that it goes on."""
        if halted and not self._is_halted:
            self._rests_since = monotonic()
            if isinstance(self.screen, ModalScreen):  # which covers the banner
                self.notify(STOPPED, severity="error")
        self._is_halted = halted
        self.halted_banner.display = halted

    def action_panic(self) -> None:
        """Silence everything; if that is so already, let lines be said again."""
        rested_s = monotonic() - self._rests_since
        self._rests_since = monotonic()
        if self._asked or (self._is_halted and rested_s < self._lift_after_s):
            return
        self._asked = True
        if self._is_halted:
            self.ask(Ask(lambda daemon: daemon.lift(), self._lifted, self._not_done))
        else:
            self.ask(Ask(lambda daemon: daemon.halt(), self._halted, self._not_done))

    def _halted(self, _cancelled: int) -> None:
        self._answered_with(halted=True)

    def _lifted(self, _: object) -> None:
        self._answered_with(halted=False)

    def _answered_with(self, *, halted: bool) -> None:
        self._asked = False
        self.show_halted(halted=halted)
        self.post_message(Changed())

    def _not_done(self, reason: str) -> None:
        self._asked = False
        self.notify(reason, severity="error", markup=False)
