"""How well the words are understood: a round trip through speech recognition."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rtvc_bridge.audio import Audio
from rtvc_bridge.safety.phrase import LANGUAGES
from rtvc_bridge.stages.hearing import Recogniser as Recogniser


@dataclass(frozen=True, slots=True)
class Heard:
    """Words said and words understood."""

    said: str
    heard: str

    @property
    def wrong(self) -> bool:
        """Whether any word was missed, added or changed."""
        return spelled_out(self.said) != spelled_out(self.heard)


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
    return " ".join(LANGUAGES["en"].spelled(line))
