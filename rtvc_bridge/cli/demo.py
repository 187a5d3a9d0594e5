"""`rtvc-bridge demo`: hear the whole thing once, with nothing prepared."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.cli import output
from rtvc_bridge.cli.assembly import fetched, opened_engine
from rtvc_bridge.cli.speak import spoken_line
from rtvc_bridge.config import Settings
from rtvc_bridge.enrolment import Clip, read_clip
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.safety.consent import attested

RECORDING = "demo-speech"
NAME = "demo"
REFERENCE_S = 12.0
READER = "the reader of a public-domain novel, recorded for Moonshine Voice (MIT)"
LINE = "Hello! You are hearing a cloned voice. It was made from a few seconds of somebody's speech."


def demo(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="What to say.")] = LINE,
    out: Annotated[Path, typer.Option(help="Where the sound is written.")] = Path("demo.wav"),
    play: Annotated[bool, typer.Option("--play", help="Play it too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
) -> None:
    """Speak in the voice of a recording, and say how alike and how fast it was."""
    settings: Settings = ctx.obj
    recording = read_clip(fetched(settings, [RECORDING])[0]).audio
    reference = Clip.of(first_seconds(recording, REFERENCE_S))
    with (
        opened_engine(settings) as engine,
        output.opened(out, play=play, voice=NAME) as sinks,
    ):
        consent = attested(READER)
        enrolment = engine.enrol([reference], name=NAME, consent=consent, keep_clips=False)
        heard = output.Kept()
        delivery = Delivery()
        spoken_line(engine, "Warming up.", enrolment.voice, delivery, [])
        figures = spoken_line(engine, text, enrolment.voice, delivery, [*sinks, heard])
        similarity = float(enrolment.voice.embedding @ engine.embed(joined(heard.pieces)))
    facts = {
        "out": str(out),
        "seconds": round(figures.seconds, 2),
        "similarity": round(similarity, 3),
        "first_audio_s": round(figures.first_audio_s, 3),
        "rtf": round(figures.rtf, 3),
    }
    if as_json:
        print(json.dumps(facts))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{out}[/bold]: {facts['seconds']} s of speech in the recording's voice")
    console.print(
        f"similarity      {similarity:.2f}  (GE2E cosine with the recording; 1 is the same)"
    )
    console.print(f"first sound     {figures.first_audio_s:.2f} s after asking")
    console.print(f"real-time factor {figures.rtf:.2f} (below 1 is faster than it is heard)")
    if not play:
        console.print("Add --play to hear it here.")


def first_seconds(audio: Audio, seconds: float) -> Audio:
    """Return the beginning of `audio`."""
    return Audio(audio.samples[: round(seconds * audio.rate_hz)], audio.rate_hz)
