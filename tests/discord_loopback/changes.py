"""Waiting for what a test wants to see, without sleeping."""

import asyncio
from collections.abc import Callable

LIMIT_S = 40.0  # a limit on failure, not a wait


class Changes:
    """Wakes whoever waits for a condition each time that something happened."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Event] = []

    def note(self) -> None:
        """Say that something happened."""
        for event in self._waiting:
            event.set()

    async def within(self, limit_s: float, condition: Callable[[], object]) -> bool:
        """Return as soon as `condition` holds, or False after `limit_s`."""
        event = asyncio.Event()
        self._waiting.append(event)
        try:
            async with asyncio.timeout(limit_s):
                while not condition():
                    event.clear()
                    await event.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting.remove(event)
        return True

    async def until(
        self, condition: Callable[[], object], what: str, *, limit_s: float = LIMIT_S
    ) -> None:
        """Return once `condition` holds.

        Raises:
            AssertionError: If it does not within `limit_s`; it names `what` was waited for.
        """
        if not await self.within(limit_s, condition):
            msg = f"waited {limit_s:g} s for {what}"
            raise AssertionError(msg)
