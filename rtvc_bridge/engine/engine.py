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
from types import TracebackType
from typing import Self, cast

from rtvc_bridge.audio import Audio
from rtvc_bridge.engine.directory import Directory
from rtvc_bridge.engine.entrance import Entrance
from rtvc_bridge.engine.hearing import Hearing
from rtvc_bridge.engine.holding import Holding
from rtvc_bridge.engine.players import Players
from rtvc_bridge.engine.progress import Progress
from rtvc_bridge.engine.queue import Queue
from rtvc_bridge.engine.turns import Turns
from rtvc_bridge.engine.utterance import Line, State, Status, Utterance
from rtvc_bridge.enrolment import Clip, Enrolment, SpeechDetector, enrol
from rtvc_bridge.errors import RtvcBridgeError, UserError, WorkerError
from rtvc_bridge.pipeline import Delivery, Pipeline
from rtvc_bridge.safety.asker import HERE, Asker
from rtvc_bridge.safety.policy import REFUSED, Outcome, Policy, Request
from rtvc_bridge.schedule import Lanes, Limits
from rtvc_bridge.text import clean
from rtvc_bridge.voices import Consent, Embedding, Voice
from rtvc_bridge.worker import whereabouts

logger = logging.getLogger(__name__)

PLAIN = Delivery()
USUAL_LIMITS = Limits()
STALE_LOOK_S = 30.0
"""How often an idle engine looks for lines that have waited too long."""
UNEXPECTED = "Something unexpected went wrong; the log says where."


class Engine:
    """Turns requests into sound, one at a time, fairly between lanes and between users.

    The pipeline is used by one thread at a time, and not closed.

    Args:
        pipeline: What speaks; a Worker in the product.
        policy: Decides which voices may be used and what may be said; told how it ended.
        max_chars: Longest text accepted.
        limits: Most utterances that may wait.
        expires_s: How long an utterance may wait before it is dropped as stale.
        clock: Seconds, as time.monotonic gives them.

    Attributes:
        policy: As given.
        queue: What waits and what is heard, and the verbs on it.
        hearing: Tells when what the players take is heard.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        policy: Policy,
        *,
        max_chars: int = 500,
        limits: Limits = USUAL_LIMITS,
        expires_s: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.policy = policy
        self._max_chars = max_chars
        self._expires_s = expires_s
        self._clock = clock
        self._changed = threading.Condition()
        self._lanes: Lanes[Utterance] = Lanes(limits)
        self._turns = Turns(pipeline, self._changed)
        self._players = Players()
        self.hearing = Hearing(clock)
        directory, holding = Directory(), Holding(clock)
        self._progress = Progress(self._changed, self._lanes, holding, directory, policy, clock)
        self._entrance = Entrance(
            self._changed,
            self._lanes,
            holding,
            turns=self._turns,
            players=self._players,
            progress=self._progress,
            clock=clock,
        )
        self.queue = Queue(self._changed, self._lanes, directory, holding, self._entrance, self.say)
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
        return self._progress.listeners.add(listener)

    def say(
        self,
        text: str,
        voice: Voice,
        *,
        lane: str,
        user: str = "",
        asker: Asker = HERE,
        delivery: Delivery = PLAIN,
        expires_s: float | None = None,
    ) -> Utterance:
        """Queue `text` to be spoken and return at once.

        Args:
            text: At most `max_chars` characters.
            voice: Who speaks.
            lane: Lines of one lane are spoken in turn with those of the others.
            user: Within the lane, lines of one user in turn with those of the others.
            asker: On whose behalf; an adapter that serves others names them.
            delivery: How it is spoken.
            expires_s: How long it may wait; the engine's own limit unless given.

        Raises:
            TextRejectedError: If there is nothing to say, too much, or it may not be said.
            ConsentError: If the voice may not be used, or not by `asker` or in `lane`.
            HaltedError: If everything was stopped.
            QueueFullError: If too much waits already, or the engine is closing.
        """
        request = Request(clean(text, max_chars=self._max_chars), voice, lane, user, asker)
        ruling = self.policy.admitted(request)
        request = replace(request, text=ruling.text)
        self._progress.drop_stale()
        try:
            clean(request.text, max_chars=self._max_chars)  # a replacement may be anything
            status = self._entrance.reserved(request, held=ruling.held)
        except UserError as error:
            self.policy.over(request, Outcome(REFUSED, reason=str(error)))
            raise
        waits_s = self._expires_s if expires_s is None else expires_s
        utterance = Utterance(
            status,
            Line(request, delivery, waits_s, request.text),
            clock=self._clock,
            withdraw=self._progress.withdraw,
            hearing=self.hearing,
        )
        self._entrance.enter(utterance)
        return utterance

    def clear(self, lane: str | None = None, user: str | None = None) -> int:
        """Cancel what waits or is held, of that lane and user (None: any); return how many.

        What is being spoken goes on; cancel its Utterance to stop it.
        """
        with self._changed:
            waiting = self._lanes.waiting(lane=lane, user=user)
        held = [each for each in self.queue.held(lane) if user in (None, each.status.user)]
        return sum(self._progress.withdraw(utterance) for utterance in (*waiting, *held))

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
        """Return the signed voice in `clips` and a report; waits until speech leaves room.

        Raises:
            ClipRejectedError: If the clips cannot make a voice.
            ConsentError: If `consent` does not say who agreed.
            VoiceNameError: If `name` is not fit for a voice.
        """
        made = self._turns.apart(
            partial(
                enrol,
                clips=clips,
                name=name,
                consent=consent,
                detector=SpeechDetector(),
                keep_clips=keep_clips,
            )
        )
        return replace(made, voice=self.policy.trust.sign(made.voice))

    def embed(self, clip: Audio) -> Embedding:
        """Return the speaker's d-vector; waits until speech leaves room."""
        return cast("Embedding", self._turns.apart(operator.methodcaller("embed", clip)))

    def _work(self) -> None:
        while (utterance := self._next()) is not None:
            state, error = self._speak(utterance)
            self._turns.hand_back()
            self._progress.end(utterance, state, error)

    def _next(self) -> Utterance | None:
        """Return the next utterance and hold the pipeline for it; None when closing."""
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._turns.closing or self._may_speak(), timeout=STALE_LOOK_S
                )
            self._progress.drop_stale()
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
        request = line.request
        try:
            self.policy.check(request)  # once more: it may have been revoked while it waited
            text = self.policy.disclosed(request, now=self._clock())
            utterance._line = replace(line, text=text)
            for audio in self._turns.pipeline.speak(text, request.voice, line.delivery, stop=stop):
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
            self._progress.announce(
                utterance, replace(status, state=State.SPEAKING, first_audio_at=now)
            )
        utterance._made_s += audio.seconds
        utterance._chunks.put(audio)
