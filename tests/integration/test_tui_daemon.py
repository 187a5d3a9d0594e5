"""The terminal screen and the daemon's life: absent, starting, lost, back, left running."""

import pytest
from integration.tui_standin import Process, StandIn, bridge, drive, shown, until
from textual.widgets import TabbedContent

from rtvc_bridge.errors import DaemonError, StorageError
from rtvc_bridge.tui import BridgeApp

pytestmark = pytest.mark.tui

OFFER = "No daemon is running, so nothing can be said. Start one now?"


@pytest.fixture
def daemon():
    return StandIn()


@pytest.fixture
def absent(daemon):
    daemon.up = False
    return daemon


def test_a_lost_daemon_is_named_and_its_successor_is_found(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        daemon.die()
        await until(pilot, lambda: "No daemon is running. Trying again." in shown(app))
        assert "not connected" in shown(app)
        await pilot.press(*"Hi", "enter")
        daemon.come_back()
        await until(pilot, lambda: "ready" in shown(app))
        assert "Trying again" not in shown(app)
        assert "Hi" in shown(app), "the line that could not be said is still there"
        await pilot.press("enter")
        await until(pilot, lambda: "▶ Hi" in shown(app))

    drive(app, script)


def test_a_daemon_that_refuses_is_shown_with_its_own_words():
    def refuse():
        raise DaemonError("A daemon runs (pid 7), but its token cannot be read.")

    app = BridgeApp(refuse)

    async def script(pilot):
        await until(pilot, lambda: "its token cannot be read. Trying again." in shown(app))

    drive(app, script)


def test_without_a_daemon_one_is_offered_and_used_once_it_listens(absent):
    started = []

    def start():
        started.append(Process())
        return started[-1]

    app = bridge(absent, start=start)

    async def script(pilot):
        await until(pilot, lambda: OFFER in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "A daemon is starting" in shown(app))
        absent.come_back()
        await until(pilot, lambda: "Voice alba" in shown(app))
        assert "starting" not in shown(app)

    drive(app, script)
    assert len(started) == 1


def test_the_offer_can_be_put_off_and_a_key_starts_one_later(absent):
    started = []

    def start():
        started.append(Process())
        return started[-1]

    app = bridge(absent, start=start)

    async def script(pilot):
        await until(pilot, lambda: OFFER in shown(app))
        await pilot.press("right", "enter")
        await until(pilot, lambda: "F9 starts one." in shown(app))
        assert not started
        await pilot.press("f9")
        await until(pilot, lambda: "A daemon is starting" in shown(app))
        await until(pilot, lambda: started)

    drive(app, script)


def test_a_daemon_that_ends_while_starting_is_shown_with_its_reason(absent):
    app = bridge(absent, start=lambda: Process("config.toml is wrong: engine.max: no such setting"))

    async def script(pilot):
        await until(pilot, lambda: OFFER in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "could not be started: config.toml is wrong" in shown(app))

    drive(app, script)


def test_a_start_that_is_impossible_is_shown_with_its_reason(absent):
    def start():
        raise StorageError("Cannot write here: disk full.")

    app = bridge(absent, start=start)

    async def script(pilot):
        await until(pilot, lambda: OFFER in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "could not be started: Cannot write here" in shown(app))

    drive(app, script)


def test_an_offer_goes_away_when_another_program_starts_the_daemon(absent):
    app = bridge(absent, start=Process)

    async def script(pilot):
        await until(pilot, lambda: OFFER in shown(app))
        absent.come_back()
        await until(pilot, lambda: "ready" in shown(app) and OFFER not in shown(app))

    drive(app, script)


@pytest.mark.parametrize(("keys", "stopped"), [(["enter"], False), (["right", "enter"], True)])
def test_at_the_end_a_daemon_started_here_is_left_or_stopped_as_asked(absent, keys, stopped):
    app = bridge(absent, start=Process)

    async def script(pilot):
        await until(pilot, lambda: OFFER in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "A daemon is starting" in shown(app))
        absent.come_back()
        await until(pilot, lambda: "Voice alba" in shown(app))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "Leave it running" in shown(app))
        await pilot.press(*keys)
        await until(pilot, lambda: app.return_code is not None)

    drive(app, script)
    assert (("stop",) in absent.calls) is stopped


def test_a_daemon_that_ran_before_is_left_alone_without_a_question(daemon):
    app = bridge(daemon, start=Process)

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_code is not None)

    drive(app, script)
    assert ("stop",) not in daemon.calls


def test_every_screen_is_reached_by_digit_by_alt_letter_and_in_turn(daemon):
    app = bridge(daemon)
    active = []

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        for key in ("alt+q", "3", "4", "5", "6", "1", *["ctrl+n"] * 6):
            await pilot.press(key)
            active.append(app.query_one(TabbedContent).active)

    drive(app, script)
    order = ["queue", "voices", "adapters", "latency", "log", "speak"]
    assert active == order * 2


def test_digits_typed_into_the_line_stay_there(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "Voice alba" in shown(app))
        await pilot.press("2", "3", "enter")
        await until(pilot, lambda: daemon.said() == ["23"])
        assert app.query_one(TabbedContent).active == "speak"

    drive(app, script)


def test_the_command_palette_switches_between_light_and_dark(daemon):
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        assert app.current_theme.dark
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Search for commands" in shown(app))
        await pilot.press(*"Light or", "space", *"dark")
        await until(pilot, lambda: "Switch between the two themes" in shown(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: not app.current_theme.dark)

    drive(app, script)


def test_the_screen_works_on_while_the_daemon_takes_its_time(daemon):
    daemon.enrol_gate.clear()
    answer = daemon.voices

    def slow():
        assert daemon.enrol_gate.wait(10)
        return answer()

    daemon.voices = slow
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        await pilot.press(*"typed")
        assert "typed" in shown(app)
        assert "no voice yet" in shown(app)
        daemon.enrol_gate.set()
        await until(pilot, lambda: "Voice alba" in shown(app))

    drive(app, script)
