"""Recording a speaker in the terminal screen, with a microphone that hums."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from integration.tui_standin import StandIn, bridge, drive, shown, until

from rtvc_bridge.audio import Audio
from rtvc_bridge.errors import DeviceError
from rtvc_bridge.tui.enrol import EnrolScreen
from rtvc_bridge.tui.meter import meter
from rtvc_bridge.tui.microphone import INSTEAD, peak_db
from rtvc_bridge.tui.record import RecordScreen

pytestmark = [pytest.mark.tui]


class Hum:
    """A recorder that has heard some seconds of a constant."""

    def __init__(self, seconds: float) -> None:
        self._sound = Audio(np.full(round(seconds * 16_000), 0.5, np.float32), 16_000)
        self.stopped = threading.Event()

    def level_db(self) -> float:
        return -6.0

    def stop(self) -> Audio:
        self.stopped.set()
        return self._sound


def test_a_take_is_counted_in_metered_repeated_and_kept(tmp_path):
    hums = [Hum(2.0), Hum(8.0)]
    left = iter(hums)
    app = bridge(StandIn())
    kept: list[Path | None] = []

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        screen = RecordScreen(lambda: next(left), tmp_path / "take.wav", step_s=0.01)
        app.push_screen(screen, kept.append)
        await until(pilot, lambda: "sunlight strikes raindrops" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Recording: Enter stops it." in shown(app))
        await until(pilot, lambda: meter(-6.0, width=40) in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "2.0 s recorded. 5 s or more make a voice" in shown(app))
        await pilot.press("r")
        await until(pilot, lambda: "Recording: Enter stops it." in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "8.0 s recorded." in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: kept)

    drive(app, script)
    assert kept == [tmp_path / "take.wav"]
    assert soundfile.info(tmp_path / "take.wav").duration == pytest.approx(8.0)
    assert all(hum.stopped.is_set() for hum in hums)


def test_a_take_that_is_left_lets_go_of_the_microphone(tmp_path):
    hum = Hum(8.0)
    app = bridge(StandIn())

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        app.push_screen(RecordScreen(lambda: hum, tmp_path / "take.wav", step_s=0.01))
        await until(pilot, lambda: "Press Enter" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Recording" in shown(app))
        await pilot.press("escape")
        await until(pilot, hum.stopped.is_set)

    drive(app, script)
    assert not (tmp_path / "take.wav").exists()


def test_without_a_microphone_it_is_said_how_to_get_one(tmp_path):
    def missing():
        raise DeviceError(INSTEAD)

    app = bridge(StandIn())

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        app.push_screen(RecordScreen(missing, tmp_path / "take.wav", step_s=0.01))
        await until(pilot, lambda: "Press Enter" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "record with another program" in shown(app))

    drive(app, script)


def test_a_recorded_take_is_enrolled_and_not_left_behind(tmp_path):
    daemon = StandIn()
    app = bridge(daemon)
    sent: list[tuple[Any, ...]] = []

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        app.push_screen(EnrolScreen(lambda: Hum(8.0)))
        await until(pilot, lambda: "Enrol a voice" in shown(app))
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "Press Enter" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Recording" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "8.0 s recorded." in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "1: take-1.wav" in shown(app))
        await pilot.press(*"ada", "enter", "tab", *"Ada", "enter", *"Ada", "space", *"agreed")
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        sent.extend(call for call in daemon.calls if call[0] == "enrol")

    drive(app, script)
    assert [call[1] for call in sent] == ["ada"]
    (take,) = sent[0][2]
    assert take.name == "take-1.wav"
    assert not take.exists()


def test_the_meter_is_empty_at_its_floor_and_full_at_full_scale():
    assert meter(peak_db(np.zeros(10, np.float32)), width=10) == "░" * 10
    assert meter(peak_db(np.ones(10, np.float32)), width=10) == "█" * 10
    assert meter(-30.0, width=10) == "█████░░░░░"
