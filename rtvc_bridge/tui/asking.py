"""A screen whose questions are answered on threads, so that its loop never waits."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from textual import on
from textual.app import App

from rtvc_bridge.errors import RtvcBridgeError
from rtvc_bridge.tui.api import Daemon
from rtvc_bridge.tui.messages import Ask, Done
from rtvc_bridge.tui.watch import NO_DAEMON

T = TypeVar("T")


class AskingApp(App[None]):
    """Takes Ask from its parts, and hands the answers back on its loop."""

    def __init__(self) -> None:
        super().__init__()
        self.daemon: Daemon | None = None

    @on(Ask)
    def ask(self, event: Ask[Any]) -> None:
        """Ask the daemon, if there is one."""
        failed = event.failed or self._refused
        if (daemon := self.daemon) is None:
            failed(NO_DAEMON)
            return
        self.on_thread(lambda: event.verb(daemon), event.then, failed)

    def on_thread(
        self,
        call: Callable[[], T],
        then: Callable[[T], None] | None,
        failed: Callable[[str], None],
    ) -> None:
        """Run `call` on a thread; hand its answer, or in words its error, back to the loop."""

        def run() -> None:
            try:
                answer = call()
            except RtvcBridgeError as error:
                self.on_loop(partial(failed, str(error)))
            else:
                if then is not None:
                    self.on_loop(partial(then, answer))

        self.run_worker(run, thread=True)

    def on_loop(self, call: Callable[[], None]) -> None:
        """Have `call` called on the loop; for any thread."""
        self.post_message(Done(call))

    @on(Done)
    def _answered(self, event: Done) -> None:
        if self.is_running:  # else the parts that it would change are gone
            event.call()

    def _refused(self, reason: str) -> None:
        self.notify(reason, severity="error", markup=False)
