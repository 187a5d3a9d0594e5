"""The queue, and the one thread that keeps the pipeline busy.

Everything that crosses a thread crosses it in this file: requests go in
through `Engine.say`, sound comes out through `Utterance.poll`.
"""

import logging
import math
import operator
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from types import TracebackType
from typing import Self, cast

from rtvc_bridge.audio import Audio
from rtvc_bridge.engine.directory import Directory
from rtvc_bridge.engine.hearing import Hearing
from rtvc_bridge.engine.listeners import Listeners
from rtvc_bridge.engine.players import Players
from rtvc_bridge.engine.queue import Queue
from rtvc_bridge.engine.turns import Turns
from rtvc_bridge.engine.utterance import Line, State, Status, Utterance
from rtvc_bridge.enrolment import Clip, Enrolment, SpeechDetector, enrol
from rtvc_bridge.errors import QueueFullError, RtvcBridgeError, WorkerError
from rtvc_bridge.pipeline import Delivery, Pipeline
from rtvc_bridge.safety import consent as consents
from rtvc_bridge.schedule import Lanes, Limits
from rtvc_bridge.text import clean
from rtvc_bridge.voices import Consent, Embedding, Voice
from rtvc_bridge.worker import whereabouts

logger = logging.getLogger(__name__)

PLAIN = Delivery()
USUAL_LIMITS = Limits()
UNEXPECTED = "Something unexpected went wrong; the log says where."


class Engine:
    """Turns requests into sound, one at a time, fairly between lanes and between users.

    The pipeline is used by one thread at a time, and not closed.

    Args:
        pipeline: What speaks; a Worker in the product.
        max_chars: Longest text accepted.
        limits: Most utterances that may wait.
        expires_s: How long an utterance may wait before it is dropped as stale.
        clock: Seconds, as time.monotonic gives them.

    Attributes:
        queue: What waits and what is heard, and the verbs on it.
        hearing: Tells when what the players take is heard.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        max_chars: int = 500,
        limits: Limits = USUAL_LIMITS,
        expires_s: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_chars = max_chars
        self._expires_s = expires_s
        self._clock = clock
        self._changed = threading.Condition()
        self._lanes: Lanes[Utterance] = Lanes(limits)
        self._turns = Turns(pipeline, self._changed)
        self._ids = count(1)
        self._directory = Directory()
        self.queue = Queue(self._changed, self._lanes, self._directory, self.say)
        self._players = Players()
        self._listeners: Listeners[Status] = Listeners()
        self.hearing = Hearing(clock)
        self._thread = threading.Thread(target=self._work, name="rtvc-engine", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cancel everything, and return once the pipeline is no longer used."""
        self._turns.close()
        self.clear()
        self._thread.join()
        self._turns.wait_unused()

    @property
    def ready(self) -> bool:
        """Whether sound can be made now, without waiting for the pipeline to start."""
        return self._turns.ready

    def on_status(self, listener: Callable[[Status], None]) -> Callable[[], None]:
        """Call `listener` at every change from now on; return what ends that.

        It runs on whichever thread made the change: be quick, and do not wait in it.
        """
        return self._listeners.add(listener)

    def say(
        self,
        text: str,
        voice: Voice,
        *,
        lane: str,
        user: str = "",
        delivery: Delivery = PLAIN,
        expires_s: float | None = None,
    ) -> Utterance:
        """Queue `text` to be spoken and return at once.

        Args:
            text: At most `max_chars` characters.
            voice: Who speaks.
            lane: Lines of one lane are spoken in turn with those of the others.
            user: Within the lane, lines of one user in turn with those of the others.
            delivery: How it is spoken.
            expires_s: How long it may wait; the engine's own limit unless given.

        Raises:
            TextRejectedError: If there is nothing to say, or too much.
            ConsentError: If the voice's speaker has not agreed.
            QueueFullError: If too much waits already, or the engine is closing.
        """
        line = Line(clean(text, max_chars=self._max_chars), voice, delivery)
        consents.check(voice)
        self._drop_stale()
        status = self._reserved(voice, lane=lane, user=user)
        utterance = Utterance(
            status, line, clock=self._clock, withdraw=self._withdraw, hearing=self.hearing
        )
        self._directory.add(utterance)
        # Announced before the engine's thread can see it, so that "queued" always comes
        # first, and without the lock, so that a listener may take locks of its own.
        self._announce(utterance, status)
        self._push(utterance, self._expires_s if expires_s is None else expires_s)
        self._players.play(utterance, lane)
        return utterance

    def _reserved(self, voice: Voice, *, lane: str, user: str) -> Status:
        """Keep a place and return the first status of the utterance that will fill it."""
        with self._changed:
            if self._turns.closing:
                raise QueueFullError("The engine is closing.")
            self._lanes.reserve(lane, user)
            number = next(self._ids)
            return Status(number, lane, user, voice.name, State.QUEUED, self._clock())

    def _push(self, utterance: Utterance, expires_s: float) -> None:
        """Fill the place, and empty it again if the utterance was cancelled meanwhile."""
        status = utterance._status
        with self._changed:
            self._lanes.push(
                utterance,
                lane=status.lane,
                user=status.user,
                expires_at=status.queued_at + expires_s,
            )
            self._changed.notify_all()
        if self._turns.closing or utterance._stop.is_set():
            self._withdraw(utterance)

    def clear(self, lane: str | None = None, user: str | None = None) -> int:
        """Cancel what waits, of that lane and user (None: any), and return how many.

        What is being spoken goes on; cancel its Utterance to stop it.
        """
        with self._changed:
            waiting = self._lanes.waiting(lane=lane, user=user)
        return sum(self._withdraw(utterance) for utterance in waiting)

    @property
    def players(self) -> frozenset[str]:
        """The lanes that somebody plays."""
        return self._players.lanes

    def play_lane(self, lane: str, play: Callable[[Utterance], None]) -> Callable[[], None]:
        """Give every utterance said into `lane` to `play`, its one reader; return what ends that.

        `play` is called on the thread that called `say`: be quick, and do not wait in it.

        Raises:
            ValueError: If the lane has a player.
        """
        return self._players.add(lane, play)

    def enrol(
        self, clips: Sequence[Clip], *, name: str, consent: Consent, keep_clips: bool
    ) -> Enrolment:
        """Return the voice in `clips` and a report on them; waits until speech leaves room.

        Raises:
            ClipRejectedError: If the clips cannot make a voice.
            ConsentError: If `consent` does not say who agreed.
            VoiceNameError: If `name` is not fit for a voice.
        """
        return self._turns.apart(
            partial(
                enrol,
                clips=clips,
                name=name,
                consent=consent,
                detector=SpeechDetector(),
                keep_clips=keep_clips,
            )
        )

    def embed(self, clip: Audio) -> Embedding:
        """Return the speaker's d-vector; waits until speech leaves room."""
        return cast("Embedding", self._turns.apart(operator.methodcaller("embed", clip)))

    def _work(self) -> None:
        while (utterance := self._next()) is not None:
            state, error = self._speak(utterance)
            self._turns.hand_back()
            self._end(utterance, state, error)

    def _next(self) -> Utterance | None:
        """Return the next utterance and hold the pipeline for it; None when closing."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._turns.closing or self._may_speak())
            self._drop_stale()
            with self._changed:
                if self._turns.closing:
                    return None
                if self._may_speak() and (utterance := self._lanes.pop()) is not None:
                    self._turns.take(utterance._stop)
                    return utterance

    def _may_speak(self) -> bool:
        return self._turns.free and self._lanes.ready()

    def _speak(self, utterance: Utterance) -> tuple[State, RtvcBridgeError | None]:
        """Make the sound; return how it ended, and why if it failed."""
        line, stop = utterance._line, utterance._stop
        try:
            for audio in self._turns.pipeline.speak(
                line.text, line.voice, line.delivery, stop=stop
            ):
                if not stop.is_set():
                    self._give(utterance, audio)
        except RtvcBridgeError as error:
            return State.FAILED, error
        except Exception as error:  # noqa: BLE001 - the worker loop: no error may end it
            logger.error("utterance %d failed: %s", utterance.status.id, whereabouts(error))
            return State.FAILED, WorkerError(UNEXPECTED)
        return State.CANCELLED if stop.is_set() else State.DONE, None

    def _give(self, utterance: Utterance, audio: Audio) -> None:
        status = utterance._status
        if status.first_audio_at is None:
            now = self._clock()
            self._announce(utterance, replace(status, state=State.SPEAKING, first_audio_at=now))
        utterance._chunks.put(audio)

    def _withdraw(self, utterance: Utterance) -> bool:
        """Cancel the utterance if it still waits; return whether it did."""
        with self._changed:
            waited = self._lanes.remove(utterance)
        if waited:
            self._end(utterance, State.CANCELLED)
        return waited

    def _drop_stale(self) -> None:
        with self._changed:
            stale = self._lanes.expire(self._clock())
        for utterance in stale:
            self._end(utterance, State.EXPIRED)

    def _end(self, utterance: Utterance, state: State, error: Exception | None = None) -> None:
        """Announce the end. Whoever took the utterance out of the lanes calls this, once."""
        last = replace(utterance._status, state=state, ended_at=self._clock())
        if error is not None:
            last = replace(last, reason=str(error), error=type(error).__name__)
        self._announce(utterance, last)
        utterance._chunks.put(None)
        utterance._ended.set()
        self._directory.ended(utterance)

    def _announce(self, utterance: Utterance, status: Status) -> None:
        utterance._status = status
        self._listeners.tell(utterance.status)
