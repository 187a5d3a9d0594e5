"""The lane "obs", sent to a media source of OBS on this computer: no virtual device is needed."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable

import numpy as np

from rtvc_bridge.audio import FRAME_BYTES, FRAME_MS
from rtvc_bridge.engine import Engine
from rtvc_bridge.levels import Levels
from rtvc_bridge.playing import Player
from rtvc_obs.settings import LANE, Settings

FRAME_S = FRAME_MS / 1000
LATE_S = 0.2
"""Later than this, the computer slept: what was missed is not sent in a rush."""


@contextlib.asynccontextmanager
async def playing(engine: Engine, levels: Levels, settings: Settings) -> AsyncIterator[None]:
    """Play LANE into OBS while the block lasts; what is not played by then is cancelled."""
    stop = threading.Event()
    player = Player(gain=10 ** (settings.volume_db / 20), levels=levels)
    end = engine.play_lane(LANE, player.add)
    sending = asyncio.create_task(asyncio.to_thread(send, player.take, settings.udp_port, stop))
    try:
        yield
    finally:
        end()
        stop.set()
        await sending
        player.close()


def send(take: Callable[[int], bytes], port: int, stop: threading.Event) -> None:
    """Send mono PCM to a port of this computer in real time, silence too, until `stop`.

    Silence goes out as well: a source that gets nothing would start anew at every line.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        due = time.monotonic()
        while not stop.wait(max(0.0, due - time.monotonic())):
            left = np.frombuffer(take(FRAME_BYTES), "<i2")[::2]
            with contextlib.suppress(OSError):  # nobody listens yet
                sender.sendto(left.tobytes(), ("127.0.0.1", port))
            due += FRAME_S
            if time.monotonic() - due > LATE_S:
                due = time.monotonic()
