"""What the parts of the screen tell each other."""

from collections.abc import Callable
from typing import Generic, TypeVar

from textual.message import Message

from rtvc_bridge.tui.api import Daemon

T = TypeVar("T")


class Ask(Message, Generic[T]):
    """Please run `verb` on a thread of its own; the loop never waits for the daemon.

    Args:
        verb: Called with the daemon.
        then: Called on the loop with what `verb` gave.
        failed: Called on the loop with what went wrong, in words; else they are shown briefly.
    """

    def __init__(
        self,
        verb: Callable[[Daemon], T],
        then: Callable[[T], None] | None = None,
        failed: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__()
        self.verb = verb
        self.then = then
        self.failed = failed


class Done(Message):
    """A thread has an answer: call `call` on the loop."""

    def __init__(self, call: Callable[[], None]) -> None:
        super().__init__()
        self.call = call


class Changed(Message):
    """Something else changed in the daemon: its status should be read again."""
