"""The adapter `obs`: what is said is heard and read in OBS, for as long as there is one."""

import contextlib
import logging
from typing import NoReturn

from rtvc_bridge.plugins import Host
from rtvc_obs import overlay, udp
from rtvc_obs.connection import Connection
from rtvc_obs.settings import Settings
from rtvc_obs.timeline import Caption, Show, Timeline

logger = logging.getLogger(__name__)


async def run(host: Host, settings: Settings) -> NoReturn:
    """Serve until cancelled; an OBS that is not there is waited for.

    Raises:
        ConfigError: If the password is missing or wrong.
        DeviceError: If a port is taken.
    """
    password = settings.password()
    shows: list[Show] = []
    page = ""

    def tell(words: str) -> None:
        logger.warning("%s", words)
        host.tell(words)

    def show(caption: Caption | None) -> None:
        for each in shows:
            each(caption)

    async with contextlib.AsyncExitStack() as ends:
        if settings.overlay:
            board, page = await ends.enter_async_context(overlay.served(host.levels, settings))
            shows.append(board)
        connection = Connection(settings, password, tell, page=page)
        shows.append(connection.show)
        if settings.transport == "udp":
            await ends.enter_async_context(udp.playing(host.engine, host.levels, settings))
        timeline = Timeline(host.engine, settings.lanes, show)
        ends.callback(timeline.close)
        await connection.keep()
