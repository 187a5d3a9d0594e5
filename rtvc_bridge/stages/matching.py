"""A voice that speaks as high as its speaker does."""

from collections.abc import Sequence

import numpy as np

from rtvc_bridge.audio import Audio
from rtvc_bridge.pipeline import GLIDE, VOICED_HZ, Synthesizer, Tuner
from rtvc_bridge.stages.pitch import median_f0_hz
from rtvc_bridge.text import phonemes
from rtvc_bridge.voices import Embedding, Tensors

LINES = (
    "The old mill burned down a year ago.",
    "She had your dark suit in greasy wash water.",
    "Please call Stella, and ask her this.",
)
MOST_SEMITONES = 7.0
"""A larger step is more likely an error of an octave than a difference in pitch."""


class PitchMatch:
    """Tells how far a voice's tensors are from a pitch, and says so in them.

    Args:
        synthesizer: Whose F0 is measured; nothing is vocoded.
    """

    def __init__(self, synthesizer: Synthesizer) -> None:
        self._synthesizer = synthesizer

    def matched(self, tensors: Tensors, f0_hz: float | None) -> Tensors:
        """Return the tensors with the "pitch_semitones" that bring the median F0 to `f0_hz`.

        They stay without where F0 is unknown, or further away than can be believed.
        """
        plain = {name: value for name, value in tensors.items() if name != "pitch_semitones"}
        if f0_hz is None:
            return plain
        semitones = 12 * float(np.log2(f0_hz / self._median_f0_hz(plain)))
        if abs(semitones) > MOST_SEMITONES:
            return plain
        return {**plain, "pitch_semitones": np.array([semitones], np.float32)}

    def _median_f0_hz(self, tensors: Tensors) -> float:
        spoken = [
            self._synthesizer.synthesize(phonemes(line).symbols, tensors, speed=1.0)
            for line in LINES
        ]
        curve = np.concatenate([frames.f0_hz for frames in spoken])
        median = np.median(curve[curve > VOICED_HZ])
        return float(np.median(curve[curve > GLIDE * median]))


class MatchedTuner:
    """A tuner whose voices speak as high as the clips do; see `rtvc_bridge.pipeline.Tuner`."""

    def __init__(self, tuner: Tuner, match: PitchMatch) -> None:
        self._tuner = tuner
        self._match = match
        self.embedding_size = tuner.embedding_size
        self.style_size = tuner.style_size

    def tune(self, embedding: Embedding, clips: Sequence[Audio]) -> Tensors:
        """Return the tuner's tensors and "pitch_semitones", float32 [1]."""
        return self._match.matched(self._tuner.tune(embedding, clips), median_f0_hz(clips))
