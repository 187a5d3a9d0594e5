"""`rtvc-bridge service`: the daemon started at sign-in."""

import json
import shlex
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from rtvc_bridge import config, paths, service
from rtvc_bridge.paths import ADDRESS_FILE
from rtvc_bridge.service import Outcome, Presence, Program

app = typer.Typer(help="Start the daemon whenever you sign in.", no_args_is_help=True)

EXIT_LEFT = 3
_CLOCK_S = 2.0  # the address tells whole seconds
_STATES = {
    Presence.ABSENT: "not installed; install it: rtvc-bridge service install",
    Presence.CURRENT: "installed",
    Presence.OUTDATED: "installed for other paths or settings; renew: rtvc-bridge service install",
    Presence.FOREIGN: "not ours: something else wrote it, and it is left alone",
}


@app.command()
def install(ctx: typer.Context) -> None:
    """Start the daemon now and at every sign-in, with the --config given to rtvc-bridge."""
    config.load_or_default(ctx.obj, paths.config_file())
    manager = service.manager(Program.daemon(ctx.obj))
    outcome = service.install(manager)
    print(f"{manager.name}: {manager.file} {_written(outcome.before)}")
    if outcome.left:
        _by_hand(outcome, "It is not started")
        raise typer.Exit(EXIT_LEFT)
    print("It is started, and will be at every sign-in.")


@app.command()
def uninstall(ctx: typer.Context) -> None:
    """Stop that and remove what `install` wrote."""
    manager = service.manager(Program.daemon(ctx.obj))
    outcome = service.uninstall(manager)
    if outcome.before is Presence.ABSENT:
        print(f"{manager.name}: nothing is installed.")
        return
    print(f"{manager.name}: {manager.file} is removed.")
    if outcome.left:
        _by_hand(outcome, "The system was not told")
    if (pid := _running(paths.state_dir())) is not None:
        print(f"A daemon still runs (pid {pid}). Stop it: rtvc-bridge stop")


@app.command()
def status(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say whether the service is installed and whether a daemon runs."""
    manager = service.manager(Program.daemon(ctx.obj))
    found, pid = service.presence(manager), _running(paths.state_dir())
    if as_json:
        print(json.dumps({"file": str(manager.file), "installed": found, "pid": pid}))
        return
    print(f"{manager.name}: {_STATES[found]} ({manager.file})")
    print("daemon: not running" if pid is None else f"daemon: running, pid {pid}")


def _written(before: Presence) -> str:
    if before is Presence.CURRENT:
        return "was there already."
    return "is replaced." if before is Presence.OUTDATED else "is written."


def _by_hand(outcome: Outcome, what: str) -> None:
    print(f"{what}: {outcome.reason}")
    print("Run by hand:")
    for command in outcome.left:
        print(f"  {shlex.join(command)}")


def _running(folder: Path) -> int | None:
    """Return the pid of the daemon whose address lies in `folder`, if it is alive."""
    import psutil

    try:
        address = json.loads((folder / ADDRESS_FILE).read_text(encoding="utf-8"))
        started_at = datetime.fromisoformat(address["started_at"]).timestamp()
        process = psutil.Process(address["pid"])
        # A process of that number made later is another one: the daemon was killed.
        alive = process.is_running() and process.create_time() <= started_at + _CLOCK_S
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return process.pid if alive else None
