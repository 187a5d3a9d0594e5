"""Who uses the pipeline now: the speaking thread, or a guest who wants something else of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rtvc_bridge.errors import WorkerError
from rtvc_bridge.pipeline import Pipeline
from rtvc_bridge.worker import Worker

R = TypeVar("R")


class Turns:
    """One user of the pipeline at a time; guests go before the next utterance.

    What is not called by guests is called with `changed` held.

    Args:
        pipeline: Used through this only.
        changed: Notified whenever the pipeline is free again, and at the close.

    Attributes:
        pipeline: For whoever has the turn.
        closing: Whether no new turn is given.
    """

    def __init__(self, pipeline: Pipeline, changed: threading.Condition) -> None:
        self.pipeline = pipeline
        self.closing = False
        self._changed = changed
        self._guests = 0  # threads that want the pipeline for something else than speech
        self._in_use: threading.Event | None = None  # stops whatever uses the pipeline now

    @property
    def free(self) -> bool:
        """Whether nobody uses it, and no guest waits."""
        return self._in_use is None and not self._guests

    @property
    def ready(self) -> bool:
        """Whether sound can be made now, without waiting for the pipeline to start."""
        return not self.closing and (not isinstance(self.pipeline, Worker) or self.pipeline.ready)

    def take(self, stop: threading.Event) -> None:
        """Begin a turn; `stop` is set when it should end early."""
        self._in_use = stop

    def hand_back(self) -> None:
        """End the turn; takes `changed` itself."""
        with self._changed:
            self._in_use = None
            self._changed.notify_all()

    def close(self) -> None:
        """Give no new turn, and ask the present user to stop; takes `changed` itself."""
        with self._changed:
            self.closing = True
            if self._in_use is not None:
                self._in_use.set()
            self._changed.notify_all()

    def wait_unused(self) -> None:
        """Return once nobody uses the pipeline; takes `changed` itself."""
        with self._changed:
            self._changed.wait_for(lambda: self._in_use is None)

    def apart(self, job: Callable[[Pipeline], R]) -> R:
        """Return `job(pipeline)`, done where the pipeline lives, before the next utterance.

        Raises:
            WorkerError: If no turn is given any more.
        """
        with self._turn() as stop:
            if isinstance(self.pipeline, Worker):
                return self.pipeline.run(job, stop=stop)
            return job(self.pipeline)

    @contextmanager
    def _turn(self) -> Iterator[threading.Event]:
        """Hold the pipeline; gives what is set when the holder should stop."""
        stop = threading.Event()
        with self._changed:
            self._guests += 1
            try:
                self._changed.wait_for(lambda: self.closing or self._in_use is None)
            finally:
                self._guests -= 1
                self._changed.notify_all()
            if self.closing:
                raise WorkerError("The engine is closing.")
            self._in_use = stop
        try:
            yield stop
        finally:
            self.hand_back()
