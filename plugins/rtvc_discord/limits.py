"""How much may be spoken in a server: known before, charged after. No clock."""

import threading
from collections import OrderedDict

from rtvc_bridge.safety.budget import CHARS_PER_S, Budget, Held, Share, spoken_chars

__all__ = ["CHARS_PER_S", "Allowances", "Held", "Paces"]

_PACE_WEIGHT = 0.2  # of the newest line in a voice's pace
_PACE_RANGE = (6.0, 120.0)
_LEAST_MEASURED_S = 1.0  # a shorter line says little about the pace
_MOST_KEPT = 10_000


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


class Allowances:
    """Seconds of sound that a person and a server may have spoken per minute.

    For any thread.
    """

    def __init__(self) -> None:
        self._budget = Budget()

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
            BudgetError: If that person or that server has had its share.
        """
        mine = Share((guild, user), user_per_minute, "You have")
        ours = Share((guild, 0), guild_per_minute, "This server has")
        return self._budget.hold(seconds, (mine, ours), now=now)

    def settle(self, held: Held, spoken_s: float) -> None:
        """Charge what was really spoken instead of what was set aside."""
        self._budget.settle(held, spoken_s)
