"""`rtvc-bridge status`, `stop` and `reload`: the daemon itself."""

import json
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rtvc_bridge import paths
from rtvc_bridge.cli.queue import lines_of, named
from rtvc_bridge.cli.reach import needed
from rtvc_bridge.client import AdapterView, LatencyView, StatusView
from rtvc_bridge.client.finding import found
from rtvc_bridge.errors import HALTED, DaemonError

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

STOP_S = 10.0
_LOOK_S = 0.05


def status(as_json: Json = False) -> None:
    """Say what runs: adapters, lanes, queue and latency; exit code 1 if no daemon does."""
    with needed("") as daemon:
        seen, url = daemon.status(), daemon.url
    if as_json:
        print(json.dumps({"url": url, **seen}))
        return
    console = Console(highlight=False, soft_wrap=True)
    for name, value in _facts(seen, url):
        console.print(f"[bold]{name:<10}[/bold] ", end="")
        console.print(value, markup=False)
    console.print(_adapters(seen["adapters"]))
    if seen["latency"]:
        console.print(_latency(seen["latency"]))


def stop() -> None:
    """End the daemon once what is being said has been said, or after a moment."""
    with needed("") as daemon:
        daemon.stop()
    until = time.monotonic() + STOP_S
    while found(paths.state_dir(), wait_s=0) is not None:
        if time.monotonic() > until:
            raise DaemonError(f"The daemon was asked to stop and still runs after {STOP_S:.0f} s.")
        time.sleep(_LOOK_S)
    print("Stopped.")


def reload(as_json: Json = False) -> None:
    """Make the daemon read its settings again, and say what came into force."""
    with needed("") as daemon:
        done = daemon.reload()
    if as_json:
        print(json.dumps(done))
        return
    if done["applied"]:
        print(f"In force now: {', '.join(done['applied'])}.")
    if done["refused"]:
        print(f"In force once the daemon is started again: {', '.join(done['refused'])}.")
    if not (done["applied"] or done["refused"]):
        print("Nothing has changed.")


def _facts(seen: StatusView, url: str) -> list[tuple[str, str]]:
    heard = sum(line["state"] == "speaking" for line in seen["queue"])
    since = seen["started_at"][:19].replace("T", " ")
    facts = [
        ("daemon", f"{seen['version']}, pid {seen['pid']}, since {since} UTC"),
        ("address", url),
        ("pipeline", f"{seen['pipeline']}, {'ready' if seen['ready'] else 'not ready'}"),
        ("lanes", ", ".join(seen["players"]) or "none has a player"),
        ("queue", f"{heard} being said, {len(seen['queue']) - heard} waiting"),
    ]
    if seen["held"]:
        facts.append(("held", f"{lines_of(seen['held'])}; see: rtvc-bridge queue held"))
    if seen["halted"]:
        facts.append(("stopped", HALTED))
    if seen["paused"]:
        facts.append(("paused", named(seen["paused"])))
    return facts


def _adapters(adapters: list[AdapterView]) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("adapter", "state", "restarts", "reason"):
        table.add_column(heading)
    for each in adapters:
        row = (each["name"], each["state"], str(each["restarts"]), each["reason"] or "")
        table.add_row(*(Text(cell) for cell in row))
    return table


def _latency(latency: dict[str, LatencyView]) -> Table:
    table = Table(box=None, header_style="bold")
    headings = ("first sound made after", "p95", "delivered after", "p95")
    for heading in ("lane", "lines", *headings):
        table.add_column(heading, justify="left" if heading == "lane" else "right")
    for lane, times in latency.items():
        figures = (
            times["first_audio_p50_s"],
            times["first_audio_p95_s"],
            times["first_delivered_p50_s"],
            times["first_delivered_p95_s"],
        )
        cells = ("-" if each is None else f"{1000 * each:.0f} ms" for each in figures)
        table.add_row(Text(lane), str(times["count"]), *cells)
    return table
