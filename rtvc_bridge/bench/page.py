"""A page to listen to and look at: players of every voice, its figures and a plot of them."""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import soundfile

from rtvc_bridge.bench.similarity import COLUMNS, KINDS, Sample

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 2rem; width: 100% }
th, td { border-bottom: 1px solid #8884; padding: .3rem .6rem; text-align: right }
th:first-child, td:first-child { text-align: left }
audio { height: 2rem; width: 14rem }
img { max-width: 100% }
"""
HEADINGS = {
    "ge2e": "GE2E",
    "second": "second encoder",
    "distilmos": "DistilMOS",
    "dnsmos": "DNSMOS",
    "wer": "word errors",
    "f0_error_semitones": "F0 error, semitones",
    "pace_ratio": "pace / speaker's",
    "enrol_s": "enrolment, s",
}
NOTE = (
    "GE2E and DistilMOS are listened to while a voice is refined, so they flatter it; the second "
    "encoder and DNSMOS are not. Similarities are cosines to clips that were not enrolled."
)


def write_page(samples: Sequence[Sample], folder: Path) -> Path:
    """Write index.html, the plot and the sounds into `folder`; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    for sample in samples:
        soundfile.write(folder / _file(sample), sample.sound.samples, sample.sound.rate_hz)
    _plot(samples, folder / "similarity.svg")
    names = sorted({sample.row.speaker for sample in samples})
    tables = "\n".join(
        _table(name, [each for each in samples if each.row.speaker == name]) for name in names
    )
    page = folder / "index.html"
    page.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Similarity</title>'
        f"<style>{STYLE}</style><h1>How much the clones sound like their speakers</h1>"
        f'<p>{NOTE}</p><img src="similarity.svg" alt="Similarity of each speaker\'s voices">'
        f"{tables}</html>\n",
        encoding="utf-8",
    )
    return page


def _table(speaker: str, samples: Sequence[Sample]) -> str:
    heads = "".join(f"<th>{HEADINGS[column]}</th>" for column in COLUMNS)
    rows = "".join(_row(sample) for sample in samples)
    return (
        f"<h2>{html.escape(speaker)}</h2><table><tr><th>voice</th>{heads}<th>listen</th></tr>"
        f"{rows}</table>"
    )


def _row(sample: Sample) -> str:
    cells = "".join(f"<td>{_shown(getattr(sample.row, column))}</td>" for column in COLUMNS)
    source = html.escape(_file(sample), quote=True)
    player = f'<audio controls preload="none" src="{source}"></audio>'
    return f"<tr><td>{sample.row.kind}</td>{cells}<td>{player}</td></tr>"


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _file(sample: Sample) -> str:
    plain = "".join(c if c.isalnum() else "-" for c in sample.row.speaker)
    return f"{plain}-{sample.row.kind}.wav"


def _plot(samples: Sequence[Sample], path: Path) -> None:
    """Draw both encoders' similarities, a group of bars for each speaker."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    axes: Any = figure.subplots(2, 1, sharex=True)
    names = sorted({sample.row.speaker for sample in samples})
    width = 0.8 / len(KINDS)
    for axis, column in zip(axes, ("ge2e", "second"), strict=True):
        for place, kind in enumerate(KINDS):
            rows = {each.row.speaker: each.row for each in samples if each.row.kind == kind}
            heights = [getattr(rows[name], column) if name in rows else 0 for name in names]
            axis.bar([n + place * width for n in range(len(names))], heights, width, label=kind)
        axis.set_ylabel(f"{HEADINGS[column]} cosine")
        axis.set_ylim(0, 1)
    axes[0].legend(ncols=len(KINDS), loc="lower right")
    axes[1].set_xticks([n + 1.5 * width for n in range(len(names))], names)
    figure.savefig(path)
