"""The daemon's life: start the adapters, wait, drain, stop."""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Callable
from pathlib import Path

from rtvc_bridge import plugins
from rtvc_bridge.config import Settings, Strict
from rtvc_bridge.daemon.supervisor import Supervisor
from rtvc_bridge.engine import Engine
from rtvc_bridge.enrolment.spoken import Check
from rtvc_bridge.errors import ConfigError
from rtvc_bridge.plugins import AdapterStatus, Host, Reload
from rtvc_bridge.voices import VoiceStore

logger = logging.getLogger(__name__)

HTTP = "http"
TABLES = ("engine", "models", "voices", "consent", "moderation", "audit", "disclosure")
"""Those that are in force after a restart only."""

DRAIN_S = 1.5
"""How long what is being said at a stop may still take; all together stays within 3 s."""
_LOOK_S = 0.05


class Daemon:
    """Engine and adapters as the settings say.

    Args:
        engine: Warm; not closed.
        voices: By name.
        settings: As read.
        reread: Reads them again.
        announce: Tells clients the address and the token's file.
        settings_file: What `reread` reads.
        consent: Judges agreements that are read aloud; None where nothing can.
    """

    def __init__(
        self,
        engine: Engine,
        voices: VoiceStore,
        settings: Settings,
        *,
        reread: Callable[[], Settings],
        announce: Callable[[str, str], None],
        settings_file: Path,
        consent: Check | None = None,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._reread = reread
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._restarting: set[asyncio.Task[None]] = set()
        self._one_restart = asyncio.Lock()  # of two reloads in a row, the second waits
        host = Host(
            engine=engine,
            voices=voices,
            settings=settings,
            ready=lambda: engine.ready,
            adapters=self._statuses,
            announce=announce,
            stop=self.stop,
            reload=self.reload,
            settings_file=settings_file,
            consent=consent,
        )
        self._supervisor = Supervisor(host, plugins.adapter)

    def stop(self) -> None:
        """End the daemon, in order; for any thread."""
        self._loop.call_soon_threadsafe(self._stop.set)

    async def run(self) -> None:
        """Serve until `stop`.

        Raises:
            ConfigError: If an adapter is not installed, or its settings are wrong.
        """
        self._supervisor.start(adapter_settings(self._settings))
        try:
            await self._stop.wait()
            logger.info("stopping")
            await self._drain()
        finally:
            await self._supervisor.stop_all()

    def reload(self) -> Reload:
        """Read the settings again; adapters whose table changed are started anew.

        Raises:
            ConfigError: If the settings are wrong; all stays as it is.
        """
        old, new = self._settings, self._reread()
        before, after = adapter_settings(old), adapter_settings(new)
        changed = [
            name
            for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)
        ]
        refused = [table for table in TABLES if getattr(old, table) != getattr(new, table)]
        self._settings = replace_adapters(old, new)
        if changed:
            task = asyncio.create_task(self._restart(before, after, changed))
            self._restarting.add(task)
            task.add_done_callback(self._restarting.discard)
        return Reload(tuple(f"adapters.{name}" for name in changed), tuple(refused))

    def hang_up(self) -> None:
        """Read the settings again, as SIGHUP asks; wrong ones are logged, and all goes on."""
        try:
            done = self.reload()
        except ConfigError as error:
            reason = " ".join(line.strip() for line in str(error).splitlines())
            logger.error("the settings were not read again, all stays as it is: %s", reason)
        else:
            waits = ", ".join(done.refused) or "nothing"
            logger.info("the settings were read again; %s waits for a restart", waits)

    async def _restart(
        self, before: dict[str, Strict], after: dict[str, Strict], changed: list[str]
    ) -> None:
        async with self._one_restart:
            await self._supervisor.stop(*(name for name in changed if name in before))
            self._supervisor.start({name: after[name] for name in changed if name in after})

    def _statuses(self) -> tuple[AdapterStatus, ...]:
        return self._supervisor.statuses()

    async def _drain(self) -> None:
        """Drop what waits, and let what is being said end within DRAIN_S."""
        self._engine.clear()
        await asyncio.to_thread(self._wait_silent, time.monotonic() + DRAIN_S)
        self._engine.queue.skip()

    def _wait_silent(self, until: float) -> None:
        while self._engine.queue.listed() and time.monotonic() < until:
            time.sleep(_LOOK_S)


def adapter_settings(settings: Settings) -> dict[str, Strict]:
    """Return the checked settings of every adapter to run; http always does.

    Raises:
        ConfigError: If an adapter is not installed, or its settings are wrong.
    """
    tables = {HTTP: {}, **settings.adapters}
    return {name: plugins.checked_settings(name, table) for name, table in tables.items()}


def replace_adapters(old: Settings, new: Settings) -> Settings:
    """Return `old` with the adapters of `new`."""
    return old.model_copy(update={"adapters": new.adapters})


async def serve(daemon: Callable[[], Daemon]) -> None:
    """Run a daemon until SIGTERM, SIGINT, Ctrl-C or its own `stop`; SIGHUP reloads."""
    running = daemon()
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if (number := getattr(signal, name, None)) is not None:
            with contextlib.suppress(NotImplementedError):  # Windows: signal.signal below
                loop.add_signal_handler(number, running.stop)
                continue
            signal.signal(number, lambda *_: running.stop())
    if hasattr(signal, "SIGHUP"):
        loop.add_signal_handler(signal.SIGHUP, running.hang_up)
    await running.run()
