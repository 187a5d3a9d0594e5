"""`rtvc-bridge bench`: the figures of this installation."""

import importlib.util
import json
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rtvc_bridge.cli.assembly import fetched, opened_engine
from rtvc_bridge.cli.demo import READER, RECORDING, first_seconds
from rtvc_bridge.config import Settings
from rtvc_bridge.enrolment import Clip, read_clip
from rtvc_bridge.errors import ModelError
from rtvc_bridge.pipeline import PIPELINE_NAME
from rtvc_bridge.safety.consent import attested
from rtvc_bridge.stages import assemble

app = typer.Typer(help="Measure this installation.", invoke_without_command=True)

CLIP_S = 10.0
QUEUE_LIMITS = ("max_queued", "max_queued_lane", "max_queued_user")
QUEUE_ROOM = 1000
PACKAGES = ("faster_whisper", "jiwer")
RECOGNISER = "whisper-base"

Json = Annotated[bool, typer.Option("--json", help="Print JSON only.")]
Speech = Annotated[
    Path | None,
    typer.Option(help="Folder of speakers, each a folder of ten clips or more: measures likeness."),
]


@app.callback()
def bench(
    ctx: typer.Context,
    as_json: Json = False,
    speech: Speech = None,
    rounds: Annotated[int, typer.Option(min=2, help="Repeats of the short measurements.")] = 5,
    lines: Annotated[int, typer.Option(min=2, max=50, help="Sentences for the word test.")] = 50,
) -> None:
    """Measure speed, memory, words understood and the queue (about ten minutes)."""
    if ctx.invoked_subcommand is not None:
        return
    _check_installed()
    from rtvc_bridge.bench.suite import Suite
    from rtvc_bridge.stages.tuner import load_tuner

    settings: Settings = ctx.obj
    recording, recogniser = fetched(settings, [RECORDING, RECOGNISER])
    suite = Suite(
        open_engine=lambda: opened_engine(settings),
        open_humming=lambda: opened_engine(_humming(settings)),
        clip=Clip.of(first_seconds(read_clip(recording).audio, CLIP_S)),
        consent=attested(READER),
        recogniser=recogniser,
        rounds=rounds,
        lines=lines,
    )
    figures = suite.figures()
    if speech is not None:
        tuner = load_tuner(assemble.tuner_file())
        figures = chain(figures, suite.likeness(speech, tuner, PIPELINE_NAME))
    _print(figures, as_json=as_json)


@app.command()
def api(
    ctx: typer.Context,
    as_json: Json = False,
    rounds: Annotated[int, typer.Option(min=2, help="Lines of the short measurements.")] = 10,
) -> None:
    """Measure the local API: first byte, fifty clients, two hundred watchers (two minutes)."""
    from rtvc_bridge.bench.suite import api_figures

    settings: Settings = ctx.obj
    (recording,) = fetched(settings, [RECORDING])
    figures = api_figures(
        open_engine=lambda: opened_engine(settings),
        open_humming=lambda: opened_engine(_humming(settings)),
        clip=Clip.of(first_seconds(read_clip(recording).audio, CLIP_S)),
        consent=attested(READER),
        rounds=rounds,
    )
    _print(figures, as_json=as_json)


def _print(figures: Iterable[tuple[str, object]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(dict(figures)))
        return
    console = Console(highlight=False, soft_wrap=True)
    for name, value in figures:
        console.print(f"[bold]{name}[/bold] ", end="")
        console.print(value, markup=False)


def _humming(settings: Settings) -> Settings:
    """Return settings under which the queue may hold everything and nothing needs weights."""
    engine = settings.engine.model_copy(update=dict.fromkeys(QUEUE_LIMITS, QUEUE_ROOM))
    models = settings.models.model_copy(update={"pipeline": "humming"})
    return settings.model_copy(update={"engine": engine, "models": models})


def _check_installed() -> None:
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(f'Measuring needs {", ".join(missing)}: pip install "rtvc-bridge[bench]".')
