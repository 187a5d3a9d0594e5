"""A sound output, found by name and kept fed."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rtvc_bridge.audio import PCM_RATE_HZ
from rtvc_bridge.errors import DeviceError
from rtvc_bridge.soundcard import Device, default_output, outputs, shared, sounddevice

STALLED_S = 3.0
"""A device that has asked for no sound for so long is taken for lost."""


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
    device = chosen(outputs(module), wanted.name, default=default_output(module))
    output = Output(device, take)
    try:
        output.stream = module.RawOutputStream(
            samplerate=PCM_RATE_HZ,
            blocksize=0,  # a fixed size makes PulseAudio behind ALSA run dry
            device=device.index,
            channels=output.channels,
            dtype="int16",
            latency=wanted.latency_s,
            extra_settings=shared(module, device),
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
