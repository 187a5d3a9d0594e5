"""Lines of speech as the frames that discord.py's player asks for."""

from collections.abc import Callable
from dataclasses import dataclass

import discord

from rtvc_bridge.audio import FRAME_MS, SILENCE
from rtvc_bridge.engine import Utterance
from rtvc_bridge.playing import Lineup, Reading
from rtvc_discord.outcomes import Entry, Outcomes

LEAD_IN_MS = 60
"""Silence before speech: a listener's program needs to learn of a new sender first."""
TAIL_MS = 200
"""Silence after the last line."""
GAP_MS = 8_000
"""Most silence between two lines of one run, while the later one is still being made."""


class Speech(discord.AudioSource):
    """One run of speech: lines one after the other, until none is left.

    A frame is given until it is reported as sent, so that none is lost while the connection is
    down, and the same run can go on in a new connection. One thread reads at a time, and never
    waits.

    Args:
        lineup: Gives the lines.
        outcomes: Is told what was sent.
        reading: Makes a line readable.
        changed: Called, on the thread that reads, whenever a line is over.

    Attributes:
        over: Whether all has been given.
    """

    def __init__(
        self,
        lineup: Lineup,
        outcomes: Outcomes,
        *,
        reading: Callable[[Utterance], Reading],
        changed: Callable[[], None],
    ) -> None:
        self._lineup = lineup
        self._outcomes = outcomes
        self._reading = reading
        self._changed = changed
        self._now: _Line | None = None
        self._frame: bytes | None = None
        self._lead_in_ms = 0
        self._quiet_ms = 0
        self.over = False

    def begin(self) -> bool:
        """Make ready for a player; return whether there is anything to play."""
        self._lead_in_ms = LEAD_IN_MS
        self._now = self._now or self._taken_up()
        return self._now is not None

    def read(self) -> bytes:
        """Return the frame that is to be sent next: silence for want of sound, b"" at the end."""
        if self._frame is None:
            self._frame = self._next()
        return self._frame

    def sent(self, *, unheard: str | None = None) -> None:
        """Note that the frame was sent, and go on to the next one.

        Args:
            unheard: Why nobody heard it, in words that may be shown; None if somebody did.
        """
        if self._now is not None and self._frame is not SILENCE:
            if unheard is None:
                self._now.entry.frames += 1
            else:
                self._now.entry.unheard = unheard
        self._frame = None

    def abandon(self) -> None:
        """Cancel what is being read; only once no thread reads any more."""
        if self._now is not None:
            self._now.utterance.cancel()
            self._put_down(self._now)
        self.over = True

    def _next(self) -> bytes:
        if self._lead_in_ms > 0:
            self._lead_in_ms -= FRAME_MS
            return SILENCE
        while (line := self._now or self._taken_up()) is not None:
            self._now = line
            if frame := self._spoken(line):
                self._quiet_ms = 0
                return frame
        self._quiet_ms += FRAME_MS
        self.over = self._quiet_ms > (GAP_MS if self._outcomes.open else TAIL_MS)
        return b"" if self.over else SILENCE

    def _spoken(self, line: "_Line") -> bytes:
        """Return the line's next frame; at its end put it down and return b""."""
        frame = line.reading.frame()
        if not frame:
            line.entry.complete = not line.reading.cancelled
            self._put_down(line)
        return frame

    def _taken_up(self) -> "_Line | None":
        """Take up the next line that has sound, and return it; None if there is none."""
        utterance = self._lineup.next()
        if utterance is None:
            return None
        entry = self._outcomes.entry(utterance) or self._outcomes.add(utterance)
        entry.taken = True
        return _Line(utterance, entry, self._reading(utterance))

    def _put_down(self, line: "_Line") -> None:
        line.entry.over = True
        self._now = None
        self._changed()


@dataclass(frozen=True, slots=True)
class _Line:
    utterance: Utterance
    entry: Entry
    reading: Reading
