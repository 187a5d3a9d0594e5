"""Listeners that the server moved to another microphone when ours vanished."""

from rtvc_virtualmic.control import Control, Recording
from rtvc_virtualmic.nullsink import Names


class Herd:
    """Remembers who listened, look by look.

    A stream that left while the microphone stayed was moved by its user, and is let go. One that
    left when the microphone did was moved by the server, and is a stray. After a restart of
    the server its numbers mean nothing any more, and every program connects anew by itself.
    """

    def __init__(self) -> None:
        self._source: int | None = None
        self._listening: frozenset[int] = frozenset()

    def strays(self, control: Control, names: Names) -> tuple[Recording, ...]:
        """Return the streams to move back, and remember who listens now."""
        source = control.sources().get(names.source)
        if source is None:
            return ()
        present = control.recordings()
        strays: tuple[Recording, ...] = ()
        if source != self._source:
            strays = tuple(
                each for each in present if each.index in self._listening and each.source != source
            )
        self._source = source
        self._listening = frozenset(
            each.index for each in present if each.source == source or each in strays
        )
        return strays
