"""What the engine asks before, while and after somebody speaks."""

from dataclasses import dataclass, replace
from typing import Protocol

from rtvc_bridge.errors import StorageError, UserError
from rtvc_bridge.safety.asker import Asker
from rtvc_bridge.safety.audit.entry import Entry, Kind
from rtvc_bridge.safety.disclosure import SpokenTag
from rtvc_bridge.safety.trust import Trust
from rtvc_bridge.voices import Summary, Voice

CANCELLED, FAILED = "cancelled", "failed"  # engine.State, which is above this
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Request:
    """Something that somebody wants said.

    Attributes:
        text: What.
        voice: In whose voice.
        lane: Where.
        user: Who in that lane, as the queue tells them apart.
        asker: Who, as the adapter knows them.
    """

    text: str
    voice: Voice
    lane: str
    user: str
    asker: Asker


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of a request that is not refused.

    Attributes:
        text: What is said; not always what was asked for.
        held: Why a moderator has to see it first; None if nobody has to.
    """

    text: str
    held: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended.

    Attributes:
        what: The state in which it ended, or REFUSED.
        seconds: How much sound was made.
        reason: Why, in words; None if there is nothing to explain.
    """

    what: str
    seconds: float = 0.0
    reason: str | None = None


class Moderator(Protocol):
    """Reads what is to be said."""

    def ruled(self, request: Request) -> Ruling:
        """Return what becomes of `request`; raise UserError to refuse it."""

    def charge(self, request: Request, seconds: float) -> None:
        """Take in how much sound came of what was ruled; once for each ruling."""

    def may_moderate(self, asker: Asker) -> bool:
        """Return whether `asker` may decide on what is held."""


class Journal(Protocol):
    """Writes down what was done."""

    @property
    def failing(self) -> str | None:
        """Why it cannot be written at present; None if it can."""

    def note(self, entry: Entry) -> None:
        """Write down `entry`; returns at once."""


class Policy:
    """Consent, moderation and the record of both. For any thread.

    Args:
        trust: Decides which voices may speak.
        moderator: Reads what is to be said; None lets everything pass.
        journal: Writes down what was done; None keeps nothing.
        tag: Says aloud that a voice is synthetic; None says nothing.

    Attributes:
        trust: As given.
    """

    def __init__(
        self,
        trust: Trust,
        *,
        moderator: Moderator | None = None,
        journal: Journal | None = None,
        tag: SpokenTag | None = None,
    ) -> None:
        self.trust = trust
        self._tag = tag
        self._moderator = moderator
        self._journal = journal

    def admitted(self, request: Request) -> Ruling:
        """Return what becomes of `request`; tell `over` how it ended, whatever comes of it.

        Raises:
            ConsentError: If the voice may not be used.
            UserError: If it may not be said, or not now.
            StorageError: If what is said cannot be written down.
        """
        if self._journal is not None and (trouble := self._journal.failing):
            raise StorageError(f"What is said has to be written down, and cannot be: {trouble}")
        try:
            self.check(request)
            if self._moderator is None:
                return Ruling(request.text)
            return self._moderator.ruled(request)
        except UserError as error:
            self._note_end(request, Outcome(REFUSED, reason=str(error)))
            raise

    def check(self, request: Request) -> None:
        """Pass if the voice may be used now; asked again when a line's turn comes.

        Raises:
            ConsentError: If not.
        """
        self.trust.check(request.voice, request.asker, request.lane)

    def disclosed(self, request: Request, *, now: float) -> str:
        """Return what is said now, at this line's turn, with the spoken tag if it is due."""
        if self._tag is None:
            return request.text
        voice_id, lane = request.voice.id, request.lane
        return self._tag.before(request.text, lane=lane, voice_id=voice_id, now=now)

    def over(self, request: Request, outcome: Outcome) -> None:
        """Take in how a request that was admitted ended, its text as ruled."""
        if self._tag is not None and outcome.what in (CANCELLED, FAILED):
            self._tag.unsaid(request.lane)
        if self._moderator is not None:
            self._moderator.charge(request, outcome.seconds)
        self._note_end(request, outcome)

    def may_moderate(self, asker: Asker) -> bool:
        """Return whether `asker` may decide on what is held, and stop everything."""
        if self._moderator is None:
            return asker.operator
        return self._moderator.may_moderate(asker)

    def note(
        self,
        kind: Kind,
        asker: Asker,
        voice: Voice | Summary | None = None,
        *,
        lane: str = "",
        reason: str = "",
    ) -> None:
        """Write down that `asker` did something, to `voice` if that is given."""
        if self._journal is not None:
            entry = Entry(kind, who=frozenset({asker.name}), lane=lane, reason=reason)
            if voice is not None:
                entry = replace(entry, voice_id=voice.id, voice=voice.name)
            self._journal.note(entry)

    def _note_end(self, request: Request, outcome: Outcome) -> None:
        if self._journal is not None:
            self._journal.note(
                Entry(
                    Kind.REFUSED if outcome.what == REFUSED else Kind.SAID,
                    who=frozenset({request.asker.name}),
                    user=request.user,
                    lane=request.lane,
                    voice_id=request.voice.id,
                    voice=request.voice.name,
                    seconds=outcome.seconds,
                    outcome=outcome.what,
                    reason=outcome.reason or "",
                    text=request.text,
                )
            )
