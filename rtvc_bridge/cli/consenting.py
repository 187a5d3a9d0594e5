"""`rtvc-bridge bench consent`: how well spoken consent tells words, people and synthesis."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from rtvc_bridge.cli.assembly import fetched
from rtvc_bridge.config import Settings
from rtvc_bridge.enrolment import SpeechDetector
from rtvc_bridge.enrolment.spoken import speech_in
from rtvc_bridge.stages import assemble
from rtvc_bridge.stages.hearing import WHISPER, Recogniser

Speech = Annotated[
    Path,
    typer.Option(
        help="Folder of recordings called SPEAKER-CHAPTER-UTTERANCE.flac, as LibriSpeech's are."
    ),
]


def consent_figures(
    settings: Settings, speech: Path, *, sentences: int, stock: int
) -> Iterator[tuple[str, object]]:
    """Yield the figures of spoken consent.

    Args:
        settings: Where the weights are.
        speech: Real recordings of many speakers, and of a few speakers many recordings.
        sentences: Read by each synthetic voice.
        stock: How many stock voices read.
    """
    from rtvc_bridge.bench import consent, trials
    from rtvc_bridge.stages.tuner import load_tuner
    from rtvc_bridge.stages.watermark import load_watermark

    wanted = [WHISPER, assemble.WATERMARK, assemble.KOKORO, assemble.GE2E]
    recogniser, weights, *_ = fetched(settings, wanted)
    marker, mark_detector = load_watermark(weights)
    cut = functools.partial(speech_in, detector=SpeechDetector())
    bench = consent.Bench(
        pipeline=assemble.three_stage(**settings.models.model_dump(exclude={"pipeline"})),
        tuner=load_tuner(assemble.tuner_file()),
        marker=marker,
        detector=mark_detector,
        recogniser=Recogniser(recogniser),
        speech_in=cut,
    )
    people = trials.speakers(speech, cut)
    yield from bench.figures(people, trials.sexes(speech), sentences=sentences, stock=stock)
