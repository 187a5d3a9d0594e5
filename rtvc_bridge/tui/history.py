"""Lines that were typed before, to go back to."""

MOST = 200


class History:
    """Lines typed before; `up` and `down` walk them, and the line begun is at their end."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._at = 0
        self._begun = ""

    def add(self, line: str) -> None:
        """Keep a line, once if it is the same as the one before; the walk starts over."""
        if not self._lines or self._lines[-1] != line:
            self._lines = [*self._lines, line][-MOST:]
        self._at = len(self._lines)
        self._begun = ""

    def up(self, current: str) -> str:
        """Return the line before; `current` is kept if it is the one begun."""
        if self._at == len(self._lines):
            self._begun = current
        self._at = max(0, self._at - 1)
        return self._lines[self._at] if self._lines else current

    def down(self, current: str) -> str:
        """Return the line after, the one begun at the end."""
        if self._at >= len(self._lines):
            return current
        self._at += 1
        return self._begun if self._at == len(self._lines) else self._lines[self._at]
