"""The lane's utterances, sent to the microphone one after another in the order they are made."""

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Event

from rtvc_bridge.audio import FRAME_MS, Audio
from rtvc_bridge.engine import Utterance
from rtvc_virtualmic.limiter import Limiter
from rtvc_virtualmic.mic import VirtualMic

AHEAD_MS = 100.0
"""Sound handed over ahead of the device, so that a cancelled line can be silenced at once."""
LOOK_S = 0.01
IDLE_S = 0.25


class Player:
    """Sends utterances to a microphone. `add` is for any thread, `serve` for one.

    Args:
        mic: Where to.
        limiter: What the sound goes through.
    """

    def __init__(self, mic: VirtualMic, limiter: Limiter) -> None:
        self._mic = mic
        self._limiter = limiter
        self._arrived: SimpleQueue[Utterance] = SimpleQueue()
        self._waiting: list[Utterance] = []

    def add(self, utterance: Utterance) -> None:
        """Send `utterance` when it is its turn."""
        self._arrived.put(utterance)

    def serve(self, stop: Event) -> None:
        """Send what is added until `stop`; then cancel what is left."""
        while not stop.is_set():
            self._sort_in(wait_s=LOOK_S if self._waiting else IDLE_S)
            self._waiting = [each for each in self._waiting if each.audible or not each.over]
            ready = [each for each in self._waiting if each.audible]
            if ready:
                first = min(ready, key=lambda each: each.status.first_audio_at or 0.0)
                self._waiting.remove(first)
                self._send(first, stop)
        self._sort_in(wait_s=0)
        for utterance in self._waiting:
            utterance.cancel()

    def _sort_in(self, wait_s: float) -> None:
        try:
            self._waiting.append(self._arrived.get(timeout=wait_s))
            while True:
                self._waiting.append(self._arrived.get_nowait())
        except Empty:
            return

    def _send(self, utterance: Utterance, stop: Event) -> None:
        """Send all of it, a frame at a time and never far ahead."""
        while not stop.is_set():
            if not utterance.audible:  # cancelled: its end is not read yet
                self._mic.clear()
                return
            try:
                audio = utterance.poll()
            except EOFError:
                return
            if audio is None:
                stop.wait(LOOK_S)
            else:
                self._send_frames(audio, lambda: not utterance.audible or stop.is_set())
        utterance.cancel()
        self._mic.clear()

    def _send_frames(self, audio: Audio, ended: Callable[[], bool]) -> None:
        size = audio.rate_hz * FRAME_MS // 1000
        for start in range(0, len(audio.samples), size):
            while self._mic.stats.queued_ms > AHEAD_MS and not ended():
                time.sleep(LOOK_S)
            if ended():
                return
            frame = audio.samples[start : start + size]
            self._mic.send(self._limiter.limited(frame, audio.rate_hz), audio.rate_hz)
