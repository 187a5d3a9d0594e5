"""One life of the synthesis process, seen from the engine's side."""

import contextlib
import io
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import cast

from rtvc_bridge.errors import RtvcBridgeError, WorkerError
from rtvc_bridge.worker import protocol
from rtvc_bridge.worker.protocol import START_ID, Answer, Close, Failed, Request, Result

logger = logging.getLogger(__name__)

_LEAVE_S = 2.0
"""How long a process may take to end once it has closed its output or been told to."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the synthesis process is waited for, in seconds, before it is killed.

    Attributes:
        start_s: Until it is ready.
        silence_s: For the next sound of a line.
        cancel_s: Until it has stopped what was cancelled.
        close_s: Until it has ended after being asked to.
        back_off_s: Between two starts once it has died three times in a row; doubles each time.
    """

    start_s: float = 120.0
    silence_s: float = 60.0
    cancel_s: float = 10.0
    close_s: float = 3.0
    back_off_s: float = 5.0


PATIENT = Patience()


class Process:
    """A synthesis process from its start until it is gone and reaped.

    Two threads read what it says and what it logs.

    Args:
        factory: "module:function" that makes the pipeline.
        options: Its keyword arguments, as JSON can carry them.
        on_death: Called once, before anyone is told of the death by `answer`, from a
            thread of this object.
    """

    def __init__(
        self,
        factory: str,
        options: Mapping[str, object],
        *,
        on_death: Callable[["Process"], None],
    ) -> None:
        self.settled = threading.Event()  # ready, or gone
        self.pipeline_name: str | None = None
        self.cold_start_s: float | None = None
        self._began_at = time.monotonic()
        self._popen = _popen(factory, options)
        self._on_death = on_death
        self._death: RtvcBridgeError | None = None
        self._answers: SimpleQueue[Answer | None] = SimpleQueue()
        self._sending = threading.Lock()
        self._log = threading.Thread(target=self._forward_log, name="rtvc-worker-log", daemon=True)
        self._reader = threading.Thread(target=self._read, name="rtvc-worker", daemon=True)
        self._log.start()
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._popen.pid

    def send(self, request: Request) -> None:
        """Send `request`; if the process is gone, `answer` will say so."""
        with self._sending, contextlib.suppress(OSError, ValueError):
            protocol.write(cast("io.FileIO", self._popen.stdin), request)

    def answer(self, wait_s: float) -> Answer | None:
        """Return the next answer, or None if there is none within `wait_s`.

        Raises:
            RtvcBridgeError: Why the process is gone; the same at every call.
        """
        try:
            answer = self._answers.get(timeout=wait_s)
        except Empty:
            return None
        if answer is None:
            self._answers.put(None)
            raise self.death()
        return answer

    def death(self) -> RtvcBridgeError:
        """Return why the process is gone; to be asked only once it is."""
        return self._death or WorkerError(_reason(self._popen.returncode))

    def kill(self, error: RtvcBridgeError) -> None:
        """End the process at once; `error` becomes the reason."""
        self._death = error
        self._popen.kill()

    def close(self, polite_s: float) -> None:
        """End the process: by asking (for `polite_s`), by terminating, by killing."""
        if self.pipeline_name is not None:
            self.send(Close())
            self._reader.join(polite_s)
        for end in (self._popen.terminate, self._popen.kill):
            if self._reader.is_alive():
                end()
                self._reader.join(_LEAVE_S)

    def _read(self) -> None:
        """Take answers in until the process is gone, whatever ends it."""
        try:
            with cast("io.FileIO", self._popen.stdout) as answers:
                while True:
                    self._take(cast("Answer", protocol.read(answers)))
        except EOFError:
            pass
        except WorkerError as error:
            self.kill(error)
        finally:
            self._reap()
            self._on_death(self)
            self.settled.set()
            self._answers.put(None)

    def _take(self, answer: Answer) -> None:
        match answer:
            case Result(call_id, name) if call_id == START_ID:
                self.pipeline_name = cast("str", name)
                self.cold_start_s = time.monotonic() - self._began_at
                self.settled.set()
            case Failed(call_id, error) if call_id == START_ID:
                self._death = error
            case _:
                self._answers.put(answer)

    def _reap(self) -> None:
        try:
            self._popen.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        with self._sending:
            cast("io.FileIO", self._popen.stdin).close()
        self._log.join(_LEAVE_S)

    def _forward_log(self) -> None:
        """Log what the process writes to stderr: at its own level, what is not a log as debug."""
        levels = logging.getLevelNamesMapping()
        level = logging.DEBUG
        raw = io.BufferedReader(cast("io.FileIO", self._popen.stderr))
        with io.TextIOWrapper(raw, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                carried_on = level if line.startswith(" ") else logging.DEBUG
                level = levels.get(line.partition(":")[0], carried_on)
                logger.log(level, "process %d: %s", self.pid, line.rstrip())


def _popen(factory: str, options: Mapping[str, object]) -> subprocess.Popen[bytes]:
    # -P: a file in the current folder must not stand in for a module of ours.
    command = [sys.executable, "-P", "-m", "rtvc_bridge.worker"]
    level = logging.getLevelName(logger.getEffectiveLevel())
    return subprocess.Popen(
        [*command, factory, json.dumps(dict(options)), level],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )


def _reason(exit_code: int) -> str:
    if exit_code < 0:
        return f"The synthesis process was killed by signal {-exit_code}."
    return f"The synthesis process ended by itself (exit code {exit_code})."
