"""How well spoken consent tells the right words, the right person, and a person at all."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from threading import Event

import numpy as np

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.bench.handling import HANDLINGS
from rtvc_bridge.bench.trials import ENROLLED, Speakers, SpeechIn, speaker_figures
from rtvc_bridge.enrolment.spoken import likeness, window_vectors
from rtvc_bridge.pipeline import Delivery, Pipeline
from rtvc_bridge.safety.consent import attested
from rtvc_bridge.safety.phrase import SECRET_WORDS, Phrase, word_list
from rtvc_bridge.safety.spoken import SPEAKER_LEAST, WORDS_LEAST
from rtvc_bridge.safety.spoken_words import Match, match
from rtvc_bridge.safety.verdict import THRESHOLD
from rtvc_bridge.stages.hearing import Recogniser
from rtvc_bridge.stages.tuner import RidgeTuner
from rtvc_bridge.stages.watermark import Detector, Marker
from rtvc_bridge.voices import Voice

NAME = "Alba"
WAYS = ("unchanged", "opus_24", "mp3_64")
"""Of `HANDLINGS`, what a recording may have gone through."""
STRANGERS = 1_000
"""Other sentences that each reading is held against."""
_SEED = 11


@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence, and a synthetic voice that reads it."""

    phrase: Phrase
    voice: Voice
    sound: Audio


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that is measured.

    Attributes:
        pipeline: Without the watermark.
        tuner: Whose stock voices read too.
        marker: Puts the mark in.
        detector: Looks for it.
        recogniser: Hears the words.
        speech_in: Cuts a recording down to its speech.
    """

    pipeline: Pipeline
    tuner: RidgeTuner
    marker: Marker
    detector: Detector
    recogniser: Recogniser
    speech_in: SpeechIn

    def figures(
        self, people: Speakers, sex: Mapping[str, str], *, sentences: int, stock: int
    ) -> Iterator[tuple[str, object]]:
        """Yield every figure's name and value, as each is measured.

        Args:
            people: By speaker, the speech in each recording.
            sex: By speaker, if known.
            sentences: Read by each synthetic voice.
            stock: How many stock voices read, besides clones of the speakers with many recordings.
        """
        yield "thresholds", {"speaker": SPEAKER_LEAST, "words": WORDS_LEAST, "mark": THRESHOLD}
        yield from speaker_figures(people, self.pipeline.embed, SPEAKER_LEAST, sex)
        draw = random.Random(_SEED)
        clones = [
            self._clone(name, clips) for name, clips in people.items() if len(clips) > ENROLLED
        ]
        cloned = [self._read(voice, draw) for voice in clones for _ in range(sentences)]
        voices = list(self._stock(clones[0], stock)) if clones else []
        others = [self._read(voice, draw) for voice in voices for _ in range(sentences)]
        yield from self._words([*cloned, *others], draw)
        yield from self._clones(cloned)

    def _clone(self, name: str, clips: Sequence[Audio]) -> Voice:
        return self.pipeline.enrol(clips[:ENROLLED], name=name, consent=attested(name))

    def _stock(self, like: Voice, count: int) -> Iterator[Voice]:
        for style in self.tuner.stock_styles[:count]:
            yield replace(like, tensors={self.pipeline.name: {"style": style}})

    def _read(self, voice: Voice, draw: random.Random) -> Reading:
        phrase = _drawn(draw)
        pieces = self.pipeline.speak(phrase.sentence, voice, Delivery(), stop=Event())
        return Reading(phrase, voice, joined(pieces))

    def _words(
        self, readings: Sequence[Reading], draw: random.Random
    ) -> Iterator[tuple[str, object]]:
        """Yield the word check's errors: on the sentence that was read, and on others."""
        heard = [self.recogniser.words(reading.sound) for reading in readings]
        right = [match(reading.phrase, text) for reading, text in zip(readings, heard, strict=True)]
        wrong = [match(_drawn(draw), text) for text in heard for _ in range(STRANGERS)]
        yield "sentences_read", len(right)
        yield "random_words_heard", _counts(right)
        yield "random_words_heard_of_other_sentences", _counts(wrong)
        yield "known_words_least", round(min(found.known for found in right), 3)
        yield "words_false_reject", _passing(right, want=False)
        yield "words_false_accept", _passing(wrong, want=True)
        yield (
            "misheard",
            [
                {"read": reading.phrase.sentence, "heard": text}
                for reading, text, found in zip(readings, heard, right, strict=True)
                if found.words < 1
            ],
        )

    def _clones(self, readings: Sequence[Reading]) -> Iterator[tuple[str, object]]:
        """Yield how our own clones fare as their speakers, and whether the mark gives them away."""
        if not readings:
            return
        marked = [joined(self.marker.marked([reading.sound])) for reading in readings]
        for way in WAYS:
            scores, marks = [], []
            for reading, sound in zip(readings, marked, strict=True):
                arrived = HANDLINGS[way](sound)
                vectors = window_vectors(self.speech_in(arrived), self.pipeline.embed)
                scores.append(likeness(vectors, reading.voice.embedding))
                marks.append(self.detector.verdict(arrived).score)
            yield (
                f"clone_{way}",
                {
                    "readings": len(scores),
                    "likeness": _spread(scores),
                    "passes_for_its_speaker": _share(scores, SPEAKER_LEAST),
                    "mark": _spread(marks),
                    "refused_for_its_mark": _share(marks, THRESHOLD),
                },
            )


def _drawn(draw: random.Random) -> Phrase:
    """Return a sentence of repeatable words; only for measuring."""
    words = draw.sample(word_list("en"), SECRET_WORDS)
    return Phrase(NAME, date(2026, draw.randint(1, 12), draw.randint(1, 28)), tuple(words))


def _counts(found: Sequence[Match]) -> dict[str, int]:
    """Return how often 0, 1 .. of the random words were heard."""
    counts = Counter(round(each.secret * SECRET_WORDS) for each in found)
    return {str(number): counts[number] for number in range(SECRET_WORDS + 1)}


def _passing(found: Sequence[Match], *, want: bool) -> float:
    """Return the share of those that pass, or do not, as `want` says."""
    return round(float(np.mean([(each.words >= WORDS_LEAST) is want for each in found])), 6)


def _spread(values: Sequence[float]) -> dict[str, float]:
    low, middle, high = np.quantile(values, (0, 0.5, 1))
    return {
        "least": round(float(low), 3),
        "p50": round(float(middle), 3),
        "most": round(float(high), 3),
    }


def _share(values: Sequence[float], least: float) -> float:
    return round(float(np.mean(np.array(values) >= least)), 4)
