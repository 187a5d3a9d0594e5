"""`rtvc-bridge enrol`, `voices` and `voice ...`: making voices and looking after them."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from rtvc_bridge.cli.assembly import opened_engine, voice_store
from rtvc_bridge.cli.consent import asked
from rtvc_bridge.enrolment import Report, read_clip
from rtvc_bridge.errors import VoiceNameError
from rtvc_bridge.voices import check_name

app = typer.Typer(help="Look after the voices.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the voice.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def enrol(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What the voice will be called.")],
    clips: Annotated[list[Path], typer.Argument(help="Recordings of one speaker: 5 s or more.")],
    consent_by: Annotated[
        str | None, typer.Option(help="The speaker, who agreed to be cloned; asked when left out.")
    ] = None,
    keep_clips: Annotated[
        bool,
        typer.Option(
            "--keep-clips/--no-keep-clips",
            help="Keep the speech in the voice file, so that better versions can enrol it again.",
        ),
    ] = True,
    as_json: Json = False,
) -> None:
    """Make a voice from recordings of a consenting speaker."""
    store = voice_store(ctx.obj)
    name = check_name(name)
    if name in store.names():
        raise VoiceNameError(f"There is a voice {name!r} already; choose another name.")
    consent = asked(consent_by)
    heard = [read_clip(path) for path in clips]
    with opened_engine(ctx.obj) as engine:
        enrolment = engine.enrol(heard, name=name, consent=consent, keep_clips=keep_clips)
    store.add(enrolment.voice)
    if as_json:
        print(json.dumps({"id": enrolment.voice.id, "name": name, **asdict(enrolment.report)}))
    else:
        _show_report(enrolment.report)
        Console().print(f'Enrolled. Try: rtvc-bridge say "Hello!" --voice "{name}"', style="bold")


def list_voices(ctx: typer.Context, as_json: Json = False) -> None:
    """List the enrolled voices."""
    listing = voice_store(ctx.obj).listing()
    if as_json:
        print(json.dumps(asdict(listing), default=str))
        return
    for file in listing.damaged:
        print(f"rtvc-bridge: damaged: {file.reason}", file=sys.stderr)
    if not listing.voices:
        print("No voices yet. Make one: rtvc-bridge enrol NAME CLIP ...", file=sys.stderr)
        return
    table = Table(box=None, header_style="bold")
    for heading in ("name", "speaker", "consent", "made", "speech kept"):
        table.add_column(heading)
    for voice in listing.voices:
        kept = f"{sum(voice.clip_seconds):.0f} s" if voice.clip_seconds else "none"
        row = (voice.name, voice.consent.by, voice.consent.level, voice.created_at[:10], kept)
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


@app.command()
def show(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    """Show what is known of a voice."""
    voice = voice_store(ctx.obj).get(name)
    facts = {
        "id": voice.id,
        "name": voice.name,
        "created_at": voice.created_at,
        "consent": asdict(voice.consent),
        "pipelines": sorted(voice.tensors),
        "clips": len(voice.clips),
        "clip_bytes": sum(len(clip) for clip in voice.clips),
    }
    if as_json:
        print(json.dumps(facts))
        return
    for key, value in facts.items():
        Console().print(f"{key}: {value}", highlight=False, markup=False)


@app.command()
def rename(ctx: typer.Context, name: Name, new: Annotated[str, typer.Argument()]) -> None:
    """Give a voice another name."""
    voice_store(ctx.obj).rename(name, new)


@app.command()
def delete(
    ctx: typer.Context,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a voice and the recordings kept in it."""
    store = voice_store(ctx.obj)
    store.get(name)
    if not yes:
        typer.confirm(f"Delete the voice {name!r} for good?", abort=True)
    store.delete(name)


@app.command()
def export(ctx: typer.Context, name: Name, file: Annotated[Path, typer.Argument()]) -> None:
    """Write a voice to a file of your choice, for another computer."""
    voice_store(ctx.obj).export(name, file)


@app.command(name="import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A voice file made by `voice export`.")],
    name: Annotated[str | None, typer.Option(help="Another name for it.")] = None,
) -> None:
    """Take in a voice file."""
    voice = voice_store(ctx.obj).import_(file, name=name)
    print(voice.name)


def _show_report(report: Report) -> None:
    console = Console()
    console.print(f"{report.speech_s:.1f} s of speech", highlight=False)
    for finding in report.findings:
        colour = {"warn": "yellow", "note": "dim"}.get(finding.severity, "red")
        console.print(f"[{colour}]{finding.severity}[/{colour}] {escape(finding.message)}")
