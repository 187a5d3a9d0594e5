"""How much may be spoken, in seconds of sound: known before, charged after. No clock."""

import math
import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rtvc_bridge.errors import BudgetError
from rtvc_bridge.text.normalise import spoken

CHARS_PER_S = 14.0
"""Letters and spaces of spoken words in a second, until a voice's own pace is known."""
MINUTE_S = 60.0
HOUR_S = 3600.0
_MOST_KEPT = 10_000
_ROUNDING_S = 1e-6


@lru_cache(maxsize=1024)  # asked when a line comes, and again when it is over
def spoken_chars(text: str) -> int:
    """Return how many characters `text` has once its figures and signs are words."""
    return len(spoken(text).text)


def estimated_s(text: str) -> float:
    """Return how long `text` will take in a voice that nothing is known of, in seconds."""
    return spoken_chars(text) / CHARS_PER_S


@dataclass(frozen=True, slots=True)
class Share:
    """What somebody may have spoken.

    Attributes:
        key: Who, as the budget tells them apart.
        seconds: How much sound in `window_s`.
        whose: Begins the refusal: "You have", "This server has".
        window_s: MINUTE_S or HOUR_S.
    """

    key: Hashable
    seconds: float
    whose: str
    window_s: float = MINUTE_S


@dataclass(frozen=True, slots=True)
class Held:
    """Seconds of sound set aside for a line.

    Attributes:
        keys: Of the shares they were taken from.
        seconds: How many.
    """

    keys: tuple[Hashable, ...]
    seconds: float


@dataclass(slots=True)
class _Bucket:
    """Seconds of sound that are left; may be below 0 after a line that took longer."""

    left_s: float
    at: float


class Budget:
    """Seconds of sound that are left to each: one token bucket for each key.

    A bucket holds its share and fills evenly, so that a whole share can be had at once, and
    over a longer time no more than the share in every window. A line takes what it is thought
    to last; once it is over, the difference to what was spoken is given back or taken. For any
    thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()

    def hold(self, seconds: float, shares: Sequence[Share], *, now: float) -> Held:
        """Set `seconds` of each of `shares` aside.

        Raises:
            BudgetError: If one of them is used up; none is touched.
        """
        keys = tuple(share.key for share in shares)
        with self._lock:
            buckets = [self._filled(share, now) for share in shares]
            for share, bucket in zip(shares, buckets, strict=True):
                # A line longer than the whole share waits for a full bucket, not for ever.
                short_s = min(seconds, share.seconds) - bucket.left_s
                if short_s > 0:
                    raise BudgetError(_refusal(share, short_s / share.seconds * share.window_s))
            for bucket in buckets:
                bucket.left_s -= seconds
        return Held(keys, seconds)

    def settle(self, held: Held, spoken_s: float) -> None:
        """Charge what was really spoken instead of what was set aside."""
        with self._lock:
            for key in held.keys:
                if (bucket := self._buckets.get(key)) is not None:
                    bucket.left_s += held.seconds - spoken_s

    def _filled(self, share: Share, now: float) -> _Bucket:
        bucket = self._buckets.setdefault(share.key, _Bucket(share.seconds, now))
        self._buckets.move_to_end(share.key)
        gained_s = (now - bucket.at) * share.seconds / share.window_s
        bucket.left_s = min(share.seconds, bucket.left_s + gained_s)
        bucket.at = now
        if len(self._buckets) > _MOST_KEPT:
            self._buckets.popitem(last=False)
        return bucket


def _refusal(share: Share, wait_s: float) -> str:
    in_minutes = share.window_s > MINUTE_S and wait_s > MINUTE_S
    unit_s, unit = (MINUTE_S, "min") if in_minutes else (1.0, "s")
    wait = max(1, math.ceil((wait_s - _ROUNDING_S) / unit_s))
    window = "an hour" if share.window_s == HOUR_S else "a minute"
    return (
        f"{share.whose} had {share.seconds:.0f} s of speech in {window}, which is the limit. "
        f"Try again in {wait} {unit}."
    )
