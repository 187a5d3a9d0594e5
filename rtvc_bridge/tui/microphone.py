"""The microphone, if this computer has one and the `mic` extra is installed."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.audio import Audio
from rtvc_bridge.errors import DeviceError
from rtvc_bridge.soundcard import outputs, sounddevice
from rtvc_bridge.tui.meter import FLOOR_DB

RATE_HZ = 48_000
NONE = "There is no microphone, or the system does not show it. Plug one in and try again."
INSTEAD = "Until then, record with another program and add the file."


class Recorder(Protocol):
    """A recording that is going on."""

    def level_db(self) -> float:
        """Return how loud it was just now: the peak, 0 at full scale."""

    def stop(self) -> Audio:
        """End it and return the sound."""


class Microphone:
    """Records the default input device from the moment it is made.

    Raises:
        DeviceError: If the extra is not installed, or no device can be opened.
    """

    def __init__(self) -> None:
        try:
            module = sounddevice()
        except DeviceError as error:
            raise DeviceError(f"{error} {INSTEAD}") from error
        outputs(module)  # looks anew if PortAudio found no device at its own start
        if int(module.default.device["input"]) < 0:
            raise DeviceError(NONE)
        self._pieces: list[NDArray[np.float32]] = []
        try:
            self._stream = module.InputStream(
                samplerate=RATE_HZ, channels=1, dtype="float32", callback=self._heard
            )
            self._stream.start()
        except module.PortAudioError as error:
            raise DeviceError(f"The microphone cannot be opened: {error}") from error

    def level_db(self) -> float:
        """Return how loud the last piece was: its peak, 0 at full scale."""
        return peak_db(self._pieces[-1]) if self._pieces else FLOOR_DB

    def stop(self) -> Audio:
        """End the recording and return it."""
        self._stream.stop()
        self._stream.close()
        return Audio(np.concatenate([np.zeros(0, np.float32), *self._pieces]), RATE_HZ)

    def _heard(self, block: NDArray[np.float32], *_: Any) -> None:  # noqa: ANN401 - PortAudio's
        self._pieces.append(block[:, 0].copy())


def peak_db(samples: NDArray[np.float32]) -> float:
    """Return the loudest sample in dB of full scale, FLOOR_DB at least."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    return max(FLOOR_DB, 20 * float(np.log10(max(peak, 1e-9))))
