"""The synthesis process: one pipeline, kept warm, doing one thing after another.

All speech that leaves it carries the watermark, whichever pipeline made it.
"""

import faulthandler
import importlib
import json
import logging
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import RawIOBase
from queue import SimpleQueue
from typing import TypeAlias, cast

from rtvc_bridge.audio import Audio
from rtvc_bridge.errors import ModelError, RtvcBridgeError
from rtvc_bridge.pipeline import Delivery, Pipeline, Refinement
from rtvc_bridge.voices import Consent, Embedding, Voice
from rtvc_bridge.worker import protocol
from rtvc_bridge.worker.protocol import (
    START_ID,
    UNMARKED,
    Call,
    Cancel,
    Close,
    Failed,
    Result,
    Run,
    Sound,
    Speak,
)
from rtvc_bridge.worker.refining import begun, gone_on

logger = logging.getLogger(__name__)

ORPHANED = 3
"""Exit code when the parent went away without saying goodbye."""

Mark: TypeAlias = Callable[[Iterable[Audio]], Iterator[Audio]]
Work: TypeAlias = SimpleQueue[tuple[Call, threading.Event] | None]


def serve(inlet: int, outlet: int, factory: str, options: str, log_level: str) -> int:
    """Do what is asked until told to close; return the exit code.

    Args:
        inlet: File descriptor that requests come in by.
        outlet: File descriptor that answers go out by.
        factory: "module:function" that makes the pipeline.
        options: Its keyword arguments, as JSON.
        log_level: Name of the least important level that is logged.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes us
    faulthandler.enable()
    logging.basicConfig(level=log_level)
    work: Work = SimpleQueue()
    threading.Thread(target=_listen, args=(inlet, work), name="rtvc-control", daemon=True).start()
    with open(outlet, "wb", buffering=0) as answers:
        server = _Server(answers)
        if not server.attempt(START_ID, partial(server.start, factory, json.loads(options))):
            return 1
        while (task := work.get()) is not None:
            call, stop = task
            server.attempt(call.id, partial(server.do, call, stop))
    return 0


def _listen(inlet: int, work: Work) -> None:
    """Take requests in, and end this process, whatever it is doing, when the parent is gone."""
    stop = threading.Event()
    current_id = START_ID
    try:
        with open(inlet, "rb", buffering=0) as requests:
            while True:
                match protocol.read(requests):
                    case Speak() | Run() as call:
                        stop, current_id = threading.Event(), call.id
                        work.put((call, stop))
                    case Cancel(call_id) if call_id == current_id:
                        stop.set()
                    case Close():
                        stop.set()
                        work.put(None)
    finally:
        os._exit(ORPHANED)


class _Server:
    """The pipeline, and the way out for what it makes."""

    def __init__(self, answers: RawIOBase) -> None:
        self._answers = answers
        self._pipeline: Pipeline

    def attempt(self, call_id: int, job: Callable[[], object]) -> bool:
        """Answer call `call_id` with what `job` returns or raises; return whether it went well."""
        try:
            protocol.write(self._answers, Result(call_id, job()))
        except Exception as error:  # noqa: BLE001 - the worker loop: no error may end it
            if not isinstance(error, RtvcBridgeError):
                logger.error("call %d failed: %s", call_id, protocol.whereabouts(error))
            known = protocol.portable(error, with_text=call_id == START_ID)
            protocol.write(self._answers, Failed(call_id, known))
            return False
        return True

    def start(self, factory: str, options: dict[str, object]) -> str:
        """Make the pipeline and return its name."""
        pipeline = _loaded(factory)(**options)
        self._pipeline = pipeline if factory in UNMARKED else _Marked(pipeline, _mark())
        return self._pipeline.name

    def do(self, call: Call, stop: threading.Event) -> object:
        """Do what `call` asks, sending sound as it comes, and return its result."""
        if isinstance(call, Run):
            return pickle.loads(call.job)(self._pipeline)
        for audio in self._pipeline.speak(call.text, call.voice, call.delivery, stop=stop):
            protocol.write(self._answers, Sound(call.id, audio))
            if stop.is_set():
                break
        return None


@dataclass(frozen=True, slots=True)
class _Marked:
    """A pipeline whose speech carries the watermark, whoever asks for it, or is not made."""

    pipeline: Pipeline
    mark: Mark

    @property
    def name(self) -> str:
        return self.pipeline.name

    def embed(self, clip: Audio) -> Embedding:
        return self.pipeline.embed(clip)

    def enrol(self, clips: Sequence[Audio], *, name: str, consent: Consent) -> Voice:
        return self.pipeline.enrol(clips, name=name, consent=consent)

    def speak(
        self, text: str, voice: Voice, delivery: Delivery, *, stop: threading.Event
    ) -> Iterator[Audio]:
        return self.mark(self.pipeline.speak(text, voice, delivery, stop=stop))

    def refinement(self, voice: Voice, clips: Sequence[Audio], *, steps: int) -> Refinement:
        return begun(self.pipeline, voice=voice, clips=clips, steps=steps)

    def refined(self, refinement: Refinement) -> Refinement:
        return gone_on(self.pipeline, refinement=refinement)


def _mark() -> Mark:
    """Return what puts the watermark into a stream.

    Raises:
        ModelError: If it cannot be had, or does not work.
    """
    try:
        from rtvc_bridge.stages.watermark import make_marker  # loads torch
    except ImportError as error:
        msg = f"The watermark cannot be loaded ({error}), so no sound is let out."
        raise ModelError(msg) from error
    return make_marker().marked


def _loaded(factory: str) -> Callable[..., Pipeline]:
    module, _, function = factory.partition(":")
    try:
        return cast("Callable[..., Pipeline]", getattr(importlib.import_module(module), function))
    except (ImportError, AttributeError) as error:
        raise ModelError(f"The pipeline {factory!r} cannot be loaded: {error}") from error
