"""How well the words are understood: a round trip through speech recognition."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rtvc_bridge.audio import Audio, joined, silence
from rtvc_bridge.text.normalise import spoken

RECOGNISER_HZ = 16_000
PADDING_S = 0.3


@dataclass(frozen=True, slots=True)
class Heard:
    """Words said and words understood."""

    said: str
    heard: str

    @property
    def wrong(self) -> bool:
        """Whether any word was missed, added or changed."""
        return spelled_out(self.said) != spelled_out(self.heard)


class Recogniser:
    """Whisper through CTranslate2, on the CPU.

    Args:
        folder: The model's files, as the manifest's `whisper-base` gives them.
    """

    def __init__(self, folder: Path) -> None:
        from faster_whisper import WhisperModel

        self._model: Any = WhisperModel(
            str(folder), device="cpu", compute_type="int8", local_files_only=True
        )

    def words(self, audio: Audio) -> str:
        """Return what is understood."""
        at_rate = audio.at(RECOGNISER_HZ)
        pad = silence(PADDING_S, RECOGNISER_HZ)
        samples = joined([pad, at_rate, pad]).samples.astype(np.float32)
        segments, _ = self._model.transcribe(
            samples, language="en", beam_size=5, condition_on_previous_text=False
        )
        return " ".join(segment.text.strip() for segment in segments)


def round_trip(
    lines: Sequence[str], speak: Callable[[str], Audio], recogniser: Recogniser
) -> list[Heard]:
    """Return what is understood of every line."""
    return [Heard(line, recogniser.words(speak(line))) for line in lines]


def error_rate(pairs: Sequence[Heard]) -> float:
    """Return the word error rate over all pairs: edits over words said (jiwer).

    Both sides are normalised as for speaking ("10" is "ten") and lose case and punctuation.
    """
    import jiwer

    said = [spelled_out(pair.said) for pair in pairs]
    heard = [spelled_out(pair.heard) for pair in pairs]
    return float(jiwer.wer(said, heard))


def spelled_out(line: str) -> str:
    """Return the words as spoken, lower case, nothing but letters and single spaces."""
    words = spoken(line).text.casefold()
    letters = "".join(c if c.isalpha() or c == "'" else " " for c in words)
    return " ".join(letters.replace("'", "").split())
