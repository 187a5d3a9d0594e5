"""Adapters kept alive, each on its own."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from rtvc_bridge.config import Strict
from rtvc_bridge.errors import RtvcBridgeError
from rtvc_bridge.plugins import Adapter, AdapterState, AdapterStatus, Host
from rtvc_bridge.worker import whereabouts

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
ENDED = "It ended by itself."


class Supervisor:
    """Runs adapters as tasks of one event loop; one that fails is started again, later and later.

    Args:
        host: Handed to each adapter.
        find: Gives an adapter's module by its name.
        first_pause_s: Before the first new start; doubles up to LONGEST_PAUSE_S, and starts
            over once the adapter has run for longer than that.
    """

    def __init__(
        self, host: Host, find: Callable[[str], Adapter], *, first_pause_s: float = FIRST_PAUSE_S
    ) -> None:
        self._host = host
        self._find = find
        self._first_pause_s = first_pause_s
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._statuses: dict[str, AdapterStatus] = {}

    def statuses(self) -> tuple[AdapterStatus, ...]:
        """Return how every adapter fares, by name."""
        return tuple(status for _, status in sorted(self._statuses.items()))

    def start(self, adapters: Mapping[str, Strict]) -> None:
        """Start adapters, by name with their settings."""
        for name, settings in adapters.items():
            self._statuses[name] = AdapterStatus(name, AdapterState.RUNNING, time.monotonic())
            self._tasks[name] = asyncio.create_task(self._keep(name, settings), name=name)

    async def stop(self, *names: str) -> None:
        """End these adapters, and return once they have ended."""
        tasks = [self._tasks.pop(name) for name in names]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for name in names:
            del self._statuses[name]

    async def stop_all(self) -> None:
        """End every adapter."""
        await self.stop(*self._tasks)

    async def _keep(self, name: str, settings: Strict) -> None:
        pause_s = self._first_pause_s
        while True:
            began = time.monotonic()
            reason = await self._run(name, settings)
            if time.monotonic() - began > LONGEST_PAUSE_S:
                pause_s = self._first_pause_s
            logger.error("adapter %s failed, next try in %.0f s: %s", name, pause_s, reason)
            self._now(name, AdapterState.FAILED, reason=reason)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            restarts = self._statuses[name].restarts + 1
            self._now(name, AdapterState.RUNNING, restarts=restarts)

    async def _run(self, name: str, settings: Strict) -> str:
        """Run the adapter and return why it is over."""
        try:
            host = replace(self._host, tell=partial(self._tell, name))
            await self._find(name).run(host, settings)
        except RtvcBridgeError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - the supervisor: an adapter fails alone
            logger.error("adapter %s broke: %s", name, whereabouts(error))
            return "Something unexpected went wrong; the log says where."
        return ENDED

    def _tell(self, name: str, words: str | None) -> None:
        self._statuses[name] = replace(self._statuses[name], reason=words)

    def _now(self, name: str, state: AdapterState, **changes: object) -> None:
        status = replace(self._statuses[name], state=state, since=time.monotonic())
        self._statuses[name] = replace(status, **changes)  # type: ignore[arg-type] # its fields
