"""A Pipeline living in its own process, behind the same seam."""

import atexit
import contextlib
import logging
import math
import operator
import pickle
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import NoReturn, Self, TypeVar, cast

from rtvc_bridge.audio import Audio
from rtvc_bridge.errors import RtvcBridgeError, WorkerError
from rtvc_bridge.pipeline import Delivery, Pipeline
from rtvc_bridge.voices import Consent, Embedding, Voice
from rtvc_bridge.worker.process import PATIENT, Patience, Process
from rtvc_bridge.worker.protocol import (
    Answer,
    Call,
    Cancel,
    Failed,
    Result,
    Run,
    Sound,
    Speak,
)

logger = logging.getLogger(__name__)

R = TypeVar("R")

_LOOK_S = 0.02
"""How often a waiting call looks at its `stop`: an Event cannot be waited for beside a queue."""

_CLOSED = "The synthesis process has been closed."
_DEATHS_ALLOWED = 3
_MOST_BACK_OFF_S = 60.0


class Worker:
    """Runs a pipeline in a process of its own, and starts it again when it dies.

    A call that the process does not survive raises WorkerError; the next one finds a new
    process. One that dies three times in a row without finishing a call is given a pause,
    in which calls raise at once, instead of being started for ever. Used by one thread at
    a time, except `close`.

    Args:
        factory: "module:function" that makes the pipeline, for example
            "rtvc_bridge.testing:humming".
        options: Its keyword arguments; what JSON can carry.
        patience: When to give the process up.
        clock: Seconds, as time.monotonic gives them.
    """

    def __init__(
        self,
        factory: str,
        options: Mapping[str, object],
        *,
        patience: Patience = PATIENT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._factory = factory
        self._options = options
        self._patience = patience
        self._clock = clock
        self._lock = threading.Lock()
        self._closed = False
        self._deaths_in_a_row = 0
        self._last_death: RtvcBridgeError | None = None
        self._retry_at = 0.0
        self._call_id = 0
        with self._lock:
            self._process: Process | None = self._start()
        atexit.register(self.close)  # while the threads that reap the process still run

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process and reap it. A call under way raises WorkerError."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            process.close(self._patience.close_s)
        atexit.unregister(self.close)

    @property
    def name(self) -> str:
        """The pipeline's name; waits until it is ready."""
        return cast("str", self._ready(threading.Event()).pipeline_name)

    @property
    def pid(self) -> int | None:
        """The number of the process, None while there is none."""
        process = self._process
        return process.pid if process else None

    @property
    def ready(self) -> bool:
        """Whether the process is there and its pipeline can be used without waiting."""
        process = self._process
        return process is not None and process.settled.is_set() and bool(process.pipeline_name)

    @property
    def cold_start_s(self) -> float | None:
        """How long the process took from its start to being ready; None until it is."""
        process = self._process
        return process.cold_start_s if process else None

    def wait_ready(self) -> None:
        """Return once the pipeline can be used without waiting.

        Raises:
            RtvcBridgeError: Why it cannot start, as the pipeline raised it.
        """
        self._ready(threading.Event())

    def embed(self, clip: Audio) -> Embedding:
        """Return the speaker's d-vector, float32 [256], unit length."""
        return cast("Embedding", self.run(operator.methodcaller("embed", clip)))

    def enrol(self, clips: Sequence[Audio], *, name: str, consent: Consent) -> Voice:
        """Return the voice heard in `clips` (speech only, any rate, at least one).

        Raises:
            ClipRejectedError: If the clips cannot make a voice.
        """
        job = operator.methodcaller("enrol", clips, name=name, consent=consent)
        return cast("Voice", self.run(job))

    def speak(
        self, text: str, voice: Voice, delivery: Delivery, *, stop: threading.Event
    ) -> Iterator[Audio]:
        """Yield sound as it is made, at one rate; end early once `stop` is set.

        Raises:
            WorkerError: If the process dies, or does not stop.
            RtvcBridgeError: What the pipeline raised.
        """
        self._call_id += 1
        lean = replace(voice, clips=())  # only enrolment reads them, and they are large
        call = Speak(self._call_id, text, lean, delivery)
        yield from self._call(call, stop, self._patience.silence_s)

    def run(self, job: Callable[[Pipeline], R], *, stop: threading.Event | None = None) -> R:
        """Return `job(pipeline)`, computed in the synthesis process.

        Args:
            job: A module-level function, or a functools.partial of one. Its result and
                what it holds are pickled.
            stop: Once set, the process is given `cancel_s` to finish the job, then killed.

        Raises:
            WorkerError: If the process dies, or was killed.
            RtvcBridgeError: What the job raised.
        """
        self._call_id += 1
        call = Run(self._call_id, pickle.dumps(job))
        answers = self._call(call, stop or threading.Event(), math.inf)
        while True:
            try:
                next(answers)
            except StopIteration as over:
                result: Result | None = over.value
                break
        if result is None:
            raise WorkerError("The work was stopped before it was done.")
        return cast("R", result.value)

    def _call(
        self, call: Call, stop: threading.Event, silence_s: float
    ) -> Generator[Audio, None, Result | None]:
        """Yield the call's sounds and return its result, None if it was stopped."""
        process = self._ready(stop)
        if stop.is_set():
            return None
        process.send(call)
        try:
            while (answer := self._answer(process, call.id, stop, silence_s)) is not None:
                match answer:
                    case Sound(audio=audio):
                        yield audio
                    case Failed(error=error):
                        raise error
                    case Result():
                        return answer
        except (GeneratorExit, KeyboardInterrupt):
            with contextlib.suppress(WorkerError):
                self._stopped(process, call.id)
            raise
        return self._stopped(process, call.id)

    def _answer(
        self, process: Process, call_id: int, stop: threading.Event, silence_s: float
    ) -> Answer | None:
        """Return the next answer to that call, None once `stop` is set."""
        give_up_at = self._clock() + silence_s
        while not stop.is_set():
            answer = process.answer(_LOOK_S)
            if self._closed:  # the answer may say that all is done when only half was
                raise WorkerError(_CLOSED)
            if answer is not None and answer.id == call_id:
                self._survived(answer)
                return answer
            if self._clock() >= give_up_at:
                self._give_up(process, f"made no sound for {silence_s:g} s")
        return None

    def _stopped(self, process: Process, call_id: int) -> Result | None:
        """Cancel the call, drop what it still sends, and return its result if it has one."""
        process.send(Cancel(call_id))
        give_up_at = self._clock() + self._patience.cancel_s
        while self._clock() < give_up_at:
            answer = process.answer(_LOOK_S)
            if answer is not None and answer.id == call_id and not isinstance(answer, Sound):
                self._survived(answer)
                return answer if isinstance(answer, Result) else None
        return self._give_up(process, f"did not stop within {self._patience.cancel_s:g} s")

    def _survived(self, answer: Answer) -> None:
        if not isinstance(answer, Sound):
            with self._lock:
                self._deaths_in_a_row = 0

    def _give_up(self, process: Process, why: str) -> NoReturn:
        process.kill(WorkerError(f"The synthesis process {why} and was killed."))
        while True:
            process.answer(_LOOK_S)  # raises once it is gone, and its successor started

    def _ready(self, stop: threading.Event) -> Process:
        """Return the process once it is ready, or `stop` is set.

        Raises:
            RtvcBridgeError: Why it cannot start.
        """
        process = self._current()
        give_up_at = self._clock() + self._patience.start_s
        while not process.settled.wait(_LOOK_S) and not stop.is_set():
            if self._clock() >= give_up_at:
                self._give_up(process, f"was not ready within {self._patience.start_s:g} s")
        if process.settled.is_set() and process.pipeline_name is None:
            raise process.death()
        return process

    def _current(self) -> Process:
        with self._lock:
            if self._closed:
                raise WorkerError(_CLOSED)
            if self._process is None:
                wait_s = self._retry_at - self._clock()
                if wait_s > 0:
                    msg = (
                        f"The synthesis process failed {self._deaths_in_a_row} times in a row; "
                        f"it is started again in {wait_s:.0f} s. Last: {self._last_death}"
                    )
                    raise WorkerError(msg)
                self._process = self._start()
            return self._process

    def _start(self) -> Process:
        """Start a process; call with the lock held, so that its death is heard after this."""
        try:
            return Process(self._factory, self._options, on_death=self._mourn)
        except OSError as error:
            raise WorkerError(f"The synthesis process cannot be started: {error}") from error

    def _mourn(self, process: Process) -> None:
        """Take note of a death, and start a successor unless that is likely to die too."""
        with self._lock:
            self._process = None
            if self._closed:
                return
            self._last_death = process.death()
            logger.warning("process %d is gone: %s", process.pid, self._last_death)
            self._deaths_in_a_row += 1
            too_many = self._deaths_in_a_row - _DEATHS_ALLOWED
            if too_many >= 0:
                pause_s = min(_MOST_BACK_OFF_S, self._patience.back_off_s * 2.0**too_many)
                self._retry_at = self._clock() + pause_s
            elif process.pipeline_name is not None:
                with contextlib.suppress(WorkerError):  # the next call tries again and says so
                    self._process = self._start()
