"""Whether a recording is synthetic: what the watermark's score means."""

from dataclasses import dataclass

THRESHOLD = 0.8
"""From this score on sound counts as synthetic.

Of 500 pieces of recordings, 5 s each, the highest scored 0.75 (two passed 0.5), of 1 s 0.89;
the lowest of 30 marked sentences after Opus at 24 kbit/s 0.96.
`rtvc-bridge bench watermark` measures it again.
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the watermark says of one recording.

    Attributes:
        score: 0.0 (no mark) to 1.0 (marked throughout): that of the most marked 5 s.
        seconds: How much sound was examined.
    """

    score: float
    seconds: float

    @property
    def synthetic(self) -> bool:
        """Whether the mark is in it. Without it, sound can still be somebody else's synthesis."""
        return self.score >= THRESHOLD
