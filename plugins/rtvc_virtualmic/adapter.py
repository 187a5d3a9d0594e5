"""The lane "mic", sent to the virtual microphone until cancelled."""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence

from pydantic import Field

from rtvc_bridge.config import Strict
from rtvc_bridge.engine import Engine
from rtvc_bridge.levels import Levels
from rtvc_bridge.plugins import Finding, Host
from rtvc_virtualmic import doctor, manage
from rtvc_virtualmic.limiter import Limiter
from rtvc_virtualmic.mic import LATENCY_MS, Stats, VirtualMic
from rtvc_virtualmic.player import Player

logger = logging.getLogger(__name__)

LANE = "mic"
LOOK_S = 1.0
LOST = "The sound server is gone; it is tried again until it is back."
UNHEARD = "No program listens to the microphone."


class Settings(Strict):
    """[adapters.virtualmic]: speak through a microphone that other programs can pick."""

    backend: str = ""
    """What makes the microphone: "pulse", "vbcable" and so on; empty tries all that suit."""

    device: str = ""
    """Its name; empty means the usual one. For a cable: the end to play into."""

    volume_db: float = Field(default=0.0, ge=-60.0, le=12.0, allow_inf_nan=False)
    """Louder or quieter than it was made, in decibels; a limiter keeps it whole."""

    latency_ms: int = Field(default=LATENCY_MS, ge=20, le=100)
    """How much sound is handed ahead; it grows by itself on a busy computer."""

    monitor: str = ""
    """A sound output to hear it on too: "default" or its name; empty for none."""

    monitor_db: float = Field(default=0.0, ge=-60.0, le=12.0, allow_inf_nan=False)
    """How much louder or quieter that is, in decibels."""


def devices() -> tuple[str, ...]:
    """Return the names that `device` takes.

    Raises:
        DeviceError: If the system's devices cannot be listed.
    """
    return manage.known()


def findings(settings: Settings) -> Sequence[Finding]:
    """Return what keeps the microphone from being heard."""
    return doctor.examined(settings.device)


async def run(host: Host, settings: Settings) -> None:
    """Speak LANE through the microphone until cancelled. The device stays afterwards.

    Raises:
        DeviceError: If no microphone can be opened.
    """
    stop = threading.Event()
    mics: list[VirtualMic] = []
    # Opening, sending and closing wait for the device.
    playing = asyncio.create_task(
        asyncio.to_thread(play, host.engine, host.levels, settings, stop, mics.append)
    )
    try:
        while not (await asyncio.wait({playing}, timeout=LOOK_S))[0]:
            if mics:
                host.tell(words(mics[0].stats))
        await playing
    finally:
        stop.set()
        await asyncio.gather(playing, return_exceptions=True)  # raised above, or nobody waits


def words(stats: Stats) -> str | None:
    """Return what keeps the microphone from being heard now; None if nothing does."""
    if stats.lost:
        return LOST
    said = []
    if stats.monitor_trouble:
        said.append(f"It is not heard on the monitor: {stats.monitor_trouble}")
    if stats.unheard:
        said.append(UNHEARD)
    return " ".join(said) or None


def play(
    engine: Engine,
    levels: Levels,
    settings: Settings,
    stop: threading.Event,
    opened: Callable[[VirtualMic], None] = lambda _: None,
) -> None:
    """Speak LANE through the microphone until `stop`; what is not spoken by then is cancelled.

    Args:
        engine: Whose lane it is.
        levels: Is told how loud it is.
        settings: As in the settings file.
        stop: Ends it.
        opened: Is handed the microphone, on this thread.

    Raises:
        DeviceError: If no microphone can be opened.
    """
    with VirtualMic(
        device=settings.device or None,
        backend=settings.backend or None,
        latency_ms=settings.latency_ms,
        monitor=settings.monitor or None,
        monitor_db=settings.monitor_db,
    ) as mic:
        player = Player(mic, Limiter(settings.volume_db), levels)
        end = engine.play_lane(LANE, player.add)
        logger.info("the microphone to pick is %s", mic.device)
        opened(mic)
        try:
            player.serve(stop)
        finally:
            end()
            player.close()
