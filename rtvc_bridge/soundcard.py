"""This computer's sound outputs, through PortAudio."""

import os
import re
import threading
from dataclasses import dataclass
from typing import Any

from rtvc_bridge.errors import DeviceError

WASAPI = "Windows WASAPI"
_LOCK = threading.Lock()  # PortAudio's start and end are for one thread at a time
_PLACE = re.compile(r" \(hw:\d+,\d+\)$")


@dataclass(frozen=True, slots=True)
class Device:
    """A sound output.

    Attributes:
        index: PortAudio's number; changes when devices come and go.
        name: As the system gives it.
        api: The part of the system that offers it, for example "ALSA".
        channels: Most it plays.
    """

    index: int
    name: str
    api: str
    channels: int

    @property
    def names(self) -> tuple[str, ...]:
        """What it may be called: ALSA's card number, which changes, can be left out."""
        return (self.name, _PLACE.sub("", self.name), f"{self.name}, {self.api}")


def sounddevice() -> Any:  # noqa: ANN401 - the module, which has no types
    """Return the sounddevice module.

    Raises:
        DeviceError: If it, or the PortAudio library below it, is not installed.
    """
    os.environ.setdefault("PULSE_PROP_application.name", "rtvc-bridge")
    try:
        import sounddevice as module
    except ImportError as error:
        raise DeviceError(
            'Sound devices need the "mic" extra: pip install "rtvc-bridge[mic]".'
        ) from error
    except OSError as error:
        raise DeviceError(
            "Sound devices need PortAudio: on Debian or Ubuntu, "
            "sudo apt-get install libportaudio2 libasound2-plugins."
        ) from error
    return module


def outputs(module: Any) -> tuple[Device, ...]:  # noqa: ANN401 - the module, which has no types
    """Return the sound outputs there are; for any thread."""
    with _LOCK:
        return _looked(module)


def _looked(module: Any) -> tuple[Device, ...]:  # noqa: ANN401 - the module, which has no types
    if not (found := _listed(module)):
        # PortAudio looks once, at its start; a daemon can start before the sound server.
        # Starting it anew ends every open stream: with no output, there is none.
        module._terminate()
        module._initialize()
        found = _listed(module)
    return found


def default_output(module: Any) -> int:  # noqa: ANN401 - the module, which has no types
    """Return the index of the system's default output, -1 if it has none."""
    return int(module.default.device["output"])


def shared(module: Any, device: Device) -> Any:  # noqa: ANN401 - the module, which has no types
    """Return what lets WASAPI take a rate that is not the one set in the control panel."""
    return module.WasapiSettings(auto_convert=True) if device.api == WASAPI else None


def _listed(module: Any) -> tuple[Device, ...]:  # noqa: ANN401 - the module, which has no types
    apis = module.query_hostapis()
    return tuple(
        Device(each["index"], each["name"], apis[each["hostapi"]]["name"], channels)
        for each in module.query_devices()
        if (channels := each["max_output_channels"]) > 0
    )
