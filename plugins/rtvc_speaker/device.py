"""A sound output, found by name and kept fed."""

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rtvc_bridge.audio import PCM_RATE_HZ
from rtvc_bridge.errors import DeviceError

STALLED_S = 3.0
"""A device that has asked for no sound for so long is taken for lost."""
_PLACE = re.compile(r" \(hw:\d+,\d+\)$")
_WASAPI = "Windows WASAPI"


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to open.

    Attributes:
        name: One of a device's names; "" is the system's default.
        latency_s: How much sound it is handed ahead.
    """

    name: str
    latency_s: float


class Output:
    """An open sound output. Made by `opened`."""

    def __init__(self, device: Device, take: Callable[[int], bytes]) -> None:
        self.name = device.name
        self.channels = min(2, device.channels)
        self.stream: Any = None  # sounddevice has no types
        self._take = take
        self._asked = 0
        self._seen = (0, time.monotonic())

    def feed(self, out: Any, *_: object) -> None:  # noqa: ANN401 - a buffer of cffi
        """Give the device what it asks for; runs on its real-time thread."""
        self._asked += 1
        if self.channels == 2:
            out[:] = self._take(len(out))
        else:
            out[:] = memoryview(self._take(2 * len(out))).cast("h")[::2].tobytes()

    def check(self) -> None:
        """Return if the device still plays.

        Raises:
            DeviceError: If it went away.
        """
        now = time.monotonic()
        if self._asked != self._seen[0]:
            self._seen = (self._asked, now)
        if not self.stream.active or now - self._seen[1] > STALLED_S:
            raise DeviceError(
                f'The sound output "{self.name}" went away. Connect it again; it is tried again '
                "by itself."
            )


@contextmanager
def opened(wanted: Wanted, take: Callable[[int], bytes]) -> Iterator[Output]:
    """Give an open output that plays what `take(bytes)` returns: 48 kHz stereo PCM.

    `take` is called on the device's thread, which must not wait.

    Raises:
        DeviceError: If there is no such output, or it refuses.
    """
    module = sounddevice()
    device = chosen(outputs(module), wanted.name, default=_default(module))
    output = Output(device, take)
    try:
        output.stream = module.RawOutputStream(
            samplerate=PCM_RATE_HZ,
            blocksize=0,  # a fixed size makes PulseAudio behind ALSA run dry
            device=device.index,
            channels=output.channels,
            dtype="int16",
            latency=wanted.latency_s,
            extra_settings=_extra(module, device),
            callback=output.feed,
        )
        output.stream.start()
    except module.PortAudioError as error:
        if output.stream is not None:
            output.stream.close()
        raise DeviceError(
            f'The sound output "{device.name}" refuses: {error}. Another program may hold it; '
            "`device` in [adapters.speaker] can name another."
        ) from error
    try:
        yield output
        output.stream.stop()  # unlike close, lets the last sound end
    finally:
        output.stream.close()


def chosen(devices: Sequence[Device], name: str, *, default: int) -> Device:
    """Return the device of that name; for "" the one whose index is `default`, or the first.

    Raises:
        DeviceError: If there is none; the message lists those there are.
    """
    if not devices:
        raise DeviceError(
            "This computer shows no sound output. Connect one; on Linux, see that PipeWire or "
            "PulseAudio runs (pactl info)."
        )
    if not name:
        return next((each for each in devices if each.index == default), devices[0])
    for device in devices:
        if name in device.names:
            return device
    known = "; ".join(f'"{each}"' for each in dict.fromkeys(each.names[1] for each in devices))
    raise DeviceError(
        f'There is no sound output called "{name}". There are: {known}. Put one of these into '
        "`device` of [adapters.speaker], or leave it empty for the default. A device that was "
        "connected later is seen after a restart of rtvc-bridge."
    )


def outputs(module: Any) -> tuple[Device, ...]:  # noqa: ANN401 - the module, which has no types
    """Return the sound outputs there are."""
    if not (found := _listed(module)):
        # PortAudio looks once, at its start; a daemon can start before the sound server.
        # Starting it anew ends every open stream: with no output, there is none.
        module._terminate()
        module._initialize()
        found = _listed(module)
    return found


def _listed(module: Any) -> tuple[Device, ...]:  # noqa: ANN401 - the module, which has no types
    apis = module.query_hostapis()
    return tuple(
        Device(each["index"], each["name"], apis[each["hostapi"]]["name"], channels)
        for each in module.query_devices()
        if (channels := each["max_output_channels"]) > 0
    )


def _default(module: Any) -> int:  # noqa: ANN401 - the module, which has no types
    return int(module.default.device["output"])


def _extra(module: Any, device: Device) -> Any:  # noqa: ANN401 - the module, which has no types
    """Return what lets WASAPI take 48 kHz for a device that runs at another rate."""
    return module.WasapiSettings(auto_convert=True) if device.api == _WASAPI else None


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
            'Playing needs the "mic" extra: pip install "rtvc-bridge[mic]".'
        ) from error
    except OSError as error:
        raise DeviceError(
            "Playing needs PortAudio: on Debian or Ubuntu, "
            "sudo apt-get install libportaudio2 libasound2-plugins."
        ) from error
    return module
