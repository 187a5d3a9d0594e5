"""Refinement as a series of short jobs, so that speech goes in between and anybody can stop it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar

from rtvc_bridge.audio import Audio
from rtvc_bridge.errors import ModelError
from rtvc_bridge.pipeline import Pipeline, Refinement, Refining
from rtvc_bridge.voices import Voice

R = TypeVar("R")


class Run(Protocol):
    """Where the pipeline lives: a Worker's `run`, or what an engine gives between utterances."""

    def __call__(self, job: Callable[[Pipeline], R]) -> R:
        """Return `job(pipeline)`."""


def refinements(
    run: Run, voice: Voice, clips: Sequence[Audio], *, steps: int
) -> Iterator[Refinement]:
    """Yield `voice` as it becomes more alike to the speaker of `clips`: the start, then each step.

    Whoever stops reading keeps the best so far. Each step takes some seconds.

    Raises:
        ModelError: If the pipeline cannot refine, or lacks what judges it.
        VoiceFileError: If `voice` has no tensors for the pipeline.
        WorkerError: If the process dies.
    """
    lean = replace(voice, clips=())  # they are large, and `clips` has the sound
    now = run(partial(begun, voice=lean, clips=clips, steps=steps))
    yield replace(now, voice=replace(now.voice, clips=voice.clips))
    while now.done < now.steps:
        now = run(partial(gone_on, refinement=now))
        yield replace(now, voice=replace(now.voice, clips=voice.clips))


def begun(pipeline: Pipeline, *, voice: Voice, clips: Sequence[Audio], steps: int) -> Refinement:
    """Return the start of refining `voice`, where the pipeline lives."""
    return _refining(pipeline).refinement(voice, clips, steps=steps)


def gone_on(pipeline: Pipeline, *, refinement: Refinement) -> Refinement:
    """Return `refinement` one step later, where the pipeline lives."""
    return _refining(pipeline).refined(refinement)


def _refining(pipeline: Pipeline) -> Refining:
    if not isinstance(pipeline, Refining):
        raise ModelError(f"The pipeline {pipeline.name} cannot refine voices.")
    return pipeline
