"""What arrives at the far end of a call: packets, their timing, and the sound in them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum, auto

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.audio import Audio

from .changes import LIMIT_S, Changes
from .opus import RATE_HZ, Decoder

FRAME = 960  # samples in 20 ms at 48 kHz
LOUD_DB = -45.0


class Kind(StrEnum):
    """How a frame came."""

    PLAIN = auto()  # without E2EE; a listener in an E2EE call refuses it
    E2EE = auto()
    UNDECRYPTABLE = auto()
    SILENCE = auto()  # Opus's silence frame, which ends speech


@dataclass(frozen=True, slots=True)
class Packet:
    """One frame as it arrived.

    Attributes:
        at_s: When the machine received it, on the clock of time.perf_counter.
        timestamp: Its RTP timestamp, in samples.
        opus: What to decode; None if the listener cannot or will not.
    """

    at_s: float
    ssrc: int
    sequence: int
    timestamp: int
    kind: Kind
    opus: bytes | None


class FarEnd:
    """Everything that one listener was sent, in order of arrival."""

    def __init__(self, changes: Changes) -> None:
        self.packets: list[Packet] = []
        self._changes = changes

    def take(self, packet: Packet) -> None:
        """Receive one packet."""
        self.packets.append(packet)
        self._changes.note()

    def clear(self) -> None:
        """Forget what was heard, before the next thing to measure."""
        self.packets.clear()

    @property
    def counts(self) -> Counter[Kind]:
        """How many frames came of each kind."""
        return Counter(packet.kind for packet in self.packets)

    @property
    def speech(self) -> list[Packet]:
        """Every packet but Opus's silence frames."""
        return [packet for packet in self.packets if packet.kind is not Kind.SILENCE]

    def gaps_s(self) -> NDArray[np.float64]:
        """Return the seconds between one speech packet's arrival and the next one's."""
        return np.diff([packet.at_s for packet in self.speech])

    def breaks(self) -> list[str]:
        """Return every place where a stream's sequence or timestamp did not go on by one frame."""
        last: dict[int, Packet] = {}
        found = []
        for packet in self.packets:
            before = last.get(packet.ssrc)
            if before is not None:
                if (packet.sequence - before.sequence) & 0xFFFF != 1:
                    found.append(f"sequence {before.sequence} -> {packet.sequence}")
                if (packet.timestamp - before.timestamp) & 0xFFFFFFFF != FRAME:
                    found.append(f"timestamp {before.timestamp} -> {packet.timestamp}")
            last[packet.ssrc] = packet
        return found

    def frames(self) -> list[tuple[Packet, NDArray[np.float32]]]:
        """Return what could be decoded, with its samples (mono, 48 kHz)."""
        decoders: dict[int, Decoder] = {}
        return [
            (packet, decoders.setdefault(packet.ssrc, Decoder()).decode(packet.opus))
            for packet in self.packets
            if packet.opus is not None
        ]

    def sound(self) -> Audio:
        """Return what the listener hears, frame after frame; gaps in time are not filled."""
        pieces = [samples for _, samples in self.frames()]
        return Audio(np.concatenate(pieces) if pieces else np.zeros(0, np.float32), RATE_HZ)

    def sounding(self, above_db: float = LOUD_DB) -> list[Packet]:
        """Return the packets whose sound is louder than `above_db` (RMS, dBFS)."""
        least = 10 ** (above_db / 20)
        return [
            packet
            for packet, samples in self.frames()
            if np.sqrt(np.mean(np.square(samples))) > least
        ]

    def hole_s(self) -> float:
        """Return the longest time in which nothing sounded, between first and last sound."""
        return float(np.diff([packet.at_s for packet in self.sounding()]).max(initial=0.0))

    async def until_packets(self, count: int, *, limit_s: float = LIMIT_S) -> None:
        """Wait until `count` speech packets arrived in all."""
        what = f"{count} speech packets"
        await self._changes.until(lambda: len(self.speech) >= count, what, limit_s=limit_s)

    async def until_quiet(self, quiet_s: float = 0.2) -> None:
        """Wait until nothing has arrived for `quiet_s`."""
        while await self._changes.within(quiet_s, self._more_than(len(self.packets))):
            pass

    def _more_than(self, count: int) -> Callable[[], bool]:
        return lambda: len(self.packets) > count
