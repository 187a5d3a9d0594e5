"""The daemon's lock and address, and the supervision of adapters."""

import asyncio
import json
import os
import stat
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from rtvc_bridge.config import Settings, Strict
from rtvc_bridge.daemon.serve import adapter_settings
from rtvc_bridge.daemon.state import held_state
from rtvc_bridge.daemon.supervisor import ENDED, Supervisor
from rtvc_bridge.engine import Engine
from rtvc_bridge.errors import ConfigError, DaemonError, DeviceError
from rtvc_bridge.paths import ADDRESS_FILE
from rtvc_bridge.plugins import AdapterState, Host, Reload
from rtvc_bridge.voices import VoiceStore

SOON_S = 20.0
HOLDER = """
import sys
from pathlib import Path
from rtvc_bridge.daemon.state import held_state
with held_state(Path(sys.argv[1])) as state:
    state.announce("http://127.0.0.1:7878", "token")
    print("held", flush=True)
    sys.stdin.read()
"""


HOST = Host(
    engine=cast(Engine, None),  # these adapters do not speak
    voices=VoiceStore(Path("voices")),
    settings=Settings(),
    ready=lambda: True,
    adapters=tuple,
    announce=lambda url, token_file: None,
    stop=lambda: None,
    reload=lambda: Reload((), ()),
)


class Table(Strict):
    """An adapter's settings."""

    word: str = ""


class Fails:
    """An adapter that fails as often as it is told, and then serves."""

    Settings = Table

    def __init__(self, *errors):
        self._errors = list(errors)
        self.serving = asyncio.Event()
        self.ended = asyncio.Event()

    async def run(self, host, settings):
        if self._errors:
            raise self._errors.pop(0)
        self.serving.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()


class Tells(Fails):
    """An adapter that says how it fares."""

    async def run(self, host, settings):
        host.tell("It waits for its program.")
        await super().run(host, settings)


class Returns(Fails):
    """An adapter that ends by itself."""

    async def run(self, host, settings):
        self.ended.set()


@asynccontextmanager
async def supervised(first_pause_s=0.01, **adapters):
    supervisor = Supervisor(HOST, adapters.__getitem__, first_pause_s=first_pause_s)
    supervisor.start({name: Table() for name in adapters})
    yield supervisor
    await supervisor.stop_all()


async def until(condition):
    async with asyncio.timeout(SOON_S):
        while not condition():  # noqa: ASYNC110 - the supervisor tells nobody when it is done
            await asyncio.sleep(0)


def test_an_adapter_that_fails_is_started_again_and_the_others_go_on():
    async def story():
        flaky, steady = Fails(DeviceError("No such device."), OSError("private words")), Fails()
        async with supervised(flaky=flaky, steady=steady) as supervisor:
            await asyncio.wait_for(flaky.serving.wait(), SOON_S)
            states = {status.name: status for status in supervisor.statuses()}
            assert states["flaky"].state is states["steady"].state is AdapterState.RUNNING
            assert (states["flaky"].restarts, states["steady"].restarts) == (2, 0)
        assert flaky.ended.is_set()
        assert steady.ended.is_set()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("error", "reason"),
    [(DeviceError("No such device."), "No such device."), (OSError("private"), "the log says")],
)
def test_a_failed_adapter_says_why_and_shows_nobodys_words(error, reason, caplog):
    async def story():
        async with supervised(first_pause_s=60, flaky=Fails(error)) as supervisor:
            await until(lambda: supervisor.statuses()[0].state is AdapterState.FAILED)
            return supervisor.statuses()[0]

    status = asyncio.run(story())
    assert reason in status.reason
    assert "private" not in status.reason + caplog.text


def test_an_adapter_that_ends_by_itself_has_failed():
    async def story():
        async with supervised(first_pause_s=60, short=Returns()) as supervisor:
            await until(lambda: supervisor.statuses()[0].state is AdapterState.FAILED)
            return supervisor.statuses()[0].reason

    assert asyncio.run(story()) == ENDED


def test_http_is_always_among_the_adapters_and_wrong_tables_are_named():
    assert set(adapter_settings(Settings())) == {"http"}
    with pytest.raises(ConfigError, match=r"adapters\.http"):
        adapter_settings(Settings(adapters={"http": {"no_such_key": 1}}))
    with pytest.raises(ConfigError, match="no adapter called 'nobody'"):
        adapter_settings(Settings(adapters={"nobody": {}}))


def test_a_second_daemon_refuses_with_the_pid_of_the_first(tmp_path):
    with (
        held_state(tmp_path),
        pytest.raises(DaemonError, match=rf"runs already \(pid {os.getpid()}\)"),
        held_state(tmp_path),
    ):
        pass


def test_the_address_is_for_the_owner_only_and_goes_with_the_daemon(tmp_path):
    with held_state(tmp_path) as state:
        state.announce("http://127.0.0.1:7878", "token")
        file = tmp_path / ADDRESS_FILE
        address = json.loads(file.read_text(encoding="utf-8"))
        assert (address["pid"], address["url"]) == (os.getpid(), "http://127.0.0.1:7878")
        if os.name == "posix":
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not file.exists()


def test_a_daemon_that_was_killed_leaves_no_lock(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.communicate()
    assert (tmp_path / ADDRESS_FILE).exists()
    with held_state(tmp_path):
        address = json.loads((tmp_path / ADDRESS_FILE).read_text(encoding="utf-8"))
        assert (address["pid"], address["url"]) == (os.getpid(), "")


def test_an_adapter_that_runs_can_say_how_it_fares():
    async def story():
        waiting, other = Tells(), Fails()
        async with supervised(waiting=waiting, other=other) as supervisor:
            await asyncio.wait_for(waiting.serving.wait(), SOON_S)
            told = {each.name: (each.state, each.reason) for each in supervisor.statuses()}
        assert told == {
            "waiting": (AdapterState.RUNNING, "It waits for its program."),
            "other": (AdapterState.RUNNING, None),
        }

    asyncio.run(story())
