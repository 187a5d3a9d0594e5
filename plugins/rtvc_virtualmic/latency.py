"""How much sound is handed ahead: more after it ran dry, less again once that is long past."""

STEP = 1.5
MAX_MS = 100
CALM_S = 60.0


class Latency:
    """Starts at `usual_ms`, grows by half at each underrun, and shrinks back after calm.

    Args:
        usual_ms: Where it starts, and the least it shrinks to.
    """

    def __init__(self, usual_ms: int) -> None:
        self._usual_ms = usual_ms
        self._changed_at = 0.0
        self.ms = usual_ms

    def ran_dry(self, now: float) -> None:
        """Grow."""
        self.ms = max(self.ms, min(MAX_MS, round(self.ms * STEP)))
        self._changed_at = now

    def look(self, now: float) -> int:
        """Shrink a step if nothing ran dry for CALM_S; return how many ms it is."""
        if self.ms > self._usual_ms and now - self._changed_at >= CALM_S:
            self.ms = max(self._usual_ms, round(self.ms / STEP))
            self._changed_at = now
        return self.ms
