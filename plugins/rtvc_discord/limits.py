"""How much may be spoken, in seconds of sound: known before, charged after. No clock."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from rtvc_bridge.errors import UserError
from rtvc_bridge.text.normalise import spoken

CHARS_PER_S = 14.0
"""Letters and spaces of spoken words in a second, until a voice's own pace is known."""
_PACE_WEIGHT = 0.2  # of the newest line in a voice's pace
_PACE_RANGE = (6.0, 120.0)
_LEAST_MEASURED_S = 1.0  # a shorter line says little about the pace
_MOST_KEPT = 10_000
_WINDOW_S = 60.0


class CooldownError(UserError):
    """Too much was spoken lately; the message says when there is room again."""


def spoken_chars(text: str) -> int:
    """Return how many characters `text` has once its figures and signs are words."""
    return len(spoken(text).text)


class Paces:
    """How fast each voice speaks: characters of spoken words per second at speed 1.

    For any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_voice: OrderedDict[str, float] = OrderedDict()

    def seconds(self, text: str, *, voice_id: str, speed: float) -> float:
        """Return how long `text` will take, judged by that voice's lines so far."""
        with self._lock:
            pace = self._by_voice.get(voice_id, CHARS_PER_S)
        return spoken_chars(text) / (pace * speed)

    def learn(self, text: str, seconds: float, *, voice_id: str, speed: float) -> None:
        """Take in that the whole of `text` took `seconds`."""
        if seconds < _LEAST_MEASURED_S:
            return
        low, high = _PACE_RANGE
        pace = min(max(spoken_chars(text) / (seconds * speed), low), high)
        with self._lock:
            known = self._by_voice.pop(voice_id, CHARS_PER_S)
            self._by_voice[voice_id] = known + _PACE_WEIGHT * (pace - known)
            if len(self._by_voice) > _MOST_KEPT:
                self._by_voice.popitem(last=False)


@dataclass(slots=True)
class _Bucket:
    """Seconds of sound that are left; may be below 0 after a line that took longer."""

    left_s: float
    at: float


@dataclass(frozen=True, slots=True)
class Held:
    """Seconds of sound set aside for a line.

    Attributes:
        keys: Of the buckets they were taken from.
        seconds: How many.
    """

    keys: tuple[tuple[int, int], ...]
    seconds: float


class Allowances:
    """Seconds of sound that a person and a server may have spoken: one token bucket for each.

    A bucket holds the seconds allowed per minute and fills evenly. A line takes what it is
    thought to last; once it is over, the difference to what was spoken is given back or taken.
    For any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: OrderedDict[tuple[int, int], _Bucket] = OrderedDict()

    def hold(
        self,
        seconds: float,
        *,
        guild: int,
        user: int,
        user_per_minute: float,
        guild_per_minute: float,
        now: float,
    ) -> Held:
        """Set `seconds` aside.

        Raises:
            CooldownError: If that person or that server has had its share.
        """
        mine, ours = (guild, user), (guild, 0)
        shares = ((mine, user_per_minute, "You have"), (ours, guild_per_minute, "This server has"))
        with self._lock:
            for key, per_minute, who in shares:
                left_s = self._filled(key, per_minute, now).left_s
                # A line longer than the whole share waits for a full bucket, not for ever.
                short_s = min(seconds, per_minute) - left_s
                if short_s > 0:
                    wait_s = short_s / per_minute * _WINDOW_S
                    raise CooldownError(
                        f"{who} had {per_minute:.0f} s of speech in a minute, which is the "
                        f"limit. Try again in {max(1, round(wait_s))} s."
                    )
            for key in (mine, ours):
                self._buckets[key].left_s -= seconds
        return Held((mine, ours), seconds)

    def settle(self, held: Held, spoken_s: float) -> None:
        """Charge what was really spoken instead of what was set aside."""
        with self._lock:
            for key in held.keys:
                if (bucket := self._buckets.get(key)) is not None:
                    bucket.left_s += held.seconds - spoken_s

    def _filled(self, key: tuple[int, int], per_minute: float, now: float) -> _Bucket:
        bucket = self._buckets.setdefault(key, _Bucket(per_minute, now))
        self._buckets.move_to_end(key)
        gained_s = (now - bucket.at) * per_minute / _WINDOW_S
        bucket.left_s = min(per_minute, bucket.left_s + gained_s)
        bucket.at = now
        if len(self._buckets) > _MOST_KEPT:
            self._buckets.popitem(last=False)
        return bucket
