"""`rtvc-bridge say`: text in, cloned speech out."""

import json
import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rtvc_bridge.cli import output
from rtvc_bridge.cli.assembly import opened_engine, voice_store
from rtvc_bridge.cli.consent import asked
from rtvc_bridge.config import Settings
from rtvc_bridge.engine import Engine, State
from rtvc_bridge.enrolment import read_clip
from rtvc_bridge.errors import TextRejectedError, WorkerError
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.voices import Voice

LANE = "cli"


@dataclass(frozen=True, slots=True)
class Spoken:
    """Figures of one spoken line, in seconds."""

    seconds: float
    first_audio_s: float
    made_in_s: float

    @property
    def rtf(self) -> float:
        """Real-time factor: time to make over time to hear."""
        return self.made_in_s / self.seconds if self.seconds else 0.0


def say(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="What to say; - reads lines from standard input.")],
    voice: Annotated[str | None, typer.Option(help="Name of an enrolled voice.")] = None,
    like: Annotated[
        list[Path] | None, typer.Option(help="Speak like this recording, without keeping a voice.")
    ] = None,
    consent_by: Annotated[
        str | None, typer.Option(help="With --like: the speaker, who agreed to be cloned.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write .wav, .flac, .ogg, .opus or .mp3; - is stdout.")
    ] = None,
    play: Annotated[
        bool, typer.Option("--play", help="Play it, also when --out is given.")
    ] = False,
    speed: Annotated[float, typer.Option(help="Pace, from 0.5 to 2; 1 is the voice's own.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
) -> None:
    """Say TEXT in a cloned voice; it is played unless --out is given."""
    settings: Settings = ctx.obj
    if (voice is None) == (not like):
        raise typer.BadParameter("give either --voice NAME or --like CLIP", param_hint="--voice")
    if as_json and str(out) == "-":
        raise typer.BadParameter("standard output takes the sound", param_hint="--json")
    try:
        delivery = Delivery(speed=speed)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--speed") from error
    store = voice_store(settings)
    known = store.get(voice) if voice else None
    clips = [read_clip(path) for path in like or []]
    consent = asked(consent_by) if clips else None
    lines = typed_lines() if text == "-" else [text]
    with opened_engine(settings) as engine, output.opened(out, play=play) as sinks:
        if consent is not None:
            known = engine.enrol(clips, name="unnamed", consent=consent, keep_clips=False).voice
        assert known is not None
        figures = list(spoken(engine, lines, known, delivery, sinks))
    report(figures, as_json=as_json)


def typed_lines() -> Iterator[str]:
    """Yield the lines of standard input as they come; bytes that are not text become U+FFFD."""
    for line in sys.stdin.buffer:
        yield line.decode(errors="replace")


def spoken(
    engine: Engine,
    lines: Iterable[str],
    voice: Voice,
    delivery: Delivery,
    sinks: Sequence[output.Sink],
) -> Iterator[Spoken]:
    """Say the lines in order into every sink, and yield each one's figures when it is over.

    Of several lines, one that cannot be said is reported and passed over.

    Raises:
        TextRejectedError: If the only line cannot be said.
        WorkerError: If a line was begun and not finished.
    """
    for line in lines:
        try:
            yield spoken_line(engine, line, voice, delivery, sinks)
        except TextRejectedError as error:
            if isinstance(lines, list):
                raise
            if line.strip():
                print(f"rtvc-bridge: passed over a line: {error}", file=sys.stderr)


def spoken_line(
    engine: Engine, line: str, voice: Voice, delivery: Delivery, sinks: Sequence[output.Sink]
) -> Spoken:
    """Say one line into every sink and return its figures."""
    utterance = engine.say(line, voice, lane=LANE, delivery=delivery)
    seconds = 0.0
    for audio in utterance:
        seconds += audio.seconds
        for sink in sinks:
            sink.write(audio)
    status = utterance.status
    if status.state is not State.DONE:
        raise WorkerError(f"The line was not finished: {status.reason or status.state}.")
    made_s = (status.ended_at or 0.0) - status.queued_at
    return Spoken(seconds, (status.first_audio_at or 0.0) - status.queued_at, made_s)


def report(figures: Sequence[Spoken], *, as_json: bool) -> None:
    """Print what was spoken and how fast: JSON to stdout, or one line to stderr."""
    summary = {
        "lines": len(figures),
        "seconds": round(sum(figure.seconds for figure in figures), 3),
        "first_audio_s": round(statistics.median(f.first_audio_s for f in figures), 3)
        if figures
        else None,
        "rtf": round(statistics.median(f.rtf for f in figures), 3) if figures else None,
    }
    if as_json:
        print(json.dumps(summary))
    elif figures:
        Console(stderr=True).print(
            f"{summary['seconds']:.1f} s of speech, first sound after "
            f"{summary['first_audio_s']:.2f} s, real-time factor {summary['rtf']:.2f}",
            highlight=False,
        )
