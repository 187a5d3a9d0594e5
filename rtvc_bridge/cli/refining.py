"""`rtvc-bridge voice refine`, and `enrol --refine`: a minute of work for a better likeness."""

import io
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated

import soundfile
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rtvc_bridge.audio import Audio
from rtvc_bridge.cli.assembly import (
    DEFAULT_PIPELINE,
    fetched,
    opened_worker,
    policy_of,
    voice_store,
)
from rtvc_bridge.config import Settings
from rtvc_bridge.errors import ClipRejectedError
from rtvc_bridge.pipeline import Refinement
from rtvc_bridge.stages import assemble
from rtvc_bridge.voices import Voice
from rtvc_bridge.worker import refinements

STEPS = 12
"""About 76 s on two free cores."""
LONGEST_S = 85.0
"""No step is begun after this, so that the whole takes 90 s at most on a slow computer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a refinement went.

    Attributes:
        start: The voice as it was.
        end: The best that was found; the same voice if nothing better was.
        seconds: How long it took.
        stopped: Whether it was ended before the last step.
    """

    start: Refinement
    end: Refinement
    seconds: float
    stopped: bool

    @property
    def better(self) -> bool:
        """Whether something better than the voice was found."""
        return self.end.best_loss < self.start.best_loss


def refine(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the voice.")],
    steps: Annotated[int, typer.Option(min=8, max=64, help="More steps take longer.")] = STEPS,
) -> None:
    """Make a voice more like its speaker, from the speech kept in it (about a minute).

    Ctrl-C ends it early. The better of before and after is kept; run it again to go on.
    """
    refine_kept(ctx.obj, name, steps=steps)


def refine_kept(settings: Settings, name: str, *, steps: int = STEPS) -> Outcome:
    """Refine the voice called `name`, keep what is better, and say how it went.

    Raises:
        ClipRejectedError: If no speech is kept in the voice.
        ConsentError: If the speaker's agreement does not hold any more.
        ModelError: If weights are missing or do not fit.
        VoiceNotFoundError: If there is no such voice.
        WorkerError: If the process cannot start, or dies.
    """
    voice = voice_store(settings).get(name)
    clips = kept_speech(voice)
    with policy_of(settings) as policy:
        policy.trust.check_record(voice)
    if settings.models.pipeline == DEFAULT_PIPELINE:
        fetched(settings, [assemble.NATURALNESS, assemble.SECOND])
    longest_s = LONGEST_S * max(1, steps / STEPS)
    with opened_worker(settings) as worker, _bar(voice.name) as show:
        outcome = followed(
            refinements(worker.run, voice, clips, steps=steps), show, longest_s=longest_s
        )
    if outcome.better:
        keep(settings, outcome.end.voice)
    _tell(outcome)
    return outcome


def followed(
    steps: Iterable[Refinement],
    show: Callable[[Refinement], None],
    *,
    longest_s: float,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Return where `steps` led, read until they end, `longest_s` is over, or Ctrl-C.

    Raises:
        KeyboardInterrupt: If that came before the first step.
    """
    began = clock()
    reached: list[Refinement] = []
    try:
        for now in steps:
            reached.append(now)
            show(now)
            if clock() - began > longest_s:
                break
    except KeyboardInterrupt:
        if not reached:
            raise
    end = reached[-1]
    return Outcome(reached[0], end, clock() - began, stopped=end.done < end.steps)


def kept_speech(voice: Voice) -> list[Audio]:
    """Return the speech that was kept when `voice` was enrolled.

    Raises:
        ClipRejectedError: If there is none.
    """
    if not voice.clips:
        msg = (
            f"No speech is kept in the voice {voice.name!r}, so nothing tells what it should "
            "sound like. Enrol it again, without --no-keep-clips."
        )
        raise ClipRejectedError(msg)
    return [Audio(*soundfile.read(io.BytesIO(clip), dtype="float32")) for clip in voice.clips]


def keep(settings: Settings, voice: Voice) -> Voice:
    """Give the stored voice of that id the tensors of `voice`, sign it again and return it.

    Raises:
        ConsentError: If the speaker's agreement does not hold any more.
    """
    with policy_of(settings) as policy:

        def refined(old: Voice) -> Voice:
            policy.trust.check_record(old)  # before a new signature makes it good
            return policy.trust.sign(replace(old, tensors=voice.tensors))

        return voice_store(settings).update(voice.id, refined)


@contextmanager
def _bar(name: str) -> Iterator[Callable[[Refinement], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(f"refining {name}", total=None)

        def show(now: Refinement) -> None:
            bars.update(task, completed=now.done, total=now.steps)

        yield show


def _tell(outcome: Outcome) -> None:
    end = outcome.end
    after = f"after {end.done} of {end.steps} steps, {outcome.seconds:.0f} s"
    if not outcome.better:
        early = " It was ended early: with the computer free, it gets further."
        text = f"Nothing better was found {after}; the voice is as it was."
        text += early if outcome.stopped else ""
    else:
        text = f"Better: {outcome.start.best_loss:.3f} to {end.best_loss:.3f} {after}."
    Console(stderr=True).print(text, highlight=False)
