"""A voice that speaks as high and as fast as its speaker does."""

from collections.abc import Sequence

import numpy as np

from rtvc_bridge.audio import Audio
from rtvc_bridge.pipeline import FrameFormat, Frames, Synthesizer, Tuner, heard_f0_hz
from rtvc_bridge.stages.pace import spoken_s, syllables, syllables_per_s
from rtvc_bridge.stages.pitch import median_f0_hz
from rtvc_bridge.text import phonemes
from rtvc_bridge.voices import Embedding, Tensors

MOST_SEMITONES = 7.0
"""A larger step is more likely an error of an octave than a difference in pitch."""
PACE_LINE = (
    "When the sunlight strikes raindrops in the air, they act as a prism and form a rainbow."
)
"""From the Rainbow Passage (Fairbanks 1960). Its pace by its frames is that of running text by the
sound: 1.00 of it in three stock voices (models/training/pace.py), 0.91 to 1.00 in four clones.
Short lines do not tell: by three of them it was 1.2 to 1.6."""
SHORT_LINE = "Please call Stella, and ask her this."
"""With the line above, it tells the pitch."""
PACE_RANGE = (0.8, 1.25)
"""Of 13 sentences in a cloned voice, Whisper base missed 0 % of the words at 0.85, 0.7 % at 1 and
3.6 % at 0.71: a slower voice is not understood as well."""
SPEECH_ENERGY = 6.0
"""How far below the loud frames speech still is speech. In 20 sentences of five voices, speech so
measured lasts 3.7 % longer than by the sound (pace.SPEECH_DB), give or take 2.8 %."""


class PitchMatch:
    """Tells how far a voice's tensors are from a pitch and a pace, and says so in them.

    Args:
        synthesizer: Whose F0 and durations are measured; nothing is vocoded.
    """

    def __init__(self, synthesizer: Synthesizer) -> None:
        self._synthesizer = synthesizer

    def matched(self, tensors: Tensors, f0_hz: float | None) -> Tensors:
        """Return the tensors with what brings their median F0 to `f0_hz`, and their pace.

        "pitch_semitones" stays away where F0 is unknown, or further off than can be believed.
        "pace" follows from "syllables_per_s", the speaker's; without it, it stays as it was.
        """
        kept = {name: value for name, value in tensors.items() if name != "pitch_semitones"}
        long, short = (self._said(line, kept) for line in (PACE_LINE, SHORT_LINE))
        if (rate := kept.get("syllables_per_s")) is not None:
            own_per_s = syllables(phonemes(PACE_LINE).symbols) / self._speech_s(long)
            kept["pace"] = np.clip(rate / own_per_s, *PACE_RANGE).astype(np.float32)
        own_hz = heard_f0_hz(
            np.concatenate([long.f0_hz, short.f0_hz]), np.concatenate([long.energy, short.energy])
        )
        if f0_hz is None or own_hz is None:
            return kept
        semitones = 12 * float(np.log2(f0_hz / own_hz))
        if abs(semitones) <= MOST_SEMITONES:
            kept["pitch_semitones"] = np.array([semitones], np.float32)
        return kept

    def _said(self, line: str, tensors: Tensors) -> Frames:
        return self._synthesizer.synthesize(phonemes(line).symbols, tensors, speed=1.0)

    def _speech_s(self, frames: Frames) -> float:
        return speech_s(frames, self._synthesizer.frame_format)


class MatchedTuner:
    """A tuner whose voices speak as the clips do; see `rtvc_bridge.pipeline.Tuner`."""

    def __init__(self, tuner: Tuner, match: PitchMatch) -> None:
        self._tuner = tuner
        self._match = match
        self.embedding_size = tuner.embedding_size
        self.style_size = tuner.style_size

    def tune(self, embedding: Embedding, clips: Sequence[Audio]) -> Tensors:
        """Return the tuner's tensors and what of these is heard, each float32 [1].

        "pitch_semitones" and "pace" are for the pipeline; "syllables_per_s" is the speaker's,
        for whoever changes the style later.
        """
        tensors = dict(self._tuner.tune(embedding, clips))
        rate = syllables_per_s(clips)
        if rate is not None:
            tensors["syllables_per_s"] = np.array([rate], np.float32)
        return self._match.matched(tensors, median_f0_hz(clips))


def speech_s(frames: Frames, frame_format: FrameFormat) -> float:
    """Return the seconds of speech that the frames will be, pauses left out."""
    loudest = frames.energy.reshape(-1, frame_format.curve_points).max(axis=1)
    step_s = frame_format.frame_samples / frame_format.rate_hz
    return spoken_s(loudest.astype(np.float64), step_s=step_s, below=SPEECH_ENERGY)
