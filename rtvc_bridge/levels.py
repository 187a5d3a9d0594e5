"""How loud each lane is right now, for whoever draws a meter."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

FLOOR_DB = -60.0
"""A lane below this does not sound."""
WINDOW_S = 0.1
FORGOTTEN_S = 0.15
"""A lane of which no sound came for so long has fallen silent."""


@dataclass(frozen=True, slots=True)
class _Window:
    peak: float
    started_at: float
    noted_at: float


class Levels:
    """Peaks of the last WINDOW_S, per lane. `note` is for the lane's one player, `read` for anyone.

    Args:
        clock: Seconds, as time.monotonic gives them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[str, _Window] = {}

    def note(self, lane: str, peak: float) -> None:
        """Take in the loudest sample, 0..1, of sound that `lane` plays now. Never waits."""
        now = self._clock()
        window = self._windows.get(lane)
        if window is not None and now - window.started_at < WINDOW_S:
            self._windows[lane] = _Window(max(peak, window.peak), window.started_at, now)
        else:
            self._windows[lane] = _Window(peak, now, now)

    def read(self) -> Mapping[str, float]:
        """Return the peak of each lane that sounds, in dB of full scale."""
        now = self._clock()
        recent = {
            lane: 20 * math.log10(window.peak)
            for lane, window in self._windows.copy().items()
            if window.peak > 0 and now - window.noted_at < FORGOTTEN_S
        }
        return {lane: level_db for lane, level_db in recent.items() if level_db >= FLOOR_DB}
