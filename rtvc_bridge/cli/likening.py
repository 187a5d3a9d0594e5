"""`rtvc-bridge bench similarity`: how much clones sound like their speakers."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rtvc_bridge.cli.assembly import fetched, opened_worker
from rtvc_bridge.cli.demo import READER
from rtvc_bridge.cli.refining import STEPS
from rtvc_bridge.config import Settings
from rtvc_bridge.safety.consent import attested
from rtvc_bridge.stages import assemble
from rtvc_bridge.stages.hearing import WHISPER

Speech = Annotated[
    Path, typer.Option(help="Folder of speakers, each a folder of ten clips or more.")
]
Page = Annotated[Path, typer.Option(help="Folder for a page with players and a plot.")]
DEFAULT_PAGE = Path("similarity")
Steps = Annotated[int, typer.Option(min=0, help="Steps of refinement; 0 leaves it out.")]
DEFAULT_STEPS = STEPS


def similarity_figures(
    settings: Settings, speech: Path, page: Path, *, steps: int
) -> Iterator[tuple[str, object]]:
    """Yield the means of each kind of voice, gains, what bad recordings leave, every speaker.

    Raises:
        ModelError: If weights are missing.
    """
    from rtvc_bridge.bench import judges
    from rtvc_bridge.bench.page import write_page
    from rtvc_bridge.bench.robustness import Robustness
    from rtvc_bridge.bench.similarity import COLUMNS, KINDS, Similarity, means, normalised
    from rtvc_bridge.bench.words import Recogniser
    from rtvc_bridge.stages.naturalness import opinions
    from rtvc_bridge.stages.tuner import load_tuner

    heard_by = [WHISPER, assemble.NATURALNESS, judges.DNSMOS, judges.SECOND_ENCODER]
    recogniser, naturalness, dnsmos, second, _ = fetched(settings, [*heard_by, assemble.SECOND])
    with opened_worker(settings) as worker:
        bench = Similarity(
            worker=worker,
            tuner=load_tuner(assemble.tuner_file()),
            naturalness=opinions(naturalness),
            dnsmos=judges.Dnsmos(dnsmos),
            second=judges.SecondEmbedder(second),
            recogniser=Recogniser(recogniser),
            consent=attested(READER),
            steps=steps,
        )
        samples = list(bench.samples(speech))
        robustness = Robustness(worker, bench.second, bench.consent)
        conditions = {name: asdict(left) for name, left in robustness.conditions(speech)}
    rows = [sample.row for sample in samples]
    table = means(rows)
    for kind in KINDS:
        if kind in table:
            yield kind, table[kind]["ge2e"]
    for column in COLUMNS:
        yield column, {kind: values[column] for kind, values in table.items()}
    for column in ("ge2e", "second"):
        yield f"normalised_{column}", normalised(table, column)
    yield "conditions", conditions
    yield "speakers", [asdict(row) for row in rows]
    yield "page", str(write_page(samples, page))
