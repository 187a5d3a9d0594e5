"""`rtvc-bridge detect`: whether recordings carry the watermark of synthetic sound."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from rtvc_bridge.cli.assembly import fetched
from rtvc_bridge.enrolment import read_clip
from rtvc_bridge.errors import ClipRejectedError
from rtvc_bridge.safety.verdict import Verdict
from rtvc_bridge.stages.assemble import WATERMARK

EXIT_UNREADABLE = 1
EXIT_SYNTHETIC = 4

Files = Annotated[list[Path], typer.Argument(help="Recordings; the first ten minutes count.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def detect(ctx: typer.Context, files: Files, as_json: Json = False) -> None:
    """Say whether recordings carry the watermark; exit code 4 if any does, 1 if one is unreadable.

    All sound that this program makes carries it. Its absence proves nothing: other programs mark
    differently or not at all, and a determined attacker can remove it.
    """
    (weights,) = fetched(ctx.obj, [WATERMARK])
    verdicts = dict(_verdicts(files, weights))
    if as_json:
        print(json.dumps([_row(file, verdict) for file, verdict in verdicts.items()]))
    else:
        for file, verdict in verdicts.items():
            said = "synthetic" if verdict.synthetic else "no watermark"
            print(f"{file}: {said} (score {verdict.score:.2f}, {verdict.seconds:.1f} s)")
    if len(verdicts) < len(set(files)):
        raise typer.Exit(EXIT_UNREADABLE)
    if any(verdict.synthetic for verdict in verdicts.values()):
        raise typer.Exit(EXIT_SYNTHETIC)


def _verdicts(files: Sequence[Path], weights: Path) -> Iterator[tuple[Path, Verdict]]:
    """Yield what is found in each file that can be read; the others are named on stderr."""
    from rtvc_bridge.stages.watermark import load_watermark

    _, detector = load_watermark(weights)
    for file in files:
        try:
            yield file, detector.verdict(read_clip(file).audio)
        except ClipRejectedError as error:
            print(f"rtvc-bridge: {error}", file=sys.stderr)


def _row(file: Path, verdict: Verdict) -> dict[str, object]:
    return {
        "file": str(file),
        "synthetic": verdict.synthetic,
        "score": round(verdict.score, 4),
        "seconds": round(verdict.seconds, 2),
    }
