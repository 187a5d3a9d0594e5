"""`rtvc-bridge audit ...`: who made which voice say how much, and whether that record is whole."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rtvc_bridge import paths
from rtvc_bridge.safety.audit.book import Book
from rtvc_bridge.safety.audit.chain import Verdict
from rtvc_bridge.safety.audit.entry import Row
from rtvc_bridge.safety.audit.log import FILE
from rtvc_bridge.safety.keys import KEY_FILE, Key

EXIT_BROKEN = 1

app = typer.Typer(help="See who made which voice say how much.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
WithText = Annotated[
    bool, typer.Option("--text", help="With what was said, where [audit] text = true kept it.")
]


@app.command()
def show(
    last: Annotated[int, typer.Option(min=1, help="Only so many rows, the newest.")] = 50,
    voice: Annotated[
        str | None, typer.Option(help="Only this voice.", show_default="every voice")
    ] = None,
    user: Annotated[
        str | None, typer.Option(help="Only this user.", show_default="every user")
    ] = None,
    text: WithText = False,
    as_json: Json = False,
) -> None:
    """Show what happened, oldest first."""
    book = _book()
    rows = list(book.rows(last=last, voice=voice, user=user))
    if as_json:
        print(json.dumps([book.facts(row, text=text) for row in rows]))
    elif rows:
        Console().print(_table(book, rows, text=text))
    else:
        print("Nothing of that is in the audit.")


@app.command()
def verify(as_json: Json = False) -> None:
    """Check that every row is as it was written; exit code 1 names the first that is not.

    It cannot notice a whole older copy put back, nor what whoever holds the installation's key
    wrote anew.
    """
    verdict = _book().verify()
    fault = verdict.fault
    if as_json:
        print(json.dumps(_facts(verdict)))
    elif fault is None:
        print(f"Whole: {_range(verdict)}.")
    else:
        where = f"row {fault.number}" if fault.number else "its beginning"
        words = f"broken at {where} ({fault.how}). {fault.words} Sound before it: "
        print(f"rtvc-bridge: The audit is {words}{_range(verdict)}.", file=sys.stderr)
    if fault is not None:
        raise typer.Exit(EXIT_BROKEN)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="A new file: .jsonl or .csv.")],
    text: WithText = False,
) -> None:
    """Write every row to a file."""
    count = _book().export(file, text=text)
    print(f"Rows written to {file}: {count}.", file=sys.stderr)


@app.command()
def prune(
    before: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Delete the rows from before this day.")
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete the oldest rows for good; the rest still verifies."""
    if not yes:
        typer.confirm(f"Delete all rows from before {before:%Y-%m-%d} (UTC) for good?", abort=True)
    count = _book().prune(before.replace(tzinfo=UTC), who=frozenset({"here"}))
    print(f"Rows deleted: {count}.", file=sys.stderr)


def _book() -> Book:
    folder = paths.data_dir()
    return Book(folder / FILE, Key.opened(folder / KEY_FILE))


def _range(verdict: Verdict) -> str:
    if not verdict.rows:
        return "no rows"
    if verdict.rows == 1:
        return f"row {verdict.first}"
    return f"{verdict.rows} rows, {verdict.first} to {verdict.last}"


def _facts(verdict: Verdict) -> dict[str, object]:
    fault = verdict.fault
    return {
        "whole": fault is None,
        "rows": verdict.rows,
        "first": verdict.first,
        "last": verdict.last,
        "fault": fault and {"row": fault.number, "how": fault.how, "words": fault.words},
    }


def _table(book: Book, rows: list[Row], *, text: bool) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("row", "UTC", "what", "who", "lane", "voice", "chars", "s", "outcome"):
        table.add_column(heading, no_wrap=heading != "who")
    table.add_column("text" if text else "reason")
    for row in rows:
        sound = f"{row.sound_ms / 1000:.1f}" if row.sound_ms else ""
        end = book.text(row) if text else row.reason
        cells = [str(row.number), row.at[:19].replace("T", " "), row.kind, " ".join(row.who)]
        cells += [row.lane, row.voice, str(row.characters or ""), sound, row.outcome, end]
        table.add_row(*(Text(cell) for cell in cells))
    return table
