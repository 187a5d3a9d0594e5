"""The seam between the engine and whatever makes the sound, and the three stages behind ours."""

from rtvc_bridge.pipeline.frames import (
    EDGE_FRAMES,
    EXPRESSION_RANGE,
    GLIDE,
    PITCH_RANGE,
    SILENT_ENERGY,
    SPEED_RANGE,
    VOICED_HZ,
    Delivery,
    FrameFormat,
    Frames,
    delivered,
    spoken_part,
)
from rtvc_bridge.pipeline.seam import Pipeline, Refinement, Refining
from rtvc_bridge.pipeline.stages import (
    PIPELINE_NAME,
    Encoder,
    Refiner,
    Search,
    Synthesizer,
    ThreeStage,
    Tuner,
    Vocoder,
)

__all__ = [
    "EDGE_FRAMES",
    "EXPRESSION_RANGE",
    "GLIDE",
    "PIPELINE_NAME",
    "PITCH_RANGE",
    "SILENT_ENERGY",
    "SPEED_RANGE",
    "VOICED_HZ",
    "Delivery",
    "Encoder",
    "FrameFormat",
    "Frames",
    "Pipeline",
    "Refinement",
    "Refiner",
    "Refining",
    "Search",
    "Synthesizer",
    "ThreeStage",
    "Tuner",
    "Vocoder",
    "delivered",
    "spoken_part",
]
