"""`rtvc-bridge models`: the weights on this computer."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rtvc_bridge.cli.assembly import fetched, library
from rtvc_bridge.errors import ModelError
from rtvc_bridge.stages.cache import State

app = typer.Typer(help="Fetch and check the weights.", no_args_is_help=True)

NEEDED = ("runtime", "demo")

Names = Annotated[
    list[str] | None, typer.Argument(help="Artifacts; those that speaking needs when left out.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(name="list")
def list_models(ctx: typer.Context, as_json: Json = False) -> None:
    """List what the manifest names, and what of it is on this computer."""
    weights = library(ctx.obj)
    rows = [
        {
            "name": artifact.name,
            "state": str(weights.state(artifact.name)),
            "role": artifact.role,
            "mb": round(artifact.bytes / 1e6, 1),
            "licence": artifact.licence,
            "purpose": artifact.purpose,
        }
        for artifact in weights.manifest.artifacts
    ]
    if as_json:
        print(json.dumps(rows))
        return
    table = Table(box=None, header_style="bold")
    for heading in rows[0]:
        table.add_column(heading)
    for row in rows:
        table.add_row(*(str(value or "") for value in row.values()))
    Console().print(table)


@app.command()
def pull(ctx: typer.Context, names: Names = None) -> None:
    """Fetch weights, verify them by hash and make them ready; nothing to do is fine."""
    for path in fetched(ctx.obj, names or _needed(ctx)):
        print(path)


@app.command()
def verify(ctx: typer.Context, names: Names = None) -> None:
    """Read every byte of the weights on this computer and compare the hashes."""
    weights = library(ctx.obj)
    states = {name: weights.verify(name) for name in names or _needed(ctx)}
    for name, state in states.items():
        print(f"{name}: {state}")
    wrong = [name for name, state in states.items() if state is not State.PRESENT]
    if wrong:
        raise ModelError(f"Run: rtvc-bridge models pull {' '.join(wrong)}")


def _needed(ctx: typer.Context) -> list[str]:
    artifacts = library(ctx.obj).manifest.artifacts
    return [artifact.name for artifact in artifacts if artifact.role in NEEDED]
