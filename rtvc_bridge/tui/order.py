"""Where a line goes when it is moved by one step: pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

from rtvc_bridge.client import UtteranceView


@dataclass(frozen=True, slots=True)
class Place:
    """A place among the waiting lines of one lane and user.

    Attributes:
        before: The line that comes next; None: the place is the last.
    """

    before: int | None


def step(lines: Sequence[UtteranceView], number: int, *, up: bool) -> Place | None:
    """Return where a line goes by one step; None if it does not wait, or is at that end.

    It passes lines of its own lane and user only: between users the daemon takes turns.
    """
    mates = _mates(lines, number)
    if number not in mates:
        return None
    target = mates.index(number) + (-1 if up else 1)
    if not 0 <= target < len(mates):
        return None
    others = [each for each in mates if each != number]
    return Place(others[target] if target < len(others) else None)


def moved(lines: Sequence[UtteranceView], number: int, place: Place) -> list[UtteranceView]:
    """Return the lines with one of them moved there; each place in the list stays its owner's."""
    mates = _mates(lines, number)
    others = [each for each in mates if each != number]
    at = len(others) if place.before is None else others.index(place.before)
    known = {line["id"]: line for line in lines}
    order = iter([*others[:at], number, *others[at:]])
    return [known[next(order)] if line["id"] in mates else line for line in lines]


def _mates(lines: Sequence[UtteranceView], number: int) -> list[int]:
    """Return the waiting lines of that line's lane and user, itself among them if it waits."""
    owners = {line["id"]: (line["lane"], line["user"]) for line in lines}
    return [
        line["id"]
        for line in lines
        if line["state"] == "queued" and owners[line["id"]] == owners.get(number)
    ]
