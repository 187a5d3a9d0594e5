"""Whether OBS gets the same voice a second time, judged by its own meters."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

SOUNDS_DB = -50.0
ALIKE_DB = 6.0
ALIKE_SHARE = 0.7
SWING_DB = 3.0
MIN_LOOKS = 10
"""Half a second of meters."""
KEPT_LOOKS = 60
LAG_LOOKS = 3
"""A copy may be up to 150 ms late."""


class Doubles:
    """Compares the meters of other sources with that of ours while a line is heard.

    Args:
        ours: Name of our source.
    """

    def __init__(self, ours: str) -> None:
        self._ours = ours
        self._looks: list[dict[str, float]] = []

    @property
    def silent(self) -> bool:
        """Whether ours was watched for long enough and gave no sound."""
        return len(self._looks) >= MIN_LOOKS and all(
            look.get(self._ours, -math.inf) < SOUNDS_DB for look in self._looks
        )

    def look(self, levels_db: Mapping[str, float]) -> None:
        """Take in one reading of the meters."""
        self._looks = [*self._looks[1 - KEPT_LOOKS :], dict(levels_db)]

    def found(self) -> tuple[str, ...]:
        """Return the sources that rose and fell with ours."""
        ours = self._course(self._ours)
        loud = [level for level in ours if level > SOUNDS_DB]
        if len(loud) < MIN_LOOKS or max(loud) - min(loud) < SWING_DB:
            return ()
        others = dict.fromkeys(name for look in self._looks for name in look if name != self._ours)
        return tuple(name for name in others if _follows(self._course(name), ours))

    def _course(self, name: str) -> list[float]:
        return [look.get(name, -math.inf) for look in self._looks]


def levels_db(data: Mapping[str, Any]) -> dict[str, float]:
    """Return the peak of each source in an InputVolumeMeters event, in dB of full scale."""
    found = {}
    for source in data["inputs"]:
        # Of each channel: magnitude, peak after the fader, peak before it.
        peak = max((channel[1] for channel in source["inputLevelsMul"]), default=0.0)
        found[source["inputName"]] = 20 * math.log10(peak) if peak > 0 else -math.inf
    return found


def _follows(course: Sequence[float], ours: Sequence[float]) -> bool:
    """Whether `course` is ours, a constant louder or quieter, at some small lag."""
    return any(
        _alike(course[lag:], ours[: len(ours) - lag])
        or _alike(course[: len(course) - lag], ours[lag:])
        for lag in range(LAG_LOOKS + 1)
    )


def _alike(course: Sequence[float], ours: Sequence[float]) -> bool:
    differences = sorted(
        theirs - own
        for theirs, own in zip(course, ours, strict=True)
        if own > SOUNDS_DB and theirs > SOUNDS_DB
    )
    sounding = sum(own > SOUNDS_DB for own in ours)
    if len(differences) < max(MIN_LOOKS, ALIKE_SHARE * sounding):
        return False
    middle = differences[len(differences) // 2]
    near = sum(abs(difference - middle) < ALIKE_DB / 2 for difference in differences)
    return near >= ALIKE_SHARE * len(differences)
