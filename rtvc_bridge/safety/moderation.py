"""What may be said, by whom, when and how much of it: the lists, quiet hours and budgets."""

import time as clocks
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from rtvc_bridge.config import ModerationSettings
from rtvc_bridge.errors import QuietError, TextRejectedError
from rtvc_bridge.safety.asker import HERE_NAME, Asker
from rtvc_bridge.safety.budget import HOUR_S, Budget, Held, Share, estimated_s
from rtvc_bridge.safety.matching import Found, Patterns, Words
from rtvc_bridge.safety.matching_letters import Letters
from rtvc_bridge.safety.policy import Request, Ruling

BLOCKED = "That has a word in it that is not spoken here. Put it another way."
HELD = "It has a word in it that a moderator has to approve first."


class Moderation:
    """Reads what is to be said, and counts how much it becomes. For any thread.

    Args:
        settings: What the operator chose.
        clock: Seconds, as time.monotonic gives them.
        now: The time of the day here, as datetime.now gives it.

    Raises:
        ConfigError: Naming the entry of a list that is wrong.
    """

    def __init__(
        self,
        settings: ModerationSettings,
        *,
        clock: Callable[[], float] = clocks.monotonic,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._now = now
        self._exempt = frozenset(settings.exempt)
        self._moderators = frozenset(settings.moderators)
        self._quiet = tuple(_Hours.of(text) for text in settings.quiet_hours)
        self._block = _List.of("block", settings.block, settings.block_patterns)
        self._hold = _List.of("hold", settings.hold, settings.hold_patterns)
        self._replace = _List.of("replace", [*settings.replace], [*settings.replace_patterns])
        self._instead = {**settings.replace_patterns, **settings.replace}
        self._budget = Budget()

    def ruled(self, request: Request) -> Ruling:
        """Return what becomes of `request`, and set aside the seconds that it is thought to last.

        What it returns has to be charged, once, even if no sound comes of it.

        Raises:
            TextRejectedError: If it holds something that is not spoken here.
            QuietError: If nothing is said at this time of the day.
            BudgetError: If that person or that lane has had its share.
        """
        names = request.asker.names
        if names & self._exempt:
            return Ruling(request.text)
        if self._settings.quiet_here or HERE_NAME not in names:
            self._check_quiet()
        ruling = self._read(request)
        if (shares := self._shares(request)) and not request.asker.operator:
            self._budget.hold(estimated_s(ruling.text), shares, now=self._clock())
        return ruling

    def charge(self, request: Request, seconds: float) -> None:
        """Take in that `request`, its text as ruled, became `seconds` of sound; 0 for none."""
        if not request.asker.operator and not request.asker.names & self._exempt:
            keys = tuple(share.key for share in self._shares(request))
            self._budget.settle(Held(keys, estimated_s(request.text)), seconds)

    def may_moderate(self, asker: Asker) -> bool:
        """Return whether `asker` may approve and deny what is held."""
        return asker.operator or bool(asker.names & self._moderators)

    def _read(self, request: Request) -> Ruling:
        typed = Letters.of(request.text)
        text = _replaced(request.text, self._replace.found(typed), self._instead)
        versions = [typed] if text == request.text else [typed, Letters.of(text)]
        if any(self._block.has(each) for each in versions):
            raise TextRejectedError(BLOCKED)
        theirs = request.asker.names & self._moderators
        held = not theirs and any(self._hold.has(each) for each in versions)
        return Ruling(text, HELD if held else None)

    def _check_quiet(self) -> None:
        now = self._now().time()
        if (until := _quiet_until(self._quiet, now)) is None:
            return
        again = "" if until == now else f" Try again from {until:%H:%M} on."
        raise QuietError(f"These are quiet hours: nothing is said now.{again}")

    def _shares(self, request: Request) -> tuple[Share, ...]:
        asker, asked = request.asker, self._settings
        user = asker.user or request.user
        shares = []
        if user and asked.user_seconds:
            key = ("user", asker.adapter, user)
            shares.append(Share(key, asked.user_seconds, "You have", HOUR_S))
        if asked.lane_seconds:
            key = ("lane", "", request.lane)
            shares.append(Share(key, asked.lane_seconds, "Everybody here together has", HOUR_S))
        return tuple(shares)


@dataclass(frozen=True, slots=True)
class _List:
    words: Words
    patterns: Patterns

    @classmethod
    def of(cls, name: str, words: Sequence[str], patterns: Sequence[str]) -> "_List":
        table = f"moderation.{name}"
        return cls(Words(words, table=table), Patterns(patterns, table=f"{table}_patterns"))

    def found(self, text: Letters) -> Iterator[Found]:
        yield from self.words.found(text)
        yield from self.patterns.found(text)

    def has(self, text: Letters) -> bool:
        return next(self.found(text), None) is not None


@dataclass(frozen=True, slots=True)
class _Hours:
    """A part of the day; across midnight if it ends before it begins."""

    begin: time
    end: time

    @classmethod
    def of(cls, text: str) -> "_Hours":
        begin, _, end = text.partition("-")
        return cls(time.fromisoformat(begin), time.fromisoformat(end))

    def __contains__(self, at: time) -> bool:
        if self.begin < self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end


def _quiet_until(quiet: Sequence[_Hours], now: time) -> time | None:
    """Return when it is no longer quiet: None if it is not; `now` if it is quiet all day."""
    at = now
    for _ in range(len(quiet) + 1):
        if (hours := next((each for each in quiet if at in each), None)) is None:
            return None if at == now else at
        at = hours.end
    return now


def _replaced(text: str, found: Iterator[Found], instead: Mapping[str, str]) -> str:
    """Return `text` with what was found replaced; where two overlap, the first and longest."""
    done, kept = 0, []
    for each in sorted(found, key=lambda each: (each.begin, -each.end)):
        if each.begin >= done:
            kept += [text[done : each.begin], instead[each.entry]]
            done = each.end
    return "".join([*kept, text[done:]])
