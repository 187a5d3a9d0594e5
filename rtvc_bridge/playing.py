"""Utterances of a lane as the endless stream of sound that an output device asks for."""

from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue

import numpy as np

from rtvc_bridge.audio import FADE_S, FRAME_BYTES, PCM_RATE_HZ, SILENCE, Audio, FrameReader
from rtvc_bridge.engine import Utterance
from rtvc_bridge.levels import Levels

CUSHION_S = 0.05
"""Held back at the start of a line and after a gap, so that late sound makes no second gap."""
PIECE_S = 0.05
"""Most that one frame resamples: a clause at once would keep the device waiting."""


class Lineup:
    """The utterances of one lane, in the engine's order. `add` is for any thread, the rest for one.

    That order is not the order of `add`: the engine takes turns between users, and a line may
    have been moved up.
    """

    def __init__(self) -> None:
        self._arrived: SimpleQueue[Utterance] = SimpleQueue()
        self._waiting: list[Utterance] = []

    def add(self, utterance: Utterance) -> None:
        """Take `utterance` in, to be given out when it is its turn."""
        self._arrived.put(utterance)

    def next(self) -> Utterance | None:
        """Return the utterance whose sound was made first, if any has sound. Never waits."""
        self._sort_in()
        self._waiting = [each for each in self._waiting if not each.over or each.audible]
        ready = [each for each in self._waiting if each.audible]
        if not ready:
            return None
        first = min(ready, key=_made_at)
        self._waiting.remove(first)
        return first

    def wait(self, timeout_s: float) -> None:
        """Return once an utterance arrives, or after `timeout_s`; at once if one is expected."""
        if not self._waiting:
            try:
                self._waiting.append(self._arrived.get(timeout=timeout_s))
            except Empty:
                return

    def cancel(self) -> None:
        """Cancel all that was not given out."""
        self._sort_in()
        for utterance in self._waiting:
            utterance.cancel()
        self._waiting.clear()

    def _sort_in(self) -> None:
        while True:
            try:
                self._waiting.append(self._arrived.get_nowait())
            except Empty:
                return


class Player:
    """Plays utterances one at a time. `add` is for any thread, `take` for the device's only.

    Args:
        gain: What the samples are multiplied by; the result is clipped to -1..1.
        levels: Is told how loud it is.
    """

    def __init__(self, *, gain: float = 1.0, levels: Levels | None = None) -> None:
        self._gain = gain
        self._levels = levels
        self._lineup = Lineup()
        self._now: Reading | None = None
        self._pcm = bytearray()
        self.add = self._lineup.add

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes of 48 kHz stereo PCM, silence for want of sound.

        Never waits.
        """
        while len(self._pcm) < size:
            self._pcm += self._frame()
        pcm = bytes(self._pcm[:size])
        del self._pcm[:size]
        return pcm

    def close(self) -> None:
        """Cancel what is not played; only once nothing takes any more."""
        if self._now is not None:
            self._now.utterance.cancel()
        self._lineup.cancel()

    def _frame(self) -> bytes:
        while True:
            if self._now is None and (utterance := self._lineup.next()) is not None:
                self._now = Reading(utterance, gain=self._gain, levels=self._levels)
            if self._now is None:
                return SILENCE
            if frame := self._now.frame():
                return frame
            self._now = None


class Reading:
    """One utterance being played, frame by frame.

    Args:
        utterance: Of which this is the one reader.
        gain: What the samples are multiplied by; the result is clipped to -1..1.
        levels: Is told how loud it is.

    Attributes:
        cancelled: Whether it was cut off before its end.
    """

    def __init__(
        self, utterance: Utterance, *, gain: float = 1.0, levels: Levels | None = None
    ) -> None:
        self.utterance = utterance
        self._lane = utterance.status.lane
        self._levels = levels
        self._cushion = Cushion(utterance.poll, gain=gain)
        self._frames = FrameReader(self._cushion.poll)
        self.cancelled = False

    def frame(self) -> bytes:
        """Return FRAME_BYTES of it, silence when starved, b"" when it is over. Never waits.

        What was resampled already is dropped at a cancel, but for a fade that avoids a click.
        """
        if self.cancelled:
            return b""
        had_all = self._cushion.at_end
        frame = self._frames.read()
        self.cancelled = self.utterance.cancelled and not had_all
        if self._levels is not None and frame is not SILENCE and frame:
            self._levels.note(self._lane, _peak(frame))
        return faded(frame) if self.cancelled else frame


class Cushion:
    """A stream of Audio in pieces of PIECE_S, held back until CUSHION_S are there.

    Args:
        poll: Gives the stream, as `Utterance.poll` does.
        gain: What the samples are multiplied by.

    Attributes:
        at_end: Whether the stream has given all; little of it can be left to play then.
    """

    def __init__(self, poll: Callable[[], Audio | None], *, gain: float = 1.0) -> None:
        self._poll = poll
        self._gain = np.float32(gain)
        self._held: deque[Audio] = deque()
        self._held_s = 0.0
        self._flowing = False
        self.at_end = False

    def poll(self) -> Audio | None:
        """Return the next piece, or None if there is too little yet. Never waits.

        Raises:
            EOFError: When all of it has been read.
        """
        while not (self._enough() or self.at_end):
            if not self._refilled():
                self._flowing = False
                return None
        self._flowing = True
        if not self._held:
            raise EOFError
        piece = self._held.popleft()
        self._held_s -= piece.seconds
        return piece

    def _enough(self) -> bool:
        return bool(self._held) if self._flowing else self._held_s >= CUSHION_S

    def _refilled(self) -> bool:
        """Take what the stream has next; return whether it had anything to say."""
        try:
            audio = self._poll()
        except EOFError:
            self.at_end = True
            return True
        if audio is None:
            return False
        step = max(1, round(PIECE_S * audio.rate_hz))
        for start in range(0, len(audio.samples), step):
            samples = audio.samples[start : start + step] * self._gain
            self._held.append(Audio(samples, audio.rate_hz))
        self._held_s += audio.seconds
        return True


def faded(frame: bytes) -> bytes:
    """Return a frame of stereo PCM that goes to silence within FADE_S."""
    if not frame:
        return b""
    at_s = np.arange(FRAME_BYTES // 4) / PCM_RATE_HZ
    ramp = np.clip(1 - at_s / FADE_S, 0, 1)[:, None]
    pcm = np.frombuffer(frame, "<i2").reshape(-1, 2) * ramp
    return pcm.astype("<i2").tobytes()


def _peak(frame: bytes) -> float:
    """Return the loudest sample of a frame, 0..1."""
    pcm = np.frombuffer(frame, "<i2")
    return max(int(pcm.max()), -int(pcm.min())) / 32768


def _made_at(utterance: Utterance) -> float:
    return utterance.status.first_audio_at or 0.0
