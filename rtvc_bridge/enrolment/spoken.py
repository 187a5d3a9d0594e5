"""From a recording of a sentence that was given out to the record that its speaker agrees."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.audio import Audio
from rtvc_bridge.enrolment.activity import detected_speech
from rtvc_bridge.enrolment.clips import Clip
from rtvc_bridge.enrolment.figures import Embed
from rtvc_bridge.enrolment.vad import SpeechDetector
from rtvc_bridge.errors import ConsentError
from rtvc_bridge.safety.challenges import Challenge, Challenges
from rtvc_bridge.safety.phrase import Phrase
from rtvc_bridge.safety.spoken import Evidence, check_length, check_speech, judged
from rtvc_bridge.voices import Embedding, Spoken, skeleton

Listen: TypeAlias = Callable[[Audio, str], Evidence]
"""From sound and its language to what it tells: `worker.hearing.Ears`."""

WINDOW_S = 4.0
"""In less, likeness is less sure; in more, somebody else's words can hide."""


@dataclass(frozen=True, slots=True)
class Check:
    """Everything that judging a recording takes. For any thread, if its parts are.

    Attributes:
        challenges: Gave out the sentence.
        embed: Gives a d-vector: `Engine.embed`.
        listen: Hears the words and looks for the watermark; takes seconds.
        detector: Finds the speech.
        ready: Raises ModelError if `listen` lacks something.
    """

    challenges: Challenges
    embed: Embed
    listen: Listen
    detector: SpeechDetector
    ready: Callable[[], None] = lambda: None

    def issue(self, name: str, language: str = "en") -> Challenge:
        """Return a new sentence for a voice that is to be called `name`.

        Raises:
            ConsentError: If too many wait already, or the language is unknown.
            ModelError: If what hearing its reading takes is not installed.
        """
        self.ready()
        return self.challenges.issue(name, language)

    def taken(self, challenge_id: str, name: str) -> Phrase:
        """Return the sentence of that id, handed in now for the voice `name`; it is used up.

        Raises:
            ConsentError: If it is used, expired or unknown, or was for another voice.
        """
        phrase = self.challenges.taken(challenge_id).phrase
        if skeleton(phrase.name) != skeleton(name):
            msg = f"That sentence was for the voice {phrase.name!r}. Ask for a new one."
            raise ConsentError(msg)
        return phrase

    def spoken(self, phrase: Phrase, clip: Clip, embedding: Embedding) -> Spoken:
        """Return the record that the sentence was read by whoever speaks in the clips.

        Takes seconds.

        Args:
            phrase: The sentence, by `taken`.
            clip: Its reading, by `read_clip`.
            embedding: The clips' d-vector: `Voice.embedding`.

        Raises:
            ConsentError: If it was not.
            ModelError: If what hearing takes is not installed.
        """
        check_length(clip.source_seconds)
        speech = speech_in(clip.audio, self.detector)
        check_speech(speech.seconds)
        audio_sha256 = fingerprint(clip.audio)
        self.challenges.first_time(audio_sha256)
        speaker = likeness(window_vectors(speech, self.embed), embedding)
        evidence = self.listen(clip.audio, phrase.language)
        return judged(phrase, evidence, speaker=speaker, audio_sha256=audio_sha256)


def speech_in(recording: Audio, detector: SpeechDetector) -> Audio:
    """Return the speech in a recording, its pauses shortened; soft ones are heard too."""
    return detected_speech(recording, detector).audio


def window_vectors(speech: Audio, embed: Embed) -> NDArray[np.float32]:
    """Return the d-vectors of a reading's windows, about WINDOW_S each, float32 [n >= 2, 256]."""
    count = max(2, int(speech.seconds // WINDOW_S))
    windows = np.array_split(speech.samples, count)
    return np.stack([embed(Audio(window, speech.rate_hz)) for window in windows])


def likeness(reading: NDArray[np.float32], embedding: Embedding) -> float:
    """Return how alike the voices of a reading's `window_vectors` and of `embedding` are: a cosine.

    That of the window which is least alike, so that somebody else's words between recordings of
    the speaker's own do not pass.
    """
    return float((reading @ embedding).min())


def fingerprint(audio: Audio) -> str:
    """Return the SHA-256 of a recording's samples and their rate, in hex."""
    samples = audio.samples.astype("<f4").tobytes()
    return hashlib.sha256(f"{audio.rate_hz}\n".encode() + samples).hexdigest()
