"""How listeners learn that a voice is synthetic: the words that go with a file, and a spoken tag.

The watermark is in the sound itself; these are for people, and for programs that read metadata.
Whoever has a file can remove them.
"""

import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Self

SOFTWARE = "rtvc-bridge"
HEADERS = {"synthetic-speech": f'?1;by="{SOFTWARE}"'}
"""Of every HTTP answer that holds speech: plain PCM has no place of its own for it."""

_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")  # noqa: RUF001 - full-width ends are meant


@dataclass(frozen=True, slots=True)
class Label:
    """What a file of speech says of itself.

    Attributes:
        voice: The voice's name; "" if it has none.
        made_on: The day, UTC.
    """

    voice: str
    made_on: date

    @classmethod
    def today(cls, voice: str) -> Self:
        """Return the label of what is made now in `voice`."""
        return cls(voice, datetime.now(UTC).date())

    @property
    def title(self) -> str:
        """What it is."""
        return "Synthetic speech"

    @property
    def artist(self) -> str:
        """Who seems to speak."""
        return f"{self.voice} (synthetic voice)" if self.voice else "Synthetic voice"

    @property
    def comment(self) -> str:
        """The whole statement."""
        voice = f"the cloned voice {self.voice}" if self.voice else "a cloned voice"
        return f"Synthetic speech in {voice}, made by {SOFTWARE}"


@dataclass(frozen=True, slots=True)
class Told:
    """When listeners were last told of which voice.

    Attributes:
        voice_id: The voice's id.
        at: When, in seconds of the clock that is used.
    """

    voice_id: str
    at: float


def tagged(
    text: str, tag: str, *, last: Told | None, voice_id: str, now: float, again_s: float
) -> tuple[str, Told | None]:
    """Return `text`, after `tag` if listeners are due to be told; and what they were told last.

    Args:
        text: What is to be said.
        tag: Such as "Synthetic voice."; "" for none.
        last: What listeners were told last, None if nothing yet.
        voice_id: Whose line it is.
        now: The time, in seconds.
        again_s: After so long they are told again, though the voice is the same.
    """
    tag = tag.strip()
    if not tag:
        return text, last
    if last is not None and last.voice_id == voice_id and now - last.at < again_s:
        return text, last
    end = "" if tag.endswith(_SENTENCE_ENDS) else "."
    return f"{tag}{end} {text}", Told(voice_id, now)


class SpokenTag:
    """Puts the tag before a voice's first line in a lane, and again after a while. For any thread.

    Ask in the order in which lines are spoken, not in which they are queued.

    Args:
        tag: Such as "Synthetic voice."; "" for none.
        again_s: After so long it is said again.
    """

    def __init__(self, tag: str, *, again_s: float) -> None:
        self._tag = tag
        self._again_s = again_s
        self._lock = threading.Lock()
        self._told: dict[str, Told] = {}

    def before(self, text: str, *, lane: str, voice_id: str, now: float) -> str:
        """Return what is to be said in `lane`: `text`, after the tag if it is due."""
        with self._lock:
            text, told = tagged(
                text,
                self._tag,
                last=self._told.get(lane),
                voice_id=voice_id,
                now=now,
                again_s=self._again_s,
            )
            if told is not None:
                self._told[lane] = told
        return text

    def unsaid(self, lane: str) -> None:
        """Say it again at the next line of `lane`: the last did not come to its end."""
        with self._lock:
            self._told.pop(lane, None)
