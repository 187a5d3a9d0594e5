"""The lane "speaker", played until cancelled."""

import asyncio
import contextlib
import logging
import threading
from typing import Literal

from pydantic import Field

from rtvc_bridge.config import Strict
from rtvc_bridge.engine import Engine
from rtvc_bridge.errors import DeviceError
from rtvc_bridge.levels import Levels
from rtvc_bridge.playing import Player
from rtvc_bridge.plugins import Host
from rtvc_bridge.soundcard import outputs, sounddevice
from rtvc_speaker.device import Wanted, opened

logger = logging.getLogger(__name__)

LANE = "speaker"
LATENCY_S = {"low": 0.04, "high": 0.1}
"""How much the device is handed ahead: 20 ms were measured to stutter under full load."""
LOOK_S = 0.25


class Settings(Strict):
    """[adapters.speaker]: play on this computer's sound output."""

    device: str = ""
    """Name of the sound output; empty means the system's default."""

    volume_db: float = Field(default=0.0, ge=-60.0, le=12.0, allow_inf_nan=False)
    """Louder or quieter than it was made, in decibels."""

    latency: Literal["low", "high"] = "low"
    """"high" if the sound stutters on a busy computer."""


def devices() -> tuple[str, ...]:
    """Return the names that `device` takes.

    Raises:
        DeviceError: If sound outputs cannot be listed.
    """
    return tuple(dict.fromkeys(output.names[1] for output in outputs(sounddevice())))


async def run(host: Host, settings: Settings) -> None:
    """Play what is said into LANE until cancelled.

    Raises:
        DeviceError: If there is no such output, or it went away.
    """
    stop = threading.Event()
    # Opening, watching and closing a device block; only the device's own thread plays.
    playing = asyncio.create_task(asyncio.to_thread(play, host.engine, host.levels, settings, stop))
    try:
        await asyncio.shield(playing)
    finally:
        stop.set()
        with contextlib.suppress(DeviceError):  # raised above already, or nobody waits for it
            await playing


def play(engine: Engine, levels: Levels, settings: Settings, stop: threading.Event) -> None:
    """Play LANE until `stop`; what is not played by then is cancelled.

    Raises:
        DeviceError: If there is no such output, or it went away.
    """
    player = Player(gain=10 ** (settings.volume_db / 20), levels=levels)
    wanted = Wanted(settings.device, LATENCY_S[settings.latency])
    with contextlib.ExitStack() as ends:
        ends.callback(player.close)  # last: nothing reads any more
        output = ends.enter_context(opened(wanted, player.take))
        ends.callback(engine.play_lane(LANE, player.add))
        logger.info("playing on %s", output.name)
        while not stop.wait(LOOK_S):
            output.check()
