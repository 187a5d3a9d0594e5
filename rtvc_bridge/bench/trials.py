"""Trials of the speaker check: the same person against others, over folders of recordings."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.bench.handling import HANDLINGS
from rtvc_bridge.enrolment import read_clip
from rtvc_bridge.enrolment.figures import Embed
from rtvc_bridge.enrolment.spoken import likeness, window_vectors
from rtvc_bridge.errors import UserError
from rtvc_bridge.safety.spoken import LEAST_SPEECH_S
from rtvc_bridge.voices import Embedding

SpeechIn: TypeAlias = Callable[[Audio], Audio]
Speakers: TypeAlias = Mapping[str, Sequence[Audio]]

READING_S = 8.0
"""What counts as a reading of the sentence: that much speech, from a recording's end."""
SHORT_S = 5.0
ENROLLED = 3
"""Recordings that a speaker who has twice as many is enrolled from."""
SEXES = "SPEAKERS.TXT"
WAYS = ("opus_24", "mp3_64", "noise_6_db")
"""Of `HANDLINGS`, what a recording may have gone through when the clips have not."""
KINDS = (
    "other_clip",
    *(f"other_clip_{way}" for way in WAYS),
    "other_short_clip",
    "same_recording",
)


@dataclass(frozen=True, slots=True)
class Rates:
    """Errors of a check that passes what scores at least a threshold.

    Attributes:
        genuine: Trials that ought to pass.
        impostors: Trials that ought not to.
        false_reject: Share of the genuine ones that is refused.
        false_accept: Share of the impostors that passes.
        equal_error: The error rate at the threshold where both are alike.
        equal_at: That threshold.
        genuine_low: What 99 % of the genuine ones pass.
        impostors_high: What 99 % of the impostors stay under.
    """

    genuine: int
    impostors: int
    false_reject: float
    false_accept: float
    equal_error: float
    equal_at: float
    genuine_low: float
    impostors_high: float


def rates(genuine: Sequence[float], impostors: Sequence[float], least: float) -> Rates:
    """Return the errors of a check at the threshold `least`; both sides have trials."""
    right, wrong = np.sort(genuine), np.sort(impostors)
    thresholds = np.unique(np.concatenate([right, wrong]))
    rejected = np.searchsorted(right, thresholds) / len(right)
    accepted = 1 - np.searchsorted(wrong, thresholds) / len(wrong)
    equal = int(np.abs(rejected - accepted).argmin())
    return Rates(
        genuine=len(right),
        impostors=len(wrong),
        false_reject=round(float(np.mean(right < least)), 4),
        false_accept=round(float(np.mean(wrong >= least)), 4),
        equal_error=round(float(rejected[equal] + accepted[equal]) / 2, 4),
        equal_at=round(float(thresholds[equal]), 3),
        genuine_low=round(float(np.quantile(right, 0.01)), 3),
        impostors_high=round(float(np.quantile(wrong, 0.99)), 3),
    )


def speakers(folder: Path, speech_in: SpeechIn) -> dict[str, list[Audio]]:
    """Return the speech in every recording below `folder`, by speaker.

    Files are called as LibriSpeech calls them: SPEAKER-CHAPTER-UTTERANCE.flac.

    Raises:
        UserError: If there are fewer than two speakers.
    """
    found: dict[str, list[Audio]] = defaultdict(list)
    for file in sorted(folder.rglob("*.flac")):
        speech = speech_in(read_clip(file).audio)
        if speech.seconds >= LEAST_SPEECH_S:
            found[file.name.partition("-")[0]].append(speech)
    if len(found) < 2:
        msg = f"There are no recordings of two speakers (SPEAKER-...-....flac) in {folder}."
        raise UserError(msg)
    return dict(found)


def sexes(folder: Path) -> dict[str, str]:
    """Return speakers' sexes by LibriSpeech's list in `folder`; none without it."""
    file = folder / SEXES
    if not file.exists():
        return {}
    rows = (line.split("|") for line in file.read_text("utf-8").splitlines() if line[:1] != ";")
    return {row[0].strip(): row[1].strip() for row in rows if len(row) > 1}


@dataclass(frozen=True, slots=True)
class _Person:
    """One speaker, as far as the check is concerned.

    Attributes:
        enrolled: The d-vector that readings are compared with.
        readings: By kind of trial, `window_vectors` of this speaker's other recordings.
    """

    enrolled: Embedding
    readings: Mapping[str, Sequence[NDArray[np.float32]]]

    @classmethod
    def of(cls, clips: Sequence[Audio], embed: Embed) -> "_Person":
        """Return a speaker: of enough recordings, or of one that is cut in two."""
        if len(clips) < 2 * ENROLLED:
            start, end = _split(clips[0])
            if end.seconds < LEAST_SPEECH_S:
                return cls(embed(clips[0]), {})
            return cls(embed(start), {"same_recording": [window_vectors(end, embed)]})
        kinds: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
        for clip in clips[ENROLLED:]:
            kind = "other_clip" if clip.seconds >= SHORT_S else "other_short_clip"
            kinds[kind].append(window_vectors(_end(clip), embed))
            if kind == "other_clip":
                for way in WAYS:
                    arrived = HANDLINGS[way](_end(clip))
                    kinds[f"{kind}_{way}"].append(window_vectors(arrived, embed))
        return cls(embed(joined(clips[:ENROLLED])), kinds)

    @property
    def attempts(self) -> Sequence[NDArray[np.float32]]:
        """The reading that this speaker tries to pass as others with, if there is one."""
        return [row for rows in self.readings.values() for row in rows][:1]


def speaker_figures(
    people: Speakers, embed: Embed, least: float, sex: Mapping[str, str]
) -> Iterator[tuple[str, object]]:
    """Yield the speaker check's errors, by kind of trial.

    Args:
        people: By speaker, the speech in each recording.
        embed: Gives a d-vector.
        least: The threshold.
        sex: By speaker; impostors of the same one are counted apart.
    """
    known = {name: _Person.of(clips, embed) for name, clips in people.items()}
    tried = [
        (likeness(attempt, person.enrolled), sex.get(name, "") == sex.get(other))
        for name, person in known.items()
        for other, impostor in known.items()
        for attempt in impostor.attempts
        if name != other
    ]
    everybody = [score for score, _ in tried]
    same_sex = [score for score, same in tried if same]
    for kind in KINDS:
        genuine = [
            likeness(reading, person.enrolled)
            for person in known.values()
            for reading in person.readings.get(kind, ())
        ]
        if not genuine:
            continue
        yield f"speaker_{kind}", asdict(rates(genuine, everybody, least))
        if same_sex:
            yield f"speaker_{kind}_same_sex", asdict(rates(genuine, same_sex, least))


def _split(clip: Audio) -> tuple[Audio, Audio]:
    """Return the clip without its last READING_S, and those; two halves of a shorter one."""
    middle = max(len(clip.samples) // 2, len(clip.samples) - round(READING_S * clip.rate_hz))
    return Audio(clip.samples[:middle], clip.rate_hz), Audio(clip.samples[middle:], clip.rate_hz)


def _end(clip: Audio) -> Audio:
    """Return the last READING_S of the clip."""
    return Audio(clip.samples[-round(READING_S * clip.rate_hz) :], clip.rate_hz)
