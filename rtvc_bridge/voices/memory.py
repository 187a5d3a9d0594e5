"""What was read from files, as long as these have not changed."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
_Stamp = tuple[int, int, int]


class Remembered(Generic[T]):
    """`read(path)`, done again only when the file is another one than before. For any thread.

    Args:
        read: Reads a file; what it raises is not remembered.
        most: How many files to remember; those not asked for longest go.
    """

    def __init__(self, read: Callable[[Path], T], *, most: int = 10_000) -> None:
        self._read = read
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[Path, tuple[_Stamp, T]] = OrderedDict()

    def forget(self) -> None:
        """Keep nothing of what was read."""
        with self._lock:
            self._known.clear()

    def of(self, path: Path) -> T:
        """Return what is in the file now."""
        stamp = _stamp(path)
        with self._lock:
            known = self._known.get(path)
            if stamp is not None and known is not None and known[0] == stamp:
                self._known.move_to_end(path)
                return known[1]
        value = self._read(path)
        if stamp is not None and stamp == _stamp(path):  # else it changed while it was read
            with self._lock:
                self._known[path] = stamp, value
                self._known.move_to_end(path)
                while len(self._known) > self._most:
                    self._known.popitem(last=False)
        return value


def _stamp(path: Path) -> _Stamp | None:
    """Return what tells one version of a file from another: every change is a new file."""
    try:
        stat = path.stat()
    except OSError:
        return None  # `read` says what is wrong
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
