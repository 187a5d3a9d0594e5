"""The three stages, loaded and joined; the factory behind the pipeline called "three-stage"."""

from pathlib import Path

from rtvc_bridge import paths
from rtvc_bridge.pipeline import ThreeStage
from rtvc_bridge.stages.manifest import Manifest, models_folder
from rtvc_bridge.stages.sources import Reach
from rtvc_bridge.stages.weights import Library

KOKORO = "kokoro-82m"
GE2E = "ge2e"
TUNER = "tuner.safetensors"


def library(*, folder: str = "", hub_url: str = "", offline: bool = False) -> Library:
    """Return this user's library of weights, as the [models] settings say."""
    reach = Reach(
        folder=Path(folder).expanduser() if folder else None,
        hub_url=hub_url or None,
        offline=offline,
    )
    return Library(paths.cache_dir() / "models", Manifest.load(), reach)


def tuner_file() -> Path:
    """Return the tuner's weights, which come with the package."""
    return models_folder() / TUNER


def three_stage(
    *,
    folder: str = "",
    hub_url: str = "",
    offline: bool = False,
    device: str = "auto",
    threads: int = 0,
) -> ThreeStage:
    """Load the stages; the keywords are the [models] settings.

    Raises:
        ModelError: If weights are missing, damaged, or do not fit each other.
        StorageError: If weights must be fetched and the cache cannot be written.
    """
    import torch

    from rtvc_bridge.stages.device import choose_compute
    from rtvc_bridge.stages.encoder import load_encoder
    from rtvc_bridge.stages.synthesizer import load_synthesizer
    from rtvc_bridge.stages.tuner import load_tuner
    from rtvc_bridge.stages.vocoder import load_vocoder

    weights = library(folder=folder, hub_url=hub_url, offline=offline)
    compute = choose_compute(None if device == "auto" else device)
    if threads:
        torch.set_num_threads(threads)
    kokoro = weights.path(KOKORO)
    return ThreeStage(
        encoder=load_encoder(weights.path(GE2E)),
        tuner=load_tuner(tuner_file()),
        synthesizer=load_synthesizer(kokoro, compute),
        vocoder=load_vocoder(kokoro, compute),
    )
