"""`rtvc-bridge bench watermark`: how well the mark is found, and what it costs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from rtvc_bridge.cli.assembly import fetched
from rtvc_bridge.cli.demo import READER, RECORDING, REFERENCE_S, first_seconds
from rtvc_bridge.config import Settings
from rtvc_bridge.enrolment import read_clip
from rtvc_bridge.safety.consent import attested
from rtvc_bridge.stages import assemble
from rtvc_bridge.stages.hearing import WHISPER

Speech = Annotated[
    Path | None, typer.Option(help="Folder of real recordings: measures false alarms.")
]


def watermark_figures(
    settings: Settings, speech: Path | None, *, lines: int, voices: int, clips: int
) -> Iterator[tuple[str, object]]:
    """Yield the watermark's figures.

    Args:
        settings: Where the weights are.
        speech: Real recordings, if there are any.
        lines: Sentences that each voice says, at most 50.
        voices: The demo's clone, and stock voices.
        clips: Pieces of 5 s of real recordings, at most.
    """
    from rtvc_bridge.bench import marking
    from rtvc_bridge.bench.sentences import LINES
    from rtvc_bridge.bench.words import Recogniser
    from rtvc_bridge.stages.naturalness import opinions
    from rtvc_bridge.stages.tuner import load_tuner
    from rtvc_bridge.stages.watermark import load_watermark

    wanted = [RECORDING, WHISPER, assemble.NATURALNESS, assemble.WATERMARK]
    needed = [*wanted, assemble.KOKORO, assemble.GE2E]
    recording, recogniser, naturalness, weights, *_ = fetched(settings, needed)
    real = marking.recordings(speech, clips) if speech is not None else []
    pipeline = assemble.three_stage(**settings.models.model_dump(exclude={"pipeline"}))
    sample = first_seconds(read_clip(recording).audio, REFERENCE_S)
    marker, detector = load_watermark(weights)
    bench = marking.Bench(
        pipeline=pipeline,
        voice=pipeline.enrol([sample], name="bench", consent=attested(READER)),
        tuner=load_tuner(assemble.tuner_file()),
        marker=marker,
        detector=detector,
        recogniser=Recogniser(recogniser),
        naturalness=opinions(naturalness),
    )
    yield from bench.figures(LINES[:lines], voices, real)
