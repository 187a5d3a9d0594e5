"""`rtvc-bridge enrol`, `voices` and `voice ...`: making voices and looking after them."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from rtvc_bridge.cli import agreeing, refining
from rtvc_bridge.cli.agreeing import Name, Recording, Spoken, agreed
from rtvc_bridge.cli.keeping import keeper
from rtvc_bridge.cli.reach import Local
from rtvc_bridge.client import ConsentView, ReportView, VoiceView
from rtvc_bridge.errors import ClipRejectedError, VoiceNameError
from rtvc_bridge.voices import check_name

app = typer.Typer(help="Look after the voices.", no_args_is_help=True)
app.command()(refining.refine)

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
    spoken: Spoken = False,
    consent_recording: Recording = None,
    refine: Annotated[
        bool, typer.Option("--refine", help="Then work a minute or more on the likeness.")
    ] = False,
    as_json: Json = False,
    local: Local = False,
) -> None:
    """Make a voice from recordings of a consenting speaker."""
    name = check_name(name)
    if refine and not keep_clips:
        raise ClipRejectedError("--refine needs the speech; leave out --no-keep-clips.")
    with keeper(ctx.obj, local=local) as voices:
        if any(voice["name"] == name for voice in voices.voices()):
            raise VoiceNameError(f"There is a voice {name!r} already; choose another name.")
        with agreed(voices, name, consent_by, spoken, consent_recording) as shown:
            made = voices.enrol(name, clips, keep_clips=keep_clips, **shown)
    if as_json:
        print(json.dumps({"id": made["voice"]["id"], "name": name, **made["report"]}))
    else:
        _show_report(made["report"])
        Console().print(f'Enrolled. Try: rtvc-bridge say "Hello!" --voice "{name}"', style="bold")
    if refine:
        refining.refine_kept(ctx.obj, name)


def list_voices(ctx: typer.Context, as_json: Json = False, local: Local = False) -> None:
    """List the enrolled voices."""
    with keeper(ctx.obj, local=local) as voices:
        listed, damaged = voices.voices(), voices.damaged()
    if as_json:
        print(json.dumps({"voices": listed, "damaged": damaged}))
        return
    for file in damaged:
        print(f"rtvc-bridge: damaged: {file['reason']}", file=sys.stderr)
    if not listed:
        print("No voices yet. Make one: rtvc-bridge enrol NAME CLIP ...", file=sys.stderr)
        return
    table = Table(box=None, header_style="bold")
    for heading in ("name", "speaker", "consent", "made", "speech kept", "usable"):
        table.add_column(heading)
    for voice in listed:
        kept = f"{voice['clip_seconds']:.0f} s" if voice["clip_seconds"] else "none"
        consent = voice["consent"]
        row = (voice["name"], consent["by"], consent["level"], voice["created_at"][:10], kept)
        usable = "no" if voice["trouble"] else "yes"
        table.add_row(*(Text(cell) for cell in row), Text(usable))
        if voice["trouble"]:
            print(f"rtvc-bridge: not usable: {voice['trouble']}", file=sys.stderr)
    Console().print(table)


@app.command()
def info(ctx: typer.Context, name: Name, as_json: Json = False, local: Local = False) -> None:
    """Show what is known of a voice, and what its speaker agreed to."""
    with keeper(ctx.obj, local=local) as voices:
        voice = voices.voice(name)
    if as_json:
        print(json.dumps(voice))
        return
    console = Console(highlight=False, soft_wrap=True)
    for key, value in facts(voice):
        console.print(f"[bold]{key:<12}[/bold] ", end="")
        console.print(value, markup=False)


@app.command()
def rename(
    ctx: typer.Context, name: Name, new: Annotated[str, typer.Argument()], local: Local = False
) -> None:
    """Give a voice another name."""
    with keeper(ctx.obj, local=local) as voices:
        voices.rename(name, new)


@app.command()
def delete(
    ctx: typer.Context,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    local: Local = False,
) -> None:
    """Delete a voice and the recordings kept in it, or by its id a damaged file."""
    with keeper(ctx.obj, local=local) as voices:
        if not yes:
            typer.confirm(f"Delete the voice {name!r} for good?", abort=True)
        voices.delete(name)


@app.command()
def export(
    ctx: typer.Context, name: Name, file: Annotated[Path, typer.Argument()], local: Local = False
) -> None:
    """Write a voice to a file of your choice, for another computer."""
    with keeper(ctx.obj, local=local) as voices:
        voices.export(name, file)


@app.command(name="import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A voice file made by `voice export`.")],
    name: Annotated[str | None, typer.Option(help="Another name for it.")] = None,
    local: Local = False,
) -> None:
    """Take in a voice file."""
    with keeper(ctx.obj, local=local) as voices:
        print(voices.import_(file, name)["name"])


app.command()(agreeing.consent)
app.command()(agreeing.grant)
app.command()(agreeing.withdraw)
app.command()(agreeing.revoke)


def facts(voice: VoiceView) -> list[tuple[str, str]]:
    """Return what is known of a voice, in words."""
    consent = voice["consent"]
    kept = f"{voice['clip_seconds']:.0f} s" if voice["clip_seconds"] else "none"
    known = [
        ("name", voice["name"]),
        ("id", voice["id"]),
        ("made", voice["created_at"]),
        ("speech kept", kept),
        ("speaker", consent["by"]),
        ("agreed", _agreement(consent)),
        ("owner", consent["owner"]),
        ("granted to", ", ".join(consent["grants"]) or "nobody else"),
        ("for", ", ".join(consent["uses"]) or "any use"),
        ("until", consent["expires_at"] or "it is revoked"),
    ]
    return [*known, ("trouble", voice["trouble"])] if voice["trouble"] else known


def _agreement(consent: ConsentView) -> str:
    words = f"{consent['given_at']}, {consent['level']}"
    if (spoken := consent["spoken"]) is None:
        return words
    return (
        f"{words}: {spoken['words']:.0%} of the words heard (at least "
        f"{spoken['words_least']:.0%}), likeness {spoken['speaker']:.2f} (at least "
        f"{spoken['speaker_least']:.2f})"
    )


def _show_report(report: ReportView) -> None:
    console = Console()
    console.print(f"{report['speech_s']:.1f} s of speech", highlight=False)
    for finding in report["findings"]:
        severity = finding["severity"]
        colour = {"warn": "yellow", "note": "dim"}.get(severity, "red")
        console.print(f"[{colour}]{severity}[/{colour}] {escape(finding['message'])}")
