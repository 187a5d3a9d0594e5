"""Putting the parts together as the settings say."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from rtvc_bridge import paths, plugins
from rtvc_bridge.config import Settings
from rtvc_bridge.engine import Engine
from rtvc_bridge.enrolment import SpeechDetector
from rtvc_bridge.enrolment.spoken import Check
from rtvc_bridge.safety.challenges import Challenges
from rtvc_bridge.safety.installation import opened_policy
from rtvc_bridge.safety.policy import Policy
from rtvc_bridge.schedule import Limits
from rtvc_bridge.stages import assemble
from rtvc_bridge.stages.cache import State
from rtvc_bridge.stages.weights import Library
from rtvc_bridge.voices import VoiceStore
from rtvc_bridge.worker import UNMARKED, Worker
from rtvc_bridge.worker.hearing import Ears

DEFAULT_PIPELINE = "three-stage"


def voice_store(settings: Settings) -> VoiceStore:
    """Return the store that the settings name."""
    folder = settings.voices.folder
    return VoiceStore(Path(folder).expanduser() if folder else paths.data_dir() / "voices")


def library(settings: Settings) -> Library:
    """Return the library of weights, reached as the settings say."""
    models = settings.models
    return Library.default(folder=models.folder, hub_url=models.hub_url, offline=models.offline)


def fetched(settings: Settings, names: list[str]) -> list[Path]:
    """Return where the artifacts are, fetching what is missing behind a progress bar.

    Raises:
        ModelError: If something is missing and no source gives it.
        StorageError: If the cache cannot be written.
    """
    weights = library(settings)
    if all(weights.state(name) is State.PRESENT for name in names):
        return [weights.path(name) for name in names]
    with progress_bar() as progress:
        return [weights.path(name, progress=progress) for name in names]


@contextmanager
def opened_worker(settings: Settings) -> Iterator[Worker]:
    """Give the pipeline that the settings name, ready, in a process of its own.

    Raises:
        ModelError: If weights are missing or do not fit.
        WorkerError: If the process cannot start.
    """
    models = settings.models
    factory = plugins.pipeline_factory(models.pipeline)
    needed: list[str] = []
    options: dict[str, object] = {}
    if models.pipeline == DEFAULT_PIPELINE:
        needed = [assemble.KOKORO, assemble.GE2E]
        options = models.model_dump(exclude={"pipeline"})
    if factory not in UNMARKED:
        needed.append(assemble.WATERMARK)
    fetched(settings, needed)
    with Worker(factory, options) as worker:
        worker.wait_ready()
        yield worker


def policy_of(settings: Settings, *, audited: bool = True) -> AbstractContextManager[Policy]:
    """Give what decides over voices and words here, as `safety.installation` has it."""
    return opened_policy(settings, voice_store(settings), paths.data_dir(), audited=audited)


@contextmanager
def opened_engine(settings: Settings, *, audited: bool = True) -> Iterator[Engine]:
    """Give a warm engine whose pipeline lives in a process of its own.

    Args:
        settings: As read.
        audited: Whether what is said is written down, if the settings say so.

    Raises:
        ModelError: If weights are missing or do not fit.
        ConfigError: If a list of words or patterns is wrong.
        StorageError: If this installation's key or its audit cannot be read or made.
        WorkerError: If the process cannot start.
    """
    asked = settings.engine
    limits = Limits(asked.max_queued_user, asked.max_queued_lane, asked.max_queued)
    with (
        policy_of(settings, audited=audited) as policy,
        opened_worker(settings) as worker,
        Engine(
            worker, policy, max_chars=asked.max_chars, limits=limits, expires_s=asked.expire_s
        ) as engine,
    ):
        yield engine


def consent_check(settings: Settings, engine: Engine) -> Check:
    """Return what judges spoken consent for `engine`'s voices."""
    models = settings.models
    options = {"folder": models.folder, "hub_url": models.hub_url, "offline": models.offline}
    ears = Ears(options)
    return Check(
        challenges=Challenges(time.monotonic),
        embed=engine.embed,
        listen=ears,
        detector=SpeechDetector(),
        ready=ears.check_ready,
    )


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Give a function that draws how much of which artifact is there, on stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), console=Console(stderr=True)) as bars:
        tasks: dict[str, object] = {}

        def show(name: str, done_bytes: int, total_bytes: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total_bytes)
            bars.update(tasks[name], completed=done_bytes)  # type: ignore[arg-type] # a TaskID

        yield show
