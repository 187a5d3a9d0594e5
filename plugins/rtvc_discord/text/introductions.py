"""When a speaker is named: after somebody else spoke, or after a while."""

AGAIN_S = 60.0
"""A speaker who was silent for so long is named again."""


class Introductions:
    """Who spoke last in each server, and when."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[int, float]] = {}

    def due(self, guild: int, user: int, *, now: float) -> bool:
        """Return whether `user`, who speaks now, is to be named."""
        speaker, at = self._last.get(guild, (None, 0.0))
        return speaker != user or now - at >= AGAIN_S

    def spoke(self, guild: int, user: int, *, now: float) -> None:
        """Note that `user` speaks now."""
        self._last[guild] = (user, now)
