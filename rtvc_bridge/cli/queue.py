"""`rtvc-bridge queue ...`: what the daemon is saying and will say."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rtvc_bridge.cli.reach import needed
from rtvc_bridge.client import UtteranceView
from rtvc_bridge.errors import HALTED

app = typer.Typer(help="Look at the daemon's queue and steer it.", no_args_is_help=True)

WHY = ", so nothing is queued"
EVERY_LANE = "every lane"

Lane = Annotated[str | None, typer.Option(help="Only this lane.", show_default=EVERY_LANE)]
User = Annotated[str | None, typer.Option(help="Only this user.", show_default="every user")]
Number = Annotated[int, typer.Argument(help="Number of the line, as `queue show` gives it.")]
Held = Annotated[int, typer.Argument(help="Number of the line, as `queue held` gives it.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def show(lane: Lane = None, user: User = None, as_json: Json = False) -> None:
    """Show what is heard now, then what waits; each oldest first."""
    with needed(WHY) as daemon:
        status = daemon.status()
    lines = [
        line
        for line in status["queue"]
        if lane in (None, line["lane"]) and user in (None, line["user"])
    ]
    if as_json:
        facts = {key: status[key] for key in ("paused", "halted", "held")}
        print(json.dumps({"queue": lines, **facts}))
        return
    if status["halted"]:
        print(HALTED)
    if status["held"]:
        print(f"{lines_of(status['held'])} held for a moderator. See: rtvc-bridge queue held")
    if status["paused"]:
        print(f"Paused: {named(status['paused'])}.")
    if lines:
        Console().print(_table(lines))
    else:
        print("Nothing is being said and nothing waits.")


@app.command()
def skip(lane: Lane = None, user: User = None, as_json: Json = False) -> None:
    """Silence what is heard now; what waits goes on."""
    with needed(WHY) as daemon:
        skipped = daemon.skip(lane, user)
    _tell({"cancelled": skipped}, f"Skipped {lines_of(skipped)}.", as_json=as_json)


@app.command()
def clear(lane: Lane = None, user: User = None, as_json: Json = False) -> None:
    """Cancel what waits; what is heard now goes on."""
    with needed(WHY) as daemon:
        cancelled = daemon.clear(lane, user)
    _tell({"cancelled": cancelled}, f"Cancelled {lines_of(cancelled)}.", as_json=as_json)


@app.command()
def pause(lane: Lane = None, as_json: Json = False) -> None:
    """Let nothing new begin until `resume`; what is heard now goes on."""
    with needed(WHY) as daemon:
        daemon.pause(lane)
        paused = daemon.status()["paused"]
    _tell({"paused": paused}, f"Paused: {named(paused)}.", as_json=as_json)


@app.command()
def resume(lane: Lane = None, as_json: Json = False) -> None:
    """End a pause; without --lane, every pause."""
    with needed(WHY) as daemon:
        daemon.resume(lane)
        paused = daemon.status()["paused"]
    words = f"Still paused: {named(paused)}." if paused else "Nothing is paused."
    _tell({"paused": paused}, words, as_json=as_json)


@app.command()
def replay(
    number: Number,
    lane: Annotated[
        str | None, typer.Option(help="Play it here.", show_default="where it was said")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say a line again."""
    with needed(WHY) as daemon:
        line = daemon.replay(number, lane)
    _tell(line, f"Queued again as line {line['id']}.", as_json=as_json)


@app.command()
def move(
    number: Number,
    before: Annotated[
        int | None,
        typer.Option(help="Line of the same lane and user.", show_default="last of them"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Put a line that waits right before another."""
    with needed(WHY) as daemon:
        daemon.move(number, before)
    where = "goes last" if before is None else f"goes before line {before}"
    _tell({"moved": number, "before": before}, f"Line {number} {where}.", as_json=as_json)


@app.command()
def cancel(number: Number, as_json: Json = False) -> None:
    """Silence one line, or take it out of the queue."""
    with needed(WHY) as daemon:
        daemon.cancel(number)
    _tell({"cancelled": 1}, f"Cancelled line {number}.", as_json=as_json)


@app.command()
def held(as_json: Json = False) -> None:
    """Show the lines that a moderator has to approve first, oldest first."""
    with needed(WHY) as daemon:
        lines = daemon.held()
    if as_json:
        print(json.dumps({"held": lines}))
    elif lines:
        Console().print(_table(lines))
    else:
        print("Nothing waits for a moderator.")


@app.command()
def approve(number: Held, as_json: Json = False) -> None:
    """Let a held line be spoken."""
    with needed(WHY) as daemon:
        daemon.approve(number)
    _tell({"approved": number}, f"Approved line {number}.", as_json=as_json)


@app.command()
def deny(
    number: Held,
    reason: Annotated[str, typer.Option(help="Told to whoever asked for the line.")] = "",
    as_json: Json = False,
) -> None:
    """End a held line unsaid."""
    with needed(WHY) as daemon:
        daemon.deny(number, reason)
    _tell({"denied": number}, f"Denied line {number}.", as_json=as_json)


def named(lanes: list[str | None]) -> str:
    """Return lanes in words; None is every lane."""
    return ", ".join(EVERY_LANE if lane is None else lane for lane in lanes)


def _tell(facts: object, words: str, *, as_json: bool) -> None:
    print(json.dumps(facts) if as_json else words)


def lines_of(count: int) -> str:
    """Return how many lines, in words."""
    return f"{count} line" if count == 1 else f"{count} lines"


def _table(lines: list[UtteranceView]) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("line", "lane", "user", "voice", "state"):
        table.add_column(heading, no_wrap=True)
    table.add_column("text", no_wrap=True, overflow="ellipsis")
    for line in lines:
        row = (str(line["id"]), line["lane"], line["user"], line["voice"], line["state"])
        table.add_row(*(Text(cell) for cell in row), Text(line["text"]))
    return table
