"""`rtvc-bridge say`: text in, cloned speech out."""

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from rtvc_bridge.cli import output
from rtvc_bridge.cli.assembly import opened_engine, voice_store
from rtvc_bridge.cli.consent import asked
from rtvc_bridge.cli.reach import Local, needed, reached
from rtvc_bridge.client import Client, UtteranceView
from rtvc_bridge.config import Settings
from rtvc_bridge.engine import Engine, State
from rtvc_bridge.enrolment import read_clip
from rtvc_bridge.errors import ConsentError, TextRejectedError, WorkerError
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.safety.consent import SPOKEN
from rtvc_bridge.voices import Voice

LANE = "cli"
READ_ALOUD = (
    "Here a speaker agrees by reading a sentence aloud, and that is done when a voice is made: "
    "rtvc-bridge enrol NAME CLIP --spoken"
)
UNSEEN = "Say it through the daemon, which holds it until then: rtvc-bridge run"

R = TypeVar("R")

Lane = Annotated[
    str | None,
    typer.Option(help='Queue it in this lane of the daemon, as "speaker", and return at once.'),
]
Speed = Annotated[float, typer.Option(help="Pace, from 0.5 to 2; 1 is the voice's own.")]
Pitch = Annotated[float, typer.Option(help="Higher or lower, in semitones from -12 to 12.")]
Expression = Annotated[
    float, typer.Option(help="Liveliness, from 0 (monotone) to 2; 1 is the voice's own.")
]


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


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be said and how, checked for what does not go together."""

    voice: str | None
    like: list[Path]
    consent_by: str | None
    out: Path | None
    play: bool
    lane: str | None
    delivery: Delivery
    as_json: bool
    local: bool

    def check(self) -> None:
        """Pass if the options go together.

        Raises:
            typer.BadParameter: If they do not.
        """
        if (self.voice is None) == (not self.like):
            raise typer.BadParameter(
                "give either --voice NAME or --like CLIP", param_hint="--voice"
            )
        if self.as_json and str(self.out) == "-":
            raise typer.BadParameter("standard output takes the sound", param_hint="--json")
        if self.lane is not None and (self.like or self.out or self.play or self.local):
            raise typer.BadParameter(
                "a lane of the daemon goes with --voice, and not with --out, --play or --local",
                param_hint="--lane",
            )


def say(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="What to say; - reads lines from standard input.")],
    voice: Annotated[str | None, typer.Option(help="Name of an enrolled voice.")] = None,
    like: Annotated[
        list[Path] | None,
        typer.Option(help="Speak like this recording, without keeping a voice; never by a daemon."),
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
    lane: Lane = None,
    speed: Speed = 1.0,
    pitch: Pitch = 0.0,
    expression: Expression = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
    local: Local = False,
) -> None:
    """Say TEXT in a cloned voice; it is played unless --out or --lane is given."""
    try:
        delivery = Delivery(speed, pitch, expression)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    order = Order(voice, like or [], consent_by, out, play, lane, delivery, as_json, local)
    order.check()
    lines = typed_lines() if text == "-" else [text]
    if lane is not None:
        queue(lines, order, lane)
        return
    with reached(local=local or bool(like)) as daemon:
        if daemon is None:
            say_here(ctx.obj, lines, order)
        else:
            say_there(daemon, lines, order)


def say_here(settings: Settings, lines: Iterable[str], order: Order) -> None:
    """Say the lines in this process."""
    known = voice_store(settings).get(order.voice) if order.voice else None
    if order.like and settings.consent.here == SPOKEN:
        raise ConsentError(READ_ALOUD)
    clips = [read_clip(path) for path in order.like]
    consent = asked(order.consent_by) if clips else None
    name = known.name if known else ""
    with (
        opened_engine(settings) as engine,
        output.opened(order.out, play=order.play, voice=name) as sinks,
    ):
        if consent is not None:
            known = engine.enrol(clips, name="unnamed", consent=consent, keep_clips=False).voice
            voice_store(settings).check_not_revoked(known)
        assert known is not None
        voice = known
        say_line = partial(spoken_line, engine, voice=voice, delivery=order.delivery, sinks=sinks)
        figures = list(in_turn(lines, say_line))
    report(figures, as_json=order.as_json)


def say_there(daemon: Client, lines: Iterable[str], order: Order) -> None:
    """Have the daemon say the lines, and take their sound."""
    assert order.voice is not None
    known = daemon.voice(order.voice)
    with output.opened(order.out, play=order.play, voice=known["name"]) as sinks:
        delivery = asdict(order.delivery)
        say_line = partial(streamed_line, daemon, voice=known["id"], delivery=delivery, sinks=sinks)
        figures = list(in_turn(lines, say_line))
    played = order.play or order.out is None
    report(figures, as_json=order.as_json, timed=not played)


def queue(lines: Iterable[str], order: Order, lane: str) -> None:
    """Have the daemon say the lines in one of its lanes."""
    assert order.voice is not None
    delivery = asdict(order.delivery)
    with needed(", so nothing plays that lane") as daemon:
        say_line = partial(daemon.say, voice=order.voice, lane=lane, **delivery)
        for line in in_turn(lines, say_line):
            _tell_queued(line, as_json=order.as_json)


def _tell_queued(line: UtteranceView, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(line))
    elif line["state"] == State.HELD:
        words = f"Line {line['id']} waits for a moderator: rtvc-bridge queue approve {line['id']}"
        print(words, file=sys.stderr)
    else:
        print(f"Queued in lane {line['lane']!r} as line {line['id']}.", file=sys.stderr)


def typed_lines() -> Iterator[str]:
    """Yield the lines of standard input as they come; bytes that are not text become U+FFFD."""
    for line in sys.stdin.buffer:
        yield line.decode(errors="replace")


def in_turn(lines: Iterable[str], act: Callable[[str], R]) -> Iterator[R]:
    """Yield what `act` returns for each line, in order.

    Of several lines, one that cannot be said is reported and passed over.

    Raises:
        TextRejectedError: If the only line cannot be said.
    """
    for line in lines:
        try:
            yield act(line)
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
    if utterance.status.state is State.HELD:  # nobody else can see it in this process
        reason = utterance.status.reason
        utterance.cancel()
        raise TextRejectedError(f"{reason} {UNSEEN}")
    seconds = 0.0
    for audio in utterance:
        seconds += audio.seconds
        for sink in sinks:
            sink.write(audio)
    status = utterance.status
    if status.failure is not None:
        raise status.failure
    if status.state is not State.DONE:
        raise WorkerError(f"The line was not finished: {status.state}.")
    made_s = (status.ended_at or 0.0) - status.queued_at
    return Spoken(seconds, (status.first_audio_at or 0.0) - status.queued_at, made_s)


def streamed_line(
    daemon: Client,
    line: str,
    voice: str,
    delivery: Mapping[str, float],
    sinks: Sequence[output.Sink],
) -> Spoken:
    """Have the daemon say one line into every sink, and return its figures as seen from here."""
    asked_at = time.monotonic()
    first_s = made_s = seconds = 0.0
    with closing(daemon.speech(line, voice=voice, **delivery)) as pieces:
        for audio in pieces:
            made_s = time.monotonic() - asked_at
            first_s = first_s or made_s
            seconds += audio.seconds
            for sink in sinks:
                sink.write(audio)
    return Spoken(seconds, first_s, made_s)


def report(figures: Sequence[Spoken], *, as_json: bool, timed: bool = True) -> None:
    """Print what was spoken and how fast: JSON to stdout, or one line to stderr.

    Args:
        figures: Of each line.
        as_json: Which of the two.
        timed: Whether it is known how long making took; not if playing held it up.
    """
    seconds = round(sum(figure.seconds for figure in figures), 3)
    first_s = statistics.median(each.first_audio_s for each in figures) if figures else None
    rtf = statistics.median(each.rtf for each in figures) if figures and timed else None
    if as_json:
        summary = {
            "lines": len(figures),
            "seconds": seconds,
            "first_audio_s": None if first_s is None else round(first_s, 3),
            "rtf": None if rtf is None else round(rtf, 3),
        }
        print(json.dumps(summary))
    elif first_s is not None:
        words = f"{seconds:.1f} s of speech, first sound after {first_s:.2f} s"
        factor = "" if rtf is None else f", real-time factor {rtf:.2f}"
        Console(stderr=True).print(words + factor, highlight=False)
