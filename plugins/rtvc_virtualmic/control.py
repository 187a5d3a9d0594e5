"""PulseAudio's control protocol, which PipeWire speaks too: what is there, and changing it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from rtvc_bridge.errors import DeviceError

START_SERVER = (
    "Start one: systemctl --user start pipewire-pulse (or pulseaudio --start), then see that "
    "`pactl info` answers."
)


@dataclass(frozen=True, slots=True)
class Recording:
    """A program's stream that records.

    Attributes:
        index: The server's number of it.
        source: Number of what it records from.
        program: As the program calls itself.
    """

    index: int
    source: int
    program: str


@dataclass(frozen=True, slots=True)
class Playing:
    """A program's stream that plays.

    Attributes:
        sink: Number of what it plays into.
        program: As the program calls itself.
    """

    sink: int
    program: str


class Control(Protocol):
    """A connection to the sound server. For one thread at a time.

    Every method raises DeviceError if the server is gone or refuses.
    """

    def server(self) -> str:
        """Return what the server calls itself."""

    def sinks(self) -> dict[str, int]:
        """Return the number of every output by name."""

    def sources(self) -> dict[str, int]:
        """Return the number of every input by name, monitors of outputs among them."""

    def load(self, module: str, arguments: str) -> None:
        """Load a module."""

    def unload(self, module: str, argument: str) -> None:
        """Unload every such module that was loaded with `argument` among its arguments."""

    def recordings(self) -> Sequence[Recording]:
        """Return the streams that record."""

    def playing(self) -> Sequence[Playing]:
        """Return the streams that play."""

    def move(self, recording: int, source: str) -> None:
        """Let a stream record from `source`."""

    def defaults(self) -> tuple[str, str]:
        """Return the names of the default output and input."""

    def set_defaults(self, sink: str, source: str) -> None:
        """Set both; "" leaves one as it is."""


class PulsectlControl:
    """Control through pulsectl. Made by `pulsectl_control`."""

    def __init__(self, pulse: Any, refused: type[Exception]) -> None:  # noqa: ANN401 - pulsectl has no types
        self._pulse = pulse
        self._refused = refused

    def server(self) -> str:
        """Return what the server calls itself."""
        server = self._pulse.server_info()
        return f"{server.server_name} {server.server_version}"

    def sinks(self) -> dict[str, int]:
        """Return the number of every output by name."""
        return {each.name: each.index for each in self._pulse.sink_list()}

    def sources(self) -> dict[str, int]:
        """Return the number of every input by name, monitors of outputs among them."""
        return {each.name: each.index for each in self._pulse.source_list()}

    def load(self, module: str, arguments: str) -> None:
        """Load a module."""
        try:
            self._pulse.module_load(module, arguments)
        except self._refused as error:
            raise DeviceError(f"The sound server refuses to load {module} ({error}).") from error

    def unload(self, module: str, argument: str) -> None:
        """Unload every such module that was loaded with `argument` among its arguments."""
        for each in self._pulse.module_list():
            if each.name == module and argument in (each.argument or "").split():
                self._pulse.module_unload(each.index)

    def recordings(self) -> Sequence[Recording]:
        """Return the streams that record."""
        return tuple(
            Recording(each.index, each.source, _program(each))
            for each in self._pulse.source_output_list()
        )

    def playing(self) -> Sequence[Playing]:
        """Return the streams that play."""
        return tuple(Playing(each.sink, _program(each)) for each in self._pulse.sink_input_list())

    def move(self, recording: int, source: str) -> None:
        """Let a stream record from `source`."""
        number = self.sources()[source]
        try:
            self._pulse.source_output_move(recording, number)
        except self._refused as error:
            raise DeviceError(f"The sound server refuses to move a stream ({error}).") from error

    def defaults(self) -> tuple[str, str]:
        """Return the names of the default output and input."""
        server = self._pulse.server_info()
        return server.default_sink_name or "", server.default_source_name or ""

    def set_defaults(self, sink: str, source: str) -> None:
        """Set both; "" leaves one as it is."""
        if sink:
            self._pulse.sink_default_set(sink)
        if source:
            self._pulse.source_default_set(source)


def _program(stream: Any) -> str:  # noqa: ANN401 - pulsectl has no types
    return stream.proplist.get("application.name") or stream.name or "a program"


@contextmanager
def pulsectl_control() -> Iterator[Control]:
    """Give a connection to the sound server.

    Raises:
        DeviceError: If pulsectl is not installed, or the server is gone or refuses.
    """
    try:
        import pulsectl
    except ImportError as error:
        raise DeviceError('pulsectl is not installed: pip install "rtvc-bridge[mic]".') from error
    except OSError as error:
        raise DeviceError(
            "libpulse is not installed: on Debian or Ubuntu, sudo apt-get install libpulse0."
        ) from error
    try:
        with pulsectl.Pulse("rtvc-bridge control", connect=False) as pulse:
            pulse.connect()  # its timeout, if given, is always waited for in full
            yield PulsectlControl(pulse, pulsectl.PulseError)
    except pulsectl.PulseError as error:
        raise DeviceError(f"The sound server does not answer ({error}). {START_SERVER}") from error
