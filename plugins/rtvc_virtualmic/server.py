"""The backends of Linux: a device on the PulseAudio or PipeWire server, and a stream into it."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from rtvc_bridge.errors import DeviceError
from rtvc_virtualmic import nullsink
from rtvc_virtualmic.backend import Format, Stream
from rtvc_virtualmic.control import Control, Recording, pulsectl_control
from rtvc_virtualmic.pacat import pacat_stream, pactl_control
from rtvc_virtualmic.simple import simple_stream
from rtvc_virtualmic.strays import Herd

logger = logging.getLogger(__name__)

Connect = Callable[[], AbstractContextManager[Control]]
OpenStream = Callable[[str, Format, int], Stream]


class ServerBackend:
    """A device on the sound server. Made by `pulse` and `pacat`.

    Args:
        names: Of the device.
        form: What is written to it.
        connect: Gives a connection to the server.
        open_stream: Opens a stream into the output of that name ("": the default).

    Attributes:
        device: What to pick as the microphone in the other program.
    """

    def __init__(
        self, names: nullsink.Names, form: Format, connect: Connect, open_stream: OpenStream
    ) -> None:
        self.device = names.shown
        self._names = names
        self._form = form
        self._connect = connect
        self._open_stream = open_stream
        self._herd = Herd()
        self._tending = threading.Lock()

    def open(self, latency_ms: int) -> Stream:
        """Return a stream into the device, made first if it is missing.

        Raises:
            DeviceError: If there is no sound server, or it refuses.
        """
        with self._connect() as control:
            nullsink.ensure(control, self._names, self._form)
        return self._open_stream(self._names.sink, self._form, latency_ms)

    def open_monitor(self, name: str, latency_ms: int) -> Stream:
        """Return a stream into an ordinary output, "default" or its name.

        Raises:
            DeviceError: If there is none but the device itself.
        """
        with self._connect() as control:
            known = set(control.sinks()) - {self._names.sink}
            wanted = control.defaults()[0] if name == "default" else name
        if wanted not in known:
            listed = ", ".join(sorted(known)) or "none"
            raise DeviceError(f'There is no output "{name}" to listen on. There are: {listed}.')
        return self._open_stream(wanted, self._form, latency_ms)

    def listeners(self) -> tuple[str, ...]:
        """Return the names of the programs that record from the device."""
        with self._connect() as control:
            return tuple(each.program for each in nullsink.listeners(control, self._names))

    def tend(self) -> bool:
        """Bring the device back if somebody removed it, and its listeners with it."""
        with self._tending, self._connect() as control:
            lost = self._names.sink not in control.sinks()
            made = nullsink.ensure(control, self._names, self._form)
            for stray in self._herd.strays(control, self._names):
                self._bring_back(control, stray)
        if made:
            logger.warning("%s had been removed; made again", self.device)
        return lost

    def _bring_back(self, control: Control, stray: Recording) -> None:
        try:
            control.move(stray.index, self._names.source)
        except DeviceError as error:
            logger.warning("%s does not come back to %s: %s", stray.program, self.device, error)
        else:
            logger.warning(
                "%s was switched to another microphone when %s vanished; moved back",
                stray.program,
                self.device,
            )


def pulse(device: str | None, form: Format) -> ServerBackend:
    """Return the backend through libpulse."""
    return ServerBackend(nullsink.named(device), form, pulsectl_control, simple_stream)


def pacat(device: str | None, form: Format) -> ServerBackend:
    """Return the backend through the programs pactl and pacat, which needs no Python package."""
    return ServerBackend(nullsink.named(device), form, pactl_control, pacat_stream)
