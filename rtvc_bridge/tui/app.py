"""The terminal screen itself: connection, tabs, and what is asked of the daemon."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen, Screen
from textual.widgets import Footer, Static, TabbedContent, TabPane

from rtvc_bridge.client import StatusView, VoiceView
from rtvc_bridge.tui import themes, words
from rtvc_bridge.tui.adapters import AdaptersPane
from rtvc_bridge.tui.api import Connect, Start
from rtvc_bridge.tui.halting import LIFT_AFTER_S, HaltingApp
from rtvc_bridge.tui.messages import Ask, Changed
from rtvc_bridge.tui.pane import Pane
from rtvc_bridge.tui.panes import LOG_LINES, LatencyPane, LogPane
from rtvc_bridge.tui.queue import QueuePane
from rtvc_bridge.tui.speak import SpeakPane
from rtvc_bridge.tui.voices import VoicesPane
from rtvc_bridge.tui.watch import (
    RETRY_S,
    Connected,
    Happening,
    Lost,
    Sounding,
    Uttered,
    Watcher,
)

TABS = ("speak", "queue", "voices", "adapters", "latency", "log")
LETTERS = "sqvalo"
"""With alt, of the tabs. Not digits: Textual reads alt and a digit as a macOS letter."""
TICK_S = 1.0
SETTLE_S = 0.1  # one reading of the status for a burst of changes
SETTLED_S = 1.0
"""After which the screen stands, with all that it showed first."""


class BridgeApp(HaltingApp):
    """The terminal screen.

    Args:
        connect: Gives the running daemon, or None; called on a thread, again and again.
        start: Starts a daemon and returns at once; None if that is not possible.
        phrases: Quick phrases for F1 to F8.
        phrases_in: The settings file that they are from.
        clock: The time now, in UTC.
        retry_s: Between two tries to reach a daemon.
        lift_after_s: As in HaltingApp.
        settled: Called once, when the screen stands.
    """

    CSS_PATH = "style.tcss"
    TITLE = "rtvc-bridge"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f9", "start_daemon", "Start a daemon"),
        Binding("ctrl+n", "next_tab", "Next screen", show=False, priority=True),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
        *(
            Binding(key, f"tab('{tab}')", tab.capitalize(), show=False, priority="+" in key)
            for number, (tab, letter) in enumerate(zip(TABS, LETTERS, strict=True), 1)
            for key in (f"alt+{letter}", str(number))
        ),
    ]

    def __init__(
        self,
        connect: Connect,
        *,
        start: Start | None = None,
        phrases: Sequence[str] = (),
        phrases_in: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        retry_s: float = RETRY_S,
        lift_after_s: float = LIFT_AFTER_S,
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(start, lift_after_s=lift_after_s)
        self.animation_level = "none"  # over ssh each frame is a delay
        self._key_offered = False
        self._watcher = Watcher(connect, self._tell, retry_s=retry_s)
        self._settled = settled
        self._reading = self._stale = False
        self._state = Static("Looking for the daemon …", id="state", markup=False)
        self._banner = Static(id="banner", markup=False)
        self._tabs = TabbedContent()
        self._speak = SpeakPane(phrases, phrases_in)
        self._voices, self._adapters, self._log_pane = VoicesPane(), AdaptersPane(clock), LogPane()
        self._live = (self._speak, QueuePane(clock), self._adapters, LatencyPane())
        speak, queue, adapters, latency = self._live
        panes = (speak, queue, self._voices, adapters, latency, self._log_pane)
        self._panes: dict[str, Pane] = dict(zip(TABS, panes, strict=True))

    def on_load(self) -> None:
        """Choose the colours, before anything is drawn in others."""
        self.register_theme(themes.DARK)
        self.register_theme(themes.LIGHT)
        self.theme = themes.DARK.name

    def compose(self) -> ComposeResult:
        """Yield the state, banners for trouble, the tabs and the key bar."""
        with Horizontal(id="top"):
            yield self._state
            yield Static("^g: panic  ^n, alt+letter: screen  ^q: quit", id="keys")
        yield self.halted_banner
        yield self._banner
        with self._tabs:
            for number, (tab, pane) in enumerate(self._panes.items(), 1):
                at, title = tab.index(LETTERS[number - 1]), tab.capitalize()
                with TabPane(f"{number} {title[:at]}[u]{title[at]}[/u]{title[at + 1 :]}", id=tab):
                    if pane is self._speak:  # the others once they are looked at
                        yield pane
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Begin to follow the daemon."""
        self._speak.focus_main()
        self.set_interval(TICK_S, self._tick)
        self._watcher.start()
        self.set_timer(SETTLED_S, self._settled)

    def on_unmount(self) -> None:
        """Stop following it."""
        self._watcher.stop()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield the commands of the palette."""
        yield from super().get_system_commands(screen)
        yield SystemCommand("Light or dark", "Switch between the two themes", self.action_light)
        yield SystemCommand("Panic", "Stop everything, or let it go on", self.action_panic)
        for tab in TABS:
            yield SystemCommand(f"Go to {tab}", "Switch the screen", partial(self.action_tab, tab))
        if self.can_start:
            yield SystemCommand(
                "Start a daemon", "So that lines can be said", self.action_start_daemon
            )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what is possible now."""
        if action in ("tab", "next_tab"):
            return not isinstance(self.screen, ModalScreen)
        if action == "start_daemon":
            return self.can_start
        return super().check_action(action, parameters)

    def action_light(self) -> None:
        """Switch between light and dark."""
        dark = self.theme == themes.DARK.name
        self.theme = themes.LIGHT.name if dark else themes.DARK.name

    async def action_tab(self, tab: str) -> None:
        """Show a tab."""
        await self._made(tab)
        self._tabs.active = tab

    async def action_next_tab(self) -> None:
        """Show the next tab."""
        await self.action_tab(TABS[(TABS.index(self._tabs.active) + 1) % len(TABS)])

    @on(TabbedContent.TabActivated)
    async def _tab_shown(self) -> None:
        pane = await self._made(self._tabs.active)
        pane.focus_main()
        self._read_tab()

    async def _made(self, tab: str) -> Pane:
        """Return what a tab shows, which is made when it is looked at first."""
        pane = self._panes[tab]
        if not pane.is_attached:
            await self._tabs.get_pane(tab).mount(pane)
            self._outdated()
        return pane

    def _tell(self, happening: Happening) -> None:
        """Take in what happens in the daemon, from the watcher's thread."""
        self.on_loop(partial(self._happened, happening))

    def _happened(self, happening: Happening) -> None:
        match happening:
            case Connected():
                self._connected(happening)
            case Lost(reason):
                self.lost(reason)
            case Uttered(line):
                self._speak.heard(line)
                self._outdated()
            case Sounding(levels_db):
                self._sounding(levels_db)
            case _:
                self._outdated()

    def _sounding(self, levels_db: Mapping[str, float]) -> None:
        if self._adapters.is_mounted:
            self._adapters.show_levels(levels_db)

    def _connected(self, event: Connected) -> None:
        self.daemon = event.daemon
        self.started_well()
        self.trouble("")
        self._show(event.status)
        self._read_voices()
        self._read_tab()
        self._offer_key()

    def lost(self, reason: str) -> None:
        """Show that there is no daemon."""
        self.daemon = None
        self._sounding({})
        self.show_halted(halted=False)
        if self.starting:
            return
        hint = " F9 starts one." if self.can_start else ""
        self.trouble(f"{self.not_started or reason} Trying again.{hint}")
        self._state.update("not connected")
        self.offer_start(reason)
        self._offer_key()

    def _offer_key(self) -> None:
        """Show the key that starts a daemon, or not; the key bar is made anew only for a change."""
        if self._key_offered != self.can_start:
            self._key_offered = self.can_start
            self.refresh_bindings()

    @on(Changed)
    def _outdated(self) -> None:
        """Read the status soon, once for all that changes until then."""
        if not self._stale:
            self._stale = True
            self.set_timer(SETTLE_S, self._read)

    @on(VoicesPane.Outdated)
    def _voices_changed(self, event: VoicesPane.Outdated) -> None:
        self._read_voices(event.chosen)

    def _tick(self) -> None:
        self.check_start()
        if self.daemon is not None:
            self._outdated()
            self._read_tab()

    def _read(self) -> None:
        """Read the status; while that is going on, once more a little later."""
        self._stale = False
        if self._reading:
            self._outdated()
        elif self.daemon is not None:  # the first thing that one tells is its status
            self._reading = True
            self.ask(Ask(lambda daemon: daemon.status(), self._show, self._not_read))

    def _not_read(self, _reason: str) -> None:
        self._reading = False  # the watcher tells why

    def _show(self, status: StatusView) -> None:
        self._reading = False
        self._state.update(words.summary(status))
        self.show_halted(halted=status["halted"])
        for pane in self._live:
            if pane.is_mounted:
                pane.show(status)

    def _read_voices(self, chosen: str | None = None) -> None:
        def show(voices: Sequence[VoiceView]) -> None:
            self._speak.show_voices([voice["name"] for voice in voices])
            if self._voices.is_mounted:
                self._voices.show_voices(voices, chosen)

        self.ask(Ask(lambda daemon: daemon.voices(), show, self.trouble))

    def _read_tab(self) -> None:
        """Read what only the shown tab needs."""
        if self.daemon is None or not self._panes[self._tabs.active].is_mounted:
            return
        if self._tabs.active == "log":
            self.ask(
                Ask(
                    lambda daemon: daemon.log(lines=LOG_LINES),
                    self._log_pane.show_lines,
                    self.trouble,
                )
            )
        elif self._tabs.active == "voices":
            self._read_voices()
            self.ask(Ask(lambda daemon: daemon.damaged(), self._voices.show_damaged, self.trouble))

    def trouble(self, text: str) -> None:
        """Show what is wrong over everything, or nothing."""
        self._banner.update(text)
        self._banner.display = bool(text)
