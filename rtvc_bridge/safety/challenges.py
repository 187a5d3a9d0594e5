"""Sentences that wait to be read: each for one recording, within a time limit."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from rtvc_bridge.errors import ConsentError
from rtvc_bridge.safety import phrase
from rtvc_bridge.safety.phrase import Phrase

TIME_LIMIT_S = 120.0
MOST_OPEN = 32
_REMEMBERED = 1_000
_AGAIN = "Ask for a new sentence and read that one."


@dataclass(frozen=True, slots=True)
class Challenge:
    """A sentence that was given out.

    Attributes:
        id: Cannot be guessed; whoever has it may answer.
        phrase: What to read.
        expires_at: Until when, on the clock of `Challenges`.
    """

    id: str
    phrase: Phrase
    expires_at: float

    @property
    def sentence(self) -> str:
        """What to read, as it is shown."""
        return self.phrase.sentence

    @property
    def words(self) -> tuple[str, ...]:
        """The random words in it."""
        return self.phrase.words

    @property
    def name(self) -> str:
        """What the voice is to be called."""
        return self.phrase.name

    @property
    def language(self) -> str:
        """Which language it is in."""
        return self.phrase.language


@dataclass(slots=True)
class Challenges:
    """Gives out sentences and takes each back once. For any thread.

    Attributes:
        clock: Seconds, as time.monotonic gives them.
        today: The day, where the speaker is.
        limit_s: How long there is to read and hand in.
        most_open: How many may wait at once.
    """

    clock: Callable[[], float]
    today: Callable[[], date] = date.today
    limit_s: float = TIME_LIMIT_S
    most_open: int = MOST_OPEN
    _open: OrderedDict[str, Challenge] = field(default_factory=OrderedDict)
    _over: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _recordings: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def issue(self, name: str, language: str = "en") -> Challenge:
        """Return a new sentence for a voice that is to be called `name`.

        Raises:
            ConsentError: If too many wait already, or the language is unknown.
        """
        fresh = phrase.drawn(name, self.today(), language)
        with self._lock:
            self._expire()
            if len(self._open) >= self.most_open:
                wait_s = next(iter(self._open.values())).expires_at - self.clock()
                msg = f"{self.most_open} sentences wait to be read; try again in {wait_s:.0f} s."
                raise ConsentError(msg)
            challenge = Challenge(secrets.token_urlsafe(16), fresh, self.clock() + self.limit_s)
            self._open[challenge.id] = challenge
        return challenge

    def taken(self, challenge_id: str) -> Challenge:
        """Return the sentence of that id, which from now on is used.

        Raises:
            ConsentError: If it is used, expired or unknown; the message says which.
        """
        with self._lock:
            self._expire()
            challenge = self._open.pop(challenge_id, None)
            if challenge is not None:
                _remember(self._over, challenge_id, "was used already; each is good for one try")
                return challenge
            fate = self._over.get(challenge_id, "is unknown here")
        raise ConsentError(f"That sentence {fate}. {_AGAIN}")

    def first_time(self, audio_sha256: str) -> None:
        """Pass if no recording of that hash was handed in before.

        Raises:
            ConsentError: If one was.
        """
        with self._lock:
            if audio_sha256 in self._recordings:
                msg = f"This very recording was handed in before. {_AGAIN}"
                raise ConsentError(msg)
            _remember(self._recordings, audio_sha256, "")

    def _expire(self) -> None:
        """Close what is over; call with the lock held."""
        while self._open:
            challenge = next(iter(self._open.values()))  # the oldest
            if challenge.expires_at > self.clock():
                return
            del self._open[challenge.id]
            fate = f"has expired: there are {self.limit_s:g} s to read it and hand it in"
            _remember(self._over, challenge.id, fate)


def _remember(memory: OrderedDict[str, str], key: str, value: str) -> None:
    memory[key] = value
    while len(memory) > _REMEMBERED:
        memory.popitem(last=False)
