"""Whether many people are served fairly, and whether giving up leaves nothing behind.

Both use the humming pipeline in a process of its own: the queue does not depend on what
makes the sound, and the figures are then about the queue.
"""

import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import astuple, dataclass
from pathlib import Path

import psutil

from rtvc_bridge.engine import Engine, State, Status
from rtvc_bridge.testing import tone_voice

LINES = 200
USERS = 20
LANES = 5
CANCELS = 1000


@dataclass(frozen=True, slots=True)
class Left:
    """What one process holds: threads, processes below it, open files, temporary files."""

    threads: int
    processes: int
    files: int
    temp_files: int

    @classmethod
    def now(cls) -> "Left":
        """Count."""
        this = psutil.Process()
        files = getattr(this, "num_handles" if psutil.WINDOWS else "num_fds")()
        temp_files = sum(1 for _ in Path(tempfile.gettempdir()).iterdir())
        return cls(this.num_threads(), len(this.children(recursive=True)), files, temp_files)

    def less(self, before: "Left") -> "Left":
        """Return the difference."""
        mine, theirs = astuple(self), astuple(before)
        return Left(*(after - earlier for after, earlier in zip(mine, theirs, strict=True)))


def fair(open_engine: Callable[[], AbstractContextManager[Engine]]) -> bool:
    """Return whether 200 lines of 20 users in 5 lanes were spoken round by round.

    All are queued while the first is being spoken. Fair means: whenever a lane was served,
    no other lane with lines waiting had been served less, and within a lane the same of users.
    """
    served: list[tuple[str, str]] = []

    def listen(status: Status) -> None:
        if status.state is State.SPEAKING:
            served.append((status.lane, status.user))

    with open_engine() as engine:
        voice = engine.policy.trust.sign(tone_voice("bench", 220.0))
        engine.on_status(listen)
        utterances = [
            engine.say(
                f"Line number {number}.",
                voice,
                lane=f"lane-{number % LANES}",
                user=f"user-{number % USERS}",
            )
            for number in range(LINES)
        ]
        for utterance in utterances:
            for _ in utterance:
                pass
    lanes = [lane for lane, _ in served[1:]]
    by_user = {lane: [u for at, u in served[1:] if at == lane] for lane in set(lanes)}
    return len(served) == LINES and _even(lanes) and all(_even(users) for users in by_user.values())


def _even(turns: list[str]) -> bool:
    """Return whether nobody was ever served twice more than somebody still waiting."""
    left = Counter(turns)
    done: Counter[str] = Counter()
    for who in turns:
        done[who] += 1
        left[who] -= 1
        waiting = [done[other] for other in left if left[other] > 0]
        if waiting and done[who] - min(waiting) > 1:
            return False
    return True


def left_by_cancels(open_engine: Callable[[], AbstractContextManager[Engine]]) -> Left:
    """Return what is held more than before, after 1,000 utterances that were given up."""
    before = Left.now()
    with open_engine() as engine:
        voice = engine.policy.trust.sign(tone_voice("bench", 220.0))
        for number in range(CANCELS):
            utterance = engine.say(f"Line {number}. And on.", voice, lane=f"lane-{number % LANES}")
            if number % 2:
                utterance.poll()
            utterance.cancel()
            utterance.wait(timeout_s=10)
    return Left.now().less(before)
