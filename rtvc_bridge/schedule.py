"""Who speaks next. No threads, no clock."""

import math
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

from rtvc_bridge.errors import QueueFullError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """Most items that may wait: of one user in a lane ("" is no user), in a lane, altogether."""

    user: int = 20
    lane: int = 50
    total: int = 400


@dataclass(frozen=True, slots=True)
class _Place:
    lane: str
    user: str
    expires_at: float


class Lanes(Generic[T]):
    """First come, first served for one user; round robin between users, and between lanes.

    A place is reserved first and filled by `push`, so that whoever adds an item can
    announce it between the two. Items are told apart by hash: one object, one place.

    Args:
        limits: How much may wait, reserved places included.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lanes: OrderedDict[str, OrderedDict[str, OrderedDict[T, None]]] = OrderedDict()
        self._places: dict[T, _Place] = {}
        self._taken = 0
        self._in_lane: Counter[str] = Counter()
        self._of_user: Counter[tuple[str, str]] = Counter()
        self._next_expiry = math.inf
        self._paused: set[str | None] = set()

    def __len__(self) -> int:
        """How many items wait; places reserved and not yet filled are not counted."""
        return len(self._places)

    def __contains__(self, item: T) -> bool:
        """Whether `item` waits."""
        return item in self._places

    def reserve(self, lane: str, user: str) -> None:
        """Keep a place for one item.

        Raises:
            QueueFullError: If that user, that lane or everything is full.
        """
        limits = self._limits
        if self._in_lane[lane] >= limits.lane or self._taken >= limits.total:
            raise QueueFullError("Too much is waiting to be said; try again in a moment.")
        if user and self._of_user[lane, user] >= limits.user:
            msg = f"You already have {limits.user} lines waiting; try again in a moment."
            raise QueueFullError(msg)
        self._taken += 1
        self._in_lane[lane] += 1
        self._of_user[lane, user] += 1

    def push(self, item: T, *, lane: str, user: str, expires_at: float = math.inf) -> None:
        """Put `item` into the place that was reserved for that lane and user."""
        users = self._lanes.setdefault(lane, OrderedDict())
        users.setdefault(user, OrderedDict())[item] = None
        self._places[item] = _Place(lane, user, expires_at)
        self._next_expiry = min(self._next_expiry, expires_at)

    @property
    def paused(self) -> frozenset[str | None]:
        """The lanes that `pop` passes over; None stands for all."""
        return frozenset(self._paused)

    def pause(self, lane: str | None) -> None:
        """Have `pop` pass over that lane (None: every lane)."""
        self._paused.add(lane)

    def resume(self, lane: str | None) -> None:
        """End the pause of that lane; None ends every pause."""
        if lane is None:
            self._paused.clear()
        else:
            self._paused.discard(lane)

    def ready(self) -> bool:
        """Whether `pop` has something to give."""
        return self._next_lane() is not None

    def move(self, item: T, *, before: T | None) -> bool:
        """Put `item`, which waits, right before another of its lane and user (None: last).

        Returns:
            Whether the other waits there; if not, nothing is moved.
        """
        place = self._places[item]
        users = self._lanes[place.lane]
        order = [each for each in users[place.user] if each != item]
        if before is None:
            order.append(item)
        elif before in order:
            order.insert(order.index(before), item)
        else:
            return before == item
        users[place.user] = OrderedDict.fromkeys(order)
        return True

    def pop(self) -> T | None:
        """Take the item whose turn it is, or None when none may; its lane and user go last."""
        lane = self._next_lane()
        if lane is None:
            return None
        users = self._lanes[lane]
        user, items = next(iter(users.items()))
        item = next(iter(items))
        self._lanes.move_to_end(lane)
        users.move_to_end(user)
        self.remove(item)
        return item

    def remove(self, item: T) -> bool:
        """Take `item` out, wherever it waits; say whether it did."""
        place = self._places.pop(item, None)
        if place is None:
            return False
        users = self._lanes[place.lane]
        del users[place.user][item]
        if not users[place.user]:
            del users[place.user]
        if not users:
            del self._lanes[place.lane]
        self._vacate(place)
        return True

    def expire(self, now: float) -> list[T]:
        """Take out and return the items whose time is up at `now`."""
        if now < self._next_expiry:
            return []
        stale = [item for item, place in self._places.items() if place.expires_at <= now]
        for item in stale:
            self.remove(item)
        times = (place.expires_at for place in self._places.values())
        self._next_expiry = min(times, default=math.inf)
        return stale

    def waiting(self, *, lane: str | None = None, user: str | None = None) -> list[T]:
        """Return the items of that lane and that user (None: any), oldest first.

        Those of one user come in the order in which they will be taken.
        """
        turns = {
            (lane_, user_): iter(items)
            for lane_, users in self._lanes.items()
            for user_, items in users.items()
        }
        return [
            next(turns[place.lane, place.user])
            for place in self._places.values()
            if lane in (None, place.lane) and user in (None, place.user)
        ]

    def _next_lane(self) -> str | None:
        if None in self._paused:
            return None
        return next((lane for lane in self._lanes if lane not in self._paused), None)

    def _vacate(self, place: _Place) -> None:
        self._taken -= 1
        self._in_lane -= Counter([place.lane])  # drops what reaches zero: users come and go
        self._of_user -= Counter([(place.lane, place.user)])
