"""The three stages, loaded and joined; the factory behind the pipeline called "three-stage"."""

import os
from pathlib import Path

from rtvc_bridge.pipeline import ThreeStage
from rtvc_bridge.stages.manifest import models_folder
from rtvc_bridge.stages.weights import Library
from rtvc_bridge.text import phonemes

KOKORO = "kokoro-82m"
GE2E = "ge2e"
WATERMARK = "perth"
NATURALNESS = "distilmos"
SECOND = "campplus"
TUNER = "tuner.safetensors"


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
    # Threads that wait for each other by spinning starve on a busy machine: with one of two
    # cores taken, the vocoder took 8.1 s for 3.2 s of sound with libgomp's own count, 2.9 s
    # with this one; with both free it took 1.1 and 1.2 s. libgomp reads it when torch loads;
    # stages/device.py does the rest.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    import torch

    from rtvc_bridge.stages.campplus import load_campplus
    from rtvc_bridge.stages.device import choose_compute
    from rtvc_bridge.stages.drafts import Drafts
    from rtvc_bridge.stages.encoder import load_encoder
    from rtvc_bridge.stages.matching import MatchedTuner, PitchMatch
    from rtvc_bridge.stages.naturalness import load_naturalness
    from rtvc_bridge.stages.objective import Objective
    from rtvc_bridge.stages.refine import Refiner
    from rtvc_bridge.stages.synthesizer import load_synthesizer
    from rtvc_bridge.stages.tuner import load_tuner
    from rtvc_bridge.stages.vocoder import load_vocoder

    weights = Library.default(folder=folder, hub_url=hub_url, offline=offline)
    compute = choose_compute(None if device == "auto" else device)
    if threads:
        torch.set_num_threads(threads)
    kokoro = weights.path(KOKORO)
    phonemes("ready")  # loads the dictionaries, so that the first line does not wait for them
    encoder, tuner = load_encoder(weights.path(GE2E)), load_tuner(tuner_file())
    synthesizer, vocoder = load_synthesizer(kokoro, compute), load_vocoder(kokoro, compute)
    match = PitchMatch(synthesizer)
    return ThreeStage(
        encoder=encoder,
        tuner=MatchedTuner(tuner, match),
        synthesizer=synthesizer,
        vocoder=vocoder,
        refiner=Refiner(
            Drafts(synthesizer.net, vocoder.decoder, compute),
            Objective(
                encoder.network.utterance,
                lambda: load_campplus(weights.path(SECOND)),
                lambda: load_naturalness(weights.path(NATURALNESS)),
            ),
            tuner,
            match.matched,
        ),
    )
