"""`rtvc-bridge panic` and `lift`: silence everything at once, and go on."""

import json
from typing import Annotated

import typer

from rtvc_bridge.cli.queue import WHY, lines_of
from rtvc_bridge.cli.reach import needed

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def panic(as_json: Json = False) -> None:
    """Silence everything at once, and have nothing more said until `lift`."""
    with needed(" (what `say` says in another terminal is stopped there: Ctrl-C)") as daemon:
        cancelled = daemon.halt()
    words = f"Silenced {lines_of(cancelled)}. Speech goes on after: rtvc-bridge lift"
    print(json.dumps({"cancelled": cancelled}) if as_json else words)


def lift(as_json: Json = False) -> None:
    """Have lines said again after `panic`."""
    with needed(WHY) as daemon:
        daemon.lift()
    print(json.dumps({"halted": False}) if as_json else "Speech goes on.")
