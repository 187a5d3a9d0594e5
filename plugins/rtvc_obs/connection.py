"""A connection to OBS that is made again for as long as it takes."""

import asyncio
import logging
from typing import NoReturn

from rtvc_obs.client import AbsentError, RefusedError, connected
from rtvc_obs.session import Session, Tell
from rtvc_obs.settings import Settings
from rtvc_obs.sources import found_or_made
from rtvc_obs.timeline import Caption

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 8.0


class Connection:
    """Keeps a session with OBS.

    Args:
        settings: Of the adapter.
        password: Of OBS's WebSocket server; "" if it has none.
        tell: Says how it fares, in words, whenever that changes.
        page: Address of the overlay; "" without one.
        first_pause_s: Before the second attempt; doubles up to LONGEST_PAUSE_S.
    """

    def __init__(
        self,
        settings: Settings,
        password: str,
        tell: Tell,
        *,
        page: str = "",
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self._settings = settings
        self._password = password
        self._tell = Changes(tell)
        self._page = page
        self._first_pause_s = first_pause_s
        self._session: Session | None = None

    def show(self, caption: Caption | None) -> None:
        """Show it in OBS, if there is one."""
        if self._session is not None:
            self._session.show(caption)

    async def keep(self) -> NoReturn:
        """Be connected whenever OBS is there, until cancelled.

        Raises:
            ConfigError: If the password is missing or wrong.
        """
        pause_s = self._first_pause_s
        while True:
            try:
                await self._serve()
            except (AbsentError, RefusedError) as error:
                if self._session is not None:
                    pause_s = self._first_pause_s
                self._tell(f"{error} It is tried again by itself.")
            finally:
                self._session = None
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _serve(self) -> NoReturn:
        async with connected(self._settings.host, self._settings.port, self._password) as obs:
            sources = await found_or_made(obs, self._settings, self._page)
            self._session = Session(obs, self._settings, sources, self._tell)
            await self._session.serve()


class Changes:
    """Passes on words that differ from the last ones."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._last = ""

    def __call__(self, words: str) -> None:
        """Pass `words` on if they are new."""
        if words != self._last:
            self._last = words
            self._tell(words)
