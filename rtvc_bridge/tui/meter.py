"""A level as a bar of characters, to be read without colour."""

FLOOR_DB = -60.0
"""An empty bar, in dB of full scale."""


def meter(level_db: float, *, width: int) -> str:
    """Return a bar of `width` characters for a level."""
    filled = round(width * (1 - max(FLOOR_DB, min(0.0, level_db)) / FLOOR_DB))
    return "█" * filled + "░" * (width - filled)
