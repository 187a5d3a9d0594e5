"""`rtvc-bridge bench`: the figures of this installation."""

import importlib.util
import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import soundfile
import typer
from rich.console import Console

from rtvc_bridge.cli import consenting, likening, marking
from rtvc_bridge.cli.assembly import fetched, opened_engine
from rtvc_bridge.cli.demo import READER, RECORDING, first_seconds
from rtvc_bridge.cli.reach import STARTING_S
from rtvc_bridge.cli.tui import StartedDaemon
from rtvc_bridge.client import Client
from rtvc_bridge.config import Settings
from rtvc_bridge.enrolment import Clip, read_clip
from rtvc_bridge.errors import DaemonError, ModelError, OperatorError
from rtvc_bridge.pipeline import PIPELINE_NAME
from rtvc_bridge.safety.consent import attested
from rtvc_bridge.stages import assemble
from rtvc_bridge.stages.hearing import WHISPER

app = typer.Typer(help="Measure this installation.", invoke_without_command=True)

CLIP_S = 10.0
BENCH_VOICE = "bench"
_LOOK_S = 0.1
QUEUE_LIMITS = ("max_queued", "max_queued_lane", "max_queued_user")
QUEUE_ROOM = 1000
PACKAGES = ("av", "faster_whisper", "jiwer", "matplotlib")

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
    recording, recogniser = fetched(settings, [RECORDING, WHISPER])
    suite = Suite(
        open_engine=lambda: opened_engine(settings, audited=False),
        open_humming=lambda: opened_engine(_humming(settings), audited=False),
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
        open_engine=lambda: opened_engine(settings, audited=False),
        open_humming=lambda: opened_engine(_humming(settings), audited=False),
        clip=Clip.of(first_seconds(read_clip(recording).audio, CLIP_S)),
        consent=attested(READER),
        rounds=rounds,
    )
    _print(figures, as_json=as_json)


@app.command()
def tui(
    ctx: typer.Context,
    as_json: Json = False,
    keys: Annotated[int, typer.Option(min=40, help="Keys pressed.")] = 200,
    starts: Annotated[int, typer.Option(min=2, help="Starts of the screen.")] = 7,
) -> None:
    """Measure the terminal screen: key to paint while a line is spoken, start to usable."""
    if sys.platform == "win32":
        raise OperatorError("Measuring the screen needs a terminal of Linux or macOS.")
    from rtvc_bridge.bench import screen
    from rtvc_bridge.bench.sentences import LINES

    with _daemon(ctx) as client, _voice(client, ctx.obj) as voice:
        usable_s, cpu_s = screen.starts(starts, voice)
        with screen.speaking(client, voice, LINES):
            speaking_s = screen.key_to_paint(keys)
        figures = {
            "key_to_paint_speaking_s": asdict(speaking_s),
            "key_to_paint_quiet_s": asdict(screen.key_to_paint(keys)),
            "start_to_usable_s": asdict(usable_s),
            "start_cpu_s": asdict(cpu_s),
        }
    _print(figures.items(), as_json=as_json)


@app.command()
def watermark(
    ctx: typer.Context,
    as_json: Json = False,
    speech: marking.Speech = None,
    lines: Annotated[int, typer.Option(min=2, max=50, help="Sentences per voice.")] = 50,
    voices: Annotated[int, typer.Option(min=1, max=55, help="A clone, then stock voices.")] = 10,
    clips: Annotated[int, typer.Option(min=2, help="Pieces of 5 s of real recordings.")] = 500,
) -> None:
    """Measure how well the watermark is found, and what it costs (about an hour)."""
    _check_installed()
    figures = marking.watermark_figures(ctx.obj, speech, lines=lines, voices=voices, clips=clips)
    _print(figures, as_json=as_json)


@app.command()
def consent(
    ctx: typer.Context,
    speech: consenting.Speech,
    as_json: Json = False,
    sentences: Annotated[int, typer.Option(min=1, help="Read by each synthetic voice.")] = 5,
    stock: Annotated[int, typer.Option(min=0, max=54, help="Stock voices that read.")] = 4,
) -> None:
    """Measure how spoken consent tells words, people and our own clones (ten minutes)."""
    _check_installed()
    figures = consenting.consent_figures(ctx.obj, speech, sentences=sentences, stock=stock)
    _print(figures, as_json=as_json)


@app.command()
def similarity(
    ctx: typer.Context,
    speech: likening.Speech,
    as_json: Json = False,
    page: likening.Page = likening.DEFAULT_PAGE,
    steps: likening.Steps = likening.DEFAULT_STEPS,
) -> None:
    """Measure how much clones sound like their speakers (about three minutes a speaker)."""
    _check_installed()
    figures = likening.similarity_figures(ctx.obj, speech, page, steps=steps)
    _print(figures, as_json=as_json)


@contextmanager
def _daemon(ctx: typer.Context) -> Iterator[Client]:
    """Give the daemon that runs; without one, one that ends with the block."""
    client = Client.running(wait_s=STARTING_S)
    if client is not None:
        with client:
            yield client
        return
    process = StartedDaemon(ctx.find_root().params.get("config_file"))
    while (client := Client.running(wait_s=STARTING_S)) is None or not client.status()["ready"]:
        if (problem := process.problem()) is not None:
            raise DaemonError(f"The daemon could not be started: {problem}")
        time.sleep(_LOOK_S)
    with client:
        try:
            yield client
        finally:
            client.stop()


@contextmanager
def _voice(client: Client, settings: Settings) -> Iterator[str]:
    """Give a voice of the daemon; without one, one that is deleted after the block."""
    for voice in client.voices():
        yield voice["name"]
        return
    (recording,) = fetched(settings, [RECORDING])
    clip = first_seconds(read_clip(recording).audio, CLIP_S)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "clip.wav"
        soundfile.write(file, clip.samples, clip.rate_hz)
        client.enrol(BENCH_VOICE, [file], consent_by=READER, keep_clips=False)
    try:
        yield BENCH_VOICE
    finally:
        client.delete(BENCH_VOICE)


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
