"""Adapters in the terminal screen: how they fare, their devices, and how loud their lanes are."""

import pytest
from integration.tui_standin import StandIn, adapter, bridge, drive, shown, until

from rtvc_bridge.errors import DaemonError
from rtvc_bridge.tui.adapters import METER_WIDTH, MOST_METERS
from rtvc_bridge.tui.meter import meter

pytestmark = pytest.mark.tui


@pytest.fixture
def daemon():
    """Two lanes are played; the adapter of one lets its device be chosen."""
    made = StandIn()
    made.players = ["mic", "speaker"]
    made.outputs["speaker"] = {"chosen": "", "devices": ["Headphones", "HDMI [1]"]}
    return made


def test_a_failed_adapter_is_shown_with_reason_and_restarts(daemon):
    daemon.adapters = [
        adapter("http"),
        adapter("discord", state="failed", reason="The token is wrong.", restarts=3),
    ]
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "failed: discord" in shown(app))
        await pilot.press("alt+a")
        await until(pilot, lambda: "The token" in shown(app))
        await pilot.press("down")
        await until(pilot, lambda: "discord: The token is wrong." in shown(app))
        lines = [line.split() for line in shown(app).splitlines()]
        assert ["discord", "failed", "12", "s", "3", *["The", "token", "is", "wrong."]] in lines
        assert "How loud the lanes are that are played:" in shown(app)
        daemon.players = []
        await until(pilot, lambda: "No adapter plays any lane" in shown(app))

    drive(app, script)


def rows(app):
    return [line.strip() for line in shown(app).splitlines()]


def test_every_lane_that_is_played_has_a_meter_that_follows_its_level(daemon):
    app = bridge(daemon)
    silent = f"{'░' * METER_WIDTH}  silent"

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        await pilot.press("alt+a")
        await until(pilot, lambda: f"mic      {silent}" in rows(app))
        daemon.sound(speaker=-12.4)
        loud = meter(-12.4, width=METER_WIDTH)
        await until(pilot, lambda: f"speaker  {loud}  -12 dB" in rows(app))
        assert f"mic      {silent}" in rows(app)
        daemon.sound()
        await until(pilot, lambda: f"speaker  {silent}" in rows(app))

    drive(app, script)


def test_levels_cause_no_reading_of_the_status(daemon, monkeypatch):
    monkeypatch.setattr("rtvc_bridge.tui.app.TICK_S", 3600.0)
    app = bridge(daemon)
    asked = []
    status = daemon.status

    def counted():
        asked.append(1)
        return status()

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        await pilot.press("alt+a")
        await until(pilot, lambda: "silent" in shown(app))
        daemon.status = counted
        for level_db in range(-40, 0):
            daemon.sound(mic=float(level_db))
        await until(pilot, lambda: "-1 dB" in shown(app))

    drive(app, script)
    assert not asked


def test_a_lost_daemon_is_silent(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await pilot.press("alt+a")
        daemon.sound(mic=-3.0)
        await until(pilot, lambda: "-3 dB" in shown(app))
        daemon.die()
        await until(pilot, lambda: "-3 dB" not in shown(app))

    drive(app, script)


def test_more_lanes_than_there_is_room_for_are_counted(daemon):
    daemon.players = [f"discord:{number}" for number in range(MOST_METERS + 3)]
    app = bridge(daemon)

    async def script(pilot):
        await pilot.press("alt+a")
        await until(pilot, lambda: "and 3 more lanes" in shown(app))

    drive(app, script)


def test_a_device_is_picked_from_those_there_are_and_used(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        await pilot.press("alt+a")
        await until(pilot, lambda: "speaker  running" in shown(app))
        await pilot.press("down", "d")
        await until(pilot, lambda: "● the system's own" in shown(app))
        assert "HDMI [1]" in shown(app)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "speaker uses Headphones from now on." in shown(app))
        await pilot.press("d")
        await until(pilot, lambda: "● Headphones" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "● Headphones" not in shown(app))

    drive(app, script)
    assert daemon.calls == [("device", "speaker", "Headphones")]


def test_an_adapter_without_devices_says_so(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        await pilot.press("alt+a")
        await until(pilot, lambda: "speaker  running" in shown(app))
        await pilot.press("d")
        await until(pilot, lambda: "The adapter http has no devices" in shown(app))

    drive(app, script)


def test_a_device_that_is_refused_is_named_with_the_reason(daemon):
    app = bridge(daemon)

    def refuse(adapter, device):
        raise DaemonError("The settings file cannot be written: disk full.")

    daemon.choose_device = refuse

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        await pilot.press("alt+a")
        await until(pilot, lambda: "speaker  running" in shown(app))
        await pilot.press("down", "d")
        await until(pilot, lambda: "Headphones" in shown(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "The settings file cannot be written" in shown(app))

    drive(app, script)
