"""The backends of Windows and macOS: virtual cables that people install, found by exact name.

A cable is two devices: sound goes into the one, and other programs record from the other. The
names are the makers'; each device shows up once per host API, often with its name cut, so a
match is one name under one API. No cable was at hand where this was written: what is tested
is the choice among recorded device lists.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.errors import DeviceError
from rtvc_bridge.soundcard import (
    WASAPI,
    Device,
    default_output,
    outputs,
    shared,
    sounddevice,
)
from rtvc_virtualmic.backend import Format

CORE_AUDIO = "Core Audio"


@dataclass(frozen=True, slots=True)
class Cable:
    """A make of virtual cable.

    Attributes:
        name: The maker's.
        api: The host API to use, as PortAudio calls it.
        ends: (device to play into, device to pick in the other program), best first.
        fix: How to get one.
    """

    name: str
    api: str
    ends: tuple[tuple[str, str], ...]
    fix: str


_VB = "(VB-Audio Virtual Cable)"
CABLES = {
    "vbcable": Cable(
        "VB-CABLE",
        WASAPI,
        ((f"CABLE Input {_VB}", f"CABLE Output {_VB}"),),
        "Install VB-CABLE (vb-audio.com/Cable), then restart Windows.",
    ),
    "voicemeeter": Cable(
        "Voicemeeter",
        WASAPI,
        (
            (
                "Voicemeeter AUX Input (VB-Audio Voicemeeter VAIO)",
                "Voicemeeter Out B2 (VB-Audio Voicemeeter VAIO)",
            ),
            (
                "Voicemeeter Input (VB-Audio Voicemeeter VAIO)",
                "Voicemeeter Out B1 (VB-Audio Voicemeeter VAIO)",
            ),
            (
                "VoiceMeeter Input (VB-Audio VoiceMeeter VAIO)",
                "VoiceMeeter Output (VB-Audio VoiceMeeter VAIO)",
            ),
        ),
        "Install Voicemeeter (vb-audio.com/Voicemeeter), then restart Windows.",
    ),
    "vac": Cable(
        "Virtual Audio Cable",
        WASAPI,
        (("Line 1 (Virtual Audio Cable)", "Line 1 (Virtual Audio Cable)"),),
        "Install Virtual Audio Cable (vac.muzychenko.net).",
    ),
    "blackhole": Cable(
        "BlackHole",
        CORE_AUDIO,
        (("BlackHole 2ch", "BlackHole 2ch"), ("BlackHole 16ch", "BlackHole 16ch")),
        "Run: brew install blackhole-2ch, then restart the computer.",
    ),
    "loopback": Cable(
        "Loopback",
        CORE_AUDIO,
        (("Loopback Audio", "Loopback Audio"),),
        "Install Loopback (rogueamoeba.com/loopback) and make a device called Loopback Audio.",
    ),
}


def chosen(devices: Sequence[Device], cable: Cable, device: str | None) -> tuple[Device, str]:
    """Return the end of the cable to play into, and the name of the other end.

    Args:
        devices: Outputs as the system lists them.
        cable: The make.
        device: The end to play into, by name, if it is not one of the maker's usual names.

    Raises:
        DeviceError: If it is not there; the message says how to get it.
    """
    ends = ((device, _other_end(device)),) if device else cable.ends
    for into, picked in ends:
        for output in devices:
            if output.api == cable.api and output.name == into:
                return output, picked
    wanted = f'"{ends[0][0]}" is not among the outputs of {cable.api}.'
    raise DeviceError(f"{wanted} {cable.fix}")


def present(devices: Sequence[Device]) -> tuple[str, ...]:
    """Return the ends to play into of all cables that are among `devices`."""
    there = {(output.api, output.name) for output in devices}
    return tuple(
        into for cable in CABLES.values() for into, _ in cable.ends if (cable.api, into) in there
    )


def _other_end(device: str) -> str:
    for cable in CABLES.values():
        for into, picked in cable.ends:
            if into == device:
                return picked
    return f'the recording end of "{device}"'


class CableStream:
    """An open stream. Made by `CableBackend`."""

    may_rest = False

    def __init__(self, stream: Any, form: Format, lost: type[Exception]) -> None:  # noqa: ANN401 - sounddevice has no types
        self._stream = stream
        self._form = form
        self._lost = lost

    def write(self, samples: NDArray[np.float32]) -> None:
        """Take mono float32 [n], waiting until there is room for it.

        Raises:
            DeviceError: If the device went away.
        """
        try:
            self._stream.write(self._form.bytes_of(samples))
        except self._lost as error:
            raise DeviceError(f"The cable went away ({error}).") from error

    def hand_ahead(self, latency_ms: int) -> bool:
        """Return False: how much is settled when it is opened."""
        del latency_ms
        return False

    def close(self) -> None:
        """Give it back."""
        self._stream.close()


class CableBackend:
    """A cable. Made by what `factory` returns."""

    def __init__(self, output: Device, device: str, form: Format) -> None:
        self.device = device
        self._output = output
        self._form = form

    def open(self, latency_ms: int) -> CableStream:
        """Return a stream into the cable.

        Raises:
            DeviceError: If it is gone, or another program holds it.
        """
        return _opened(self._output, self._form, latency_ms)

    def open_monitor(self, name: str, latency_ms: int) -> CableStream:
        """Return a stream into an ordinary output, "default" or its name.

        Raises:
            DeviceError: If there is none of that name.
        """
        module = sounddevice()
        found = outputs(module)
        default = default_output(module)
        for output in found:
            if (output.index == default) if name == "default" else (output.name == name):
                return _opened(output, self._form, latency_ms)
        known = "; ".join(sorted({output.name for output in found}))
        raise DeviceError(f'There is no output "{name}" to listen on. There are: {known}.')

    def listeners(self) -> None:
        """Return None: these systems do not tell who records."""

    def tend(self) -> bool:
        """Return False: a cable is its maker's to keep."""
        return False


def factory(make: str) -> Callable[[str | None, Format], CableBackend]:
    """Return what makes the backend of that make, a key of CABLES."""

    def made(device: str | None, form: Format) -> CableBackend:
        output, picked = chosen(outputs(sounddevice()), CABLES[make], device)
        return CableBackend(output, picked, form)

    return made


def _opened(output: Device, form: Format, latency_ms: int) -> CableStream:
    module = sounddevice()
    try:
        stream = module.RawOutputStream(
            samplerate=form.rate_hz,
            blocksize=0,
            device=output.index,
            channels=form.channels,
            dtype="float32",
            latency=latency_ms / 1000,
            extra_settings=shared(module, output),
        )
        stream.start()
    except module.PortAudioError as error:
        raise DeviceError(
            f'"{output.name}" refuses ({error}). Another program may hold it exclusively.'
        ) from error
    return CableStream(stream, form, module.PortAudioError)
