"""Who is told of every change."""

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Listeners(Generic[T]):
    """Functions that are told every change. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: tuple[Callable[[T], None], ...] = ()

    def add(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Tell `listener` from now on; return what ends that."""
        with self._lock:
            self._all = (*self._all, listener)

        def end() -> None:
            with self._lock:
                self._all = tuple(each for each in self._all if each is not listener)

        return end

    def tell(self, change: T) -> None:
        """Call each with `change`, on this thread and without a lock."""
        for listener in self._all:
            try:
                listener(change)
            except Exception:
                logger.exception("a status listener failed")
