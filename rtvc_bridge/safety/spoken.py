"""Whether a recording is its speaker's consent: the right words, the right voice, no synthesis."""

from dataclasses import dataclass

from rtvc_bridge.errors import ConsentError
from rtvc_bridge.safety.phrase import Phrase
from rtvc_bridge.safety.spoken_words import match
from rtvc_bridge.safety.verdict import Verdict
from rtvc_bridge.voices import Spoken

LEAST_SPEECH_S = 4.0
"""Reading the sentence takes about 10 s; likeness is less sure in less."""
MOST_SPEECH_S = 20.0
MOST_S = 40.0
SURPLUS_WORDS = 8
"""Words that may be heard besides the sentence: hesitation, a repeated start."""
WORDS_LEAST = 0.75
"""Share of the random words, and share of the others: one of the four may be misheard.

Of other sentences' words two are hardly ever heard by chance.
"""
SPEAKER_LEAST = 0.72
"""Cosine of GE2E d-vectors, of the window of the reading that is least alike.

LibriSpeech, readings of 8 s in two windows: of 197 by the enrolled speaker it refuses none (the
lowest in other clips is 0.81), of 52,459 by others it passes 1.0 %, of those by the same sex 2.1 %;
of readings of 5 s it refuses 1.4 % and passes 0.4 %. Opus at 24 kbit/s changes little; noise 6 dB
below the speech makes it refuse nearly all. `rtvc-bridge bench consent` measures it again.
"""

_AGAIN = "Ask for a new sentence and read it"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a recording tells those who have not heard the sentence.

    Attributes:
        heard: The words in it, as speech recognition wrote them.
        verdict: What the watermark says.
    """

    heard: str
    verdict: Verdict


def check_length(seconds: float) -> None:
    """Pass if a recording is short enough for one reading of a sentence.

    Raises:
        ConsentError: If it is not.
    """
    if seconds > MOST_S:
        msg = (
            f"The recording is {seconds:.0f} s long; the limit is {MOST_S:g} s. {_AGAIN}, "
            "and nothing else."
        )
        raise ConsentError(msg)


def check_speech(speech_s: float) -> None:
    """Pass if `speech_s` of speech are one reading of a sentence, by their length.

    Raises:
        ConsentError: If they are not.
    """
    if speech_s < LEAST_SPEECH_S:
        msg = (
            f"There are {speech_s:.1f} s of speech in the recording; reading the sentence takes "
            f"at least {LEAST_SPEECH_S:g} s. {_AGAIN} aloud, to its end."
        )
        raise ConsentError(msg)
    if speech_s > MOST_SPEECH_S:
        msg = (
            f"There are {speech_s:.0f} s of speech in the recording; reading the sentence takes "
            f"{MOST_SPEECH_S:g} s at most. {_AGAIN}, and nothing else."
        )
        raise ConsentError(msg)


def judged(phrase: Phrase, evidence: Evidence, *, speaker: float, audio_sha256: str) -> Spoken:
    """Return the record that `phrase` was read by whoever speaks in the clips.

    Args:
        phrase: What was to be read.
        evidence: What the recording tells.
        speaker: How alike its voice is to the clips', as `spoken_check` measures it.
        audio_sha256: Of the recording's samples.

    Raises:
        ConsentError: If it was not; the message says why, and what to do.
    """
    _check_real(evidence.verdict)
    words = _checked_words(phrase, evidence.heard)
    if not speaker >= SPEAKER_LEAST:
        msg = (
            f"The voice in the recording is not the one in the clips (likeness {speaker:.2f}, "
            f"at least {SPEAKER_LEAST:g}). Whoever speaks in the clips must read the sentence, "
            f"alone and in a quiet room. {_AGAIN}, best with the same microphone."
        )
        raise ConsentError(msg)
    return Spoken(
        sentence=phrase.sentence,
        audio_sha256=audio_sha256,
        words=round(words, 4),
        words_least=WORDS_LEAST,
        speaker=round(speaker, 4),
        speaker_least=SPEAKER_LEAST,
    )


def _check_real(verdict: Verdict) -> None:
    if verdict.synthetic:
        msg = (
            "The recording carries the watermark of synthetic speech "
            f"(score {verdict.score:.2f}), and a synthetic voice cannot agree. "
            f"{_AGAIN} in your own voice."
        )
        raise ConsentError(msg)


def _checked_words(phrase: Phrase, heard: str) -> float:
    """Return the share of the sentence's words that were heard.

    Raises:
        ConsentError: If that is too low.
    """
    found = match(phrase, heard)
    if not phrase.spelled(heard):
        msg = f"No words could be heard in the recording. {_AGAIN} aloud, close to the microphone."
        raise ConsentError(msg)
    most = len(phrase.known) + len(phrase.secret) + len(phrase.spelled(phrase.name))
    if len(phrase.spelled(heard)) > most + SURPLUS_WORDS:
        msg = f"There is more in the recording than the sentence. {_AGAIN}, and nothing else."
        raise ConsentError(msg)
    if found.secret < WORDS_LEAST:
        count = round(found.secret * len(phrase.secret))
        msg = (
            f"Of the {len(phrase.secret)} random words of the sentence {count} could be heard. "
            f"{_AGAIN} slowly, to its end; an older recording has other words."
        )
        raise ConsentError(msg)
    if found.known < WORDS_LEAST:
        msg = (
            f"Of the sentence before its random words {found.known:.0%} could be heard, and at "
            f"least {WORDS_LEAST:.0%} must be. {_AGAIN} in full, with the date in it."
        )
        raise ConsentError(msg)
    return found.words
