"""Looking for the watermark from a process that is not to load torch."""

from pathlib import Path

from rtvc_bridge.audio import Audio
from rtvc_bridge.pipeline import Pipeline
from rtvc_bridge.safety.verdict import Verdict


def examine(_pipeline: Pipeline, *, audio: Audio, weights: Path) -> Verdict:
    """Return what the watermark says of `audio`: a job for the synthesis process.

    Args:
        audio: What is in doubt.
        weights: The file of the artifact assemble.WATERMARK.

    Raises:
        ClipRejectedError: If there is no sound in it.
        ModelError: If the weights are missing or damaged.
    """
    from rtvc_bridge.stages.watermark import load_watermark

    return load_watermark(weights)[1].verdict(audio)
