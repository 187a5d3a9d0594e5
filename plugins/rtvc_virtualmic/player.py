"""The lane's utterances, sent to the microphone one after another in the order they are made."""

import time
from collections.abc import Callable
from threading import Event

import numpy as np

from rtvc_bridge.audio import FRAME_MS, Audio
from rtvc_bridge.engine import Utterance
from rtvc_bridge.levels import Levels
from rtvc_bridge.playing import Lineup
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
        levels: Is told how loud it is.
    """

    def __init__(self, mic: VirtualMic, limiter: Limiter, levels: Levels) -> None:
        self._mic = mic
        self._limiter = limiter
        self._levels = levels
        self._lineup = Lineup()
        self.add = self._lineup.add

    def serve(self, stop: Event) -> None:
        """Send what is added until `stop`."""
        while not stop.is_set():
            self._lineup.wait(IDLE_S)
            if (utterance := self._lineup.next()) is not None:
                self._send(utterance, stop)
            else:
                stop.wait(LOOK_S)

    def close(self) -> None:
        """Cancel what was not sent; only once nothing is added any more."""
        self._lineup.cancel()

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
                self._send_frames(
                    audio,
                    utterance.status.lane,
                    ended=lambda: not utterance.audible or stop.is_set(),
                )
        utterance.cancel()
        self._mic.clear()

    def _send_frames(self, audio: Audio, lane: str, *, ended: Callable[[], bool]) -> None:
        size = audio.rate_hz * FRAME_MS // 1000
        for start in range(0, len(audio.samples), size):
            while self._mic.stats.queued_ms > AHEAD_MS and not ended():
                time.sleep(LOOK_S)
            if ended():
                return
            frame = self._limiter.limited(audio.samples[start : start + size], audio.rate_hz)
            self._levels.note(lane, float(np.abs(frame).max(initial=0)))
            self._mic.send(frame, audio.rate_hz)
