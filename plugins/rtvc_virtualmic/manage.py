"""What `rtvc-bridge mic ...` does: make the microphone, take it away, look at it, try it."""

import sys
import time
from dataclasses import dataclass

from rtvc_bridge.audio import PCM_RATE_HZ
from rtvc_bridge.errors import DeviceError
from rtvc_bridge.soundcard import outputs, sounddevice
from rtvc_virtualmic import nullsink
from rtvc_virtualmic.backend import Format
from rtvc_virtualmic.backends import Factory, candidates, first_that
from rtvc_virtualmic.cables import present
from rtvc_virtualmic.control import pulsectl_control
from rtvc_virtualmic.mic import VirtualMic
from rtvc_virtualmic.pacat import pactl_control
from rtvc_virtualmic.recorder import PROGRAM, Recorder
from rtvc_virtualmic.report import PAUSE_S, SWEEP_S, TONE_S, Report, judged, probe
from rtvc_virtualmic.server import Connect

PROBE_S = SWEEP_S + PAUSE_S + TONE_S


@dataclass(frozen=True, slots=True)
class Status:
    """How the microphone is.

    Attributes:
        device: What to pick in the other program.
        present: Whether it is there.
        feed: The input that records what goes into it, by the server's name; "" if there is none.
        is_default_input: Whether programs take it without being told to.
        is_default_output: Whether every program's sound goes into it.
        listeners: Who records from it; None where that cannot be known.
    """

    device: str
    present: bool
    feed: str
    is_default_input: bool
    is_default_output: bool
    listeners: tuple[str, ...] | None


def install(device: str | None = None) -> str:
    """Make the device if it is missing, and return what to pick in the other program.

    Raises:
        DeviceError: If that cannot be; on Windows and macOS the message says which cables suit.
    """
    form = Format(PCM_RATE_HZ, 1)

    def made(factory: Factory) -> str:
        backend = factory(device, form)
        backend.open(100).close()
        return backend.device

    return first_that(candidates(None), made)


def remove(device: str | None = None, *, force: bool = False) -> bool:
    """Take the device away; return whether it was there.

    Raises:
        DeviceError: If somebody listens and `force` is not set, or the system's cable is not
            ours to remove.
    """
    with connect()() as control:
        return nullsink.remove(control, nullsink.named(device), force=force)


def status(device: str | None = None) -> Status:
    """Return how the device is.

    Raises:
        DeviceError: If the sound server does not answer.
    """
    if sys.platform != "linux":
        found = install(device)
        return Status(
            device=found,
            present=True,
            feed="",
            is_default_input=False,
            is_default_output=False,
            listeners=None,
        )
    names = nullsink.named(device)
    with connect()() as control:
        sink, source = control.defaults()
        return Status(
            device=names.shown,
            present=names.sink in control.sinks() and names.source in control.sources(),
            feed=names.monitor,
            is_default_input=source in (names.source, names.monitor),
            is_default_output=sink == names.sink,
            listeners=tuple(each.program for each in nullsink.listeners(control, names)),
        )


def known() -> tuple[str, ...]:
    """Return the names by which a microphone can be chosen: ours, or the ends of cables.

    Raises:
        DeviceError: If the system's devices cannot be listed.
    """
    if sys.platform != "linux":
        return present(outputs(sounddevice()))
    with connect()() as control:
        return nullsink.present(control)


def round_trip(device: str | None = None, backend: str | None = None) -> Report:
    """Send a probe through the microphone, record it back and return how it came through.

    Raises:
        DeviceError: If there is no microphone, or it cannot be recorded from here.
    """
    source = recorded_source(device)
    with VirtualMic(device=device, backend=backend) as mic:
        recorder = Recorder(source)
        try:
            recorder.wait_for(0.5)
            sent_at = time.monotonic()
            mic.send(probe(PCM_RATE_HZ), PCM_RATE_HZ)
            recorder.wait_for(PROBE_S + 1.0)
            others = tuple(each for each in mic.listeners() or () if each != PROGRAM)
        finally:
            recorder.close()
        sound = recorder.sound()
        return judged(sound, PCM_RATE_HZ, sent_at_s=recorder.at_s(sent_at), listeners=others)


def recorded_source(device: str | None) -> str:
    """Return the name under which the microphone is recorded from.

    Raises:
        DeviceError: If it cannot be recorded from here.
    """
    if sys.platform != "linux":
        raise DeviceError(
            "The test records from the microphone with parec, which this system lacks. Record in "
            "the other program instead."
        )
    return nullsink.named(device).source


def connect() -> Connect:
    """Return what connects to the sound server: pulsectl, or pactl where that is missing."""
    if sys.platform != "linux":
        raise DeviceError("The microphone is a cable here: its maker's uninstaller removes it.")
    try:
        import pulsectl  # noqa: F401 - only whether it can be used
    except (ImportError, OSError):
        return pactl_control
    return pulsectl_control
