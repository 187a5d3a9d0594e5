"""The screen of the adapters: how they fare, which device they use, how loud each lane is."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Static

from rtvc_bridge.client import AdapterView, DevicesView, ReloadView, StatusView
from rtvc_bridge.tui import words
from rtvc_bridge.tui.dialogs import Pick
from rtvc_bridge.tui.messages import Ask, Changed
from rtvc_bridge.tui.meter import meter
from rtvc_bridge.tui.pane import Pane
from rtvc_bridge.tui.table import Rows

METER_WIDTH = 30
MOST_METERS = 8
UNHEARD = "No adapter plays any lane: nothing that is said will be heard."


class AdaptersPane(Pane):
    """How the adapters fare, and how loud the lanes are that they play.

    Args:
        clock: The time now, in UTC.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("d", "device", "Device")]

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._clock = clock
        self._reasons: dict[str, str | None] = {}
        self._players: list[str] = []
        self._levels_db: Mapping[str, float] = {}

    def compose(self) -> ComposeResult:
        """Yield the table over the meters."""
        yield Rows(("adapter", "state", "for", "restarts", "how it fares"), key="adapters-table")
        yield Static(id="adapter-reason", markup=False)
        yield Static(id="players", markup=False)
        yield Static(id="meters", markup=False)

    def show(self, status: StatusView) -> None:
        """Take in the daemon's status."""
        now = self._clock()
        self._reasons = {each["name"]: each["reason"] for each in status["adapters"]}
        self.query_one(Rows).fill(
            [(each["name"], _cells(each, now)) for each in status["adapters"]]
        )
        self._paint()
        self._players = sorted(status["players"])
        self.query_one("#players", Static).update(
            "How loud the lanes are that are played:" if self._players else UNHEARD
        )
        self._paint_meters(layout=True)

    def show_levels(self, levels_db: Mapping[str, float]) -> None:
        """Take in how loud the lanes are that sound now; the others are silent."""
        self._levels_db = levels_db
        self._paint_meters(layout=False)

    def action_device(self) -> None:
        """Choose the device of the chosen adapter."""
        if (name := self.query_one(Rows).chosen) is not None:
            self.post_message(
                Ask(lambda daemon: daemon.devices(name), partial(self._pick_device, name))
            )

    def _pick_device(self, name: str, devices: DevicesView) -> None:
        def choose(device: str | None) -> None:
            if device is None:
                return
            self.post_message(
                Ask(
                    lambda daemon: daemon.choose_device(name, device),
                    partial(self._device_chosen, name, device),
                )
            )

        options = {"": words.OWN_DEVICE} | {device: device for device in devices["devices"]}
        self.app.push_screen(
            Pick(f"Which device is {name} to use?", options, devices["chosen"]), choose
        )

    def _device_chosen(self, name: str, device: str, reload: ReloadView) -> None:
        self.notify(words.device_chosen(name, device, reload), markup=False)
        self.post_message(Changed())

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        self._paint()

    def _paint(self) -> None:
        """Show in full how the chosen adapter fares."""
        name = self.query_one(Rows).chosen or ""
        reason = self._reasons.get(name)
        text = f"{name}: {reason}" if reason else ""
        self.query_one("#adapter-reason", Static).update(text)

    def _paint_meters(self, *, layout: bool) -> None:
        """Show the levels; `layout` is needed only where the number of lanes may differ."""
        lanes = self._players[:MOST_METERS]
        width = max(map(len, lanes), default=0)
        rows = [_level(lane.ljust(width), self._levels_db.get(lane)) for lane in lanes]
        if more := len(self._players) - len(lanes):
            rows.append(f"and {more} more lanes")
        self.query_one("#meters", Static).update("\n".join(rows), layout=layout)


def _cells(adapter: AdapterView, now: datetime) -> tuple[str, ...]:
    return (
        adapter["name"],
        adapter["state"],
        words.age(adapter["since"], now),
        str(adapter["restarts"]),
        adapter["reason"] or "",
    )


def _level(lane: str, level_db: float | None) -> str:
    if level_db is None:
        return f"{lane}  {meter(-100.0, width=METER_WIDTH)}  silent"
    return f"{lane}  {meter(level_db, width=METER_WIDTH)}  {level_db:.0f} dB"
