"""A pipeline that needs no weights: each voice is a pitch, each letter 10 ms of humming.

The whole product runs on it, so a plugin can be tested without models:

    with Engine(humming(), policy()) as engine:
        sounds = list(engine.say("One. Two.", tone_voice("alba", 220.0), lane="test"))

In a process of its own: `Worker("rtvc_bridge.testing:humming", {})`.
"""

import hashlib
import os
import re
import signal
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import numpy as np

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.errors import ClipRejectedError, ModelError, VoiceFileError
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.safety.keys import KEY_FILE, Key
from rtvc_bridge.safety.policy import Policy
from rtvc_bridge.safety.trust import Trust
from rtvc_bridge.voices import Consent, Embedding, Voice
from rtvc_bridge.voices.disk import write_bytes

NAME = "humming"
RATE_HZ = 16_000
LETTER_S = 0.01
EMBEDDING_SIZE = 256
LOUDNESS = 0.5

KEY = Key(hashlib.sha256(b"an installation that everybody knows").digest())
"""Signs the voices made here. A program that should take them keeps it as its own."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_LOOK_S = 0.005


def policy() -> Policy:
    """Return what lets every `tone_voice` speak, moderates nothing and writes nothing down."""
    return Policy(Trust(KEY, revoked=lambda _: False))


def keep_key(data: Path) -> None:
    """Make KEY that of the installation whose data folder is `data`."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_bytes(KEY.seed, data / KEY_FILE)


def tone_voice(name: str, pitch_hz: float) -> Voice:
    """Return a voice that hums at `pitch_hz`; the same arguments give the same id."""
    tone = _tone(pitch_hz, seconds=1.0)
    voice = Voice(
        id=hashlib.sha256(f"{name} {pitch_hz}".encode()).hexdigest()[:32],
        name=name,
        embedding=_spectrum(tone),
        consent=Consent(by=name, given_at="2026-01-01T00:00:00Z"),
        created_at="2026-01-01T00:00:00Z",
        tensors={NAME: {"pitch_hz": np.array([pitch_hz], np.float32)}},
    )
    return policy().trust.sign(voice)


def humming(
    *,
    hold_path: str | None = None,
    log_path: str | None = None,
    crash_on: str | None = None,
    hang_on: str | None = None,
    fail_on: str | None = None,
    start_error: str | None = None,
) -> "HummingPipeline":
    """Return a humming pipeline, with faults to order.

    Args:
        hold_path: Each sentence after the first waits until this file exists (or for `stop`).
        log_path: A file that gets one line, the sentence's number, per sentence begun.
        crash_on: A sentence with this in it kills the process.
        hang_on: A sentence with this in it never ends and is deaf to `stop`.
        fail_on: A sentence with this in it raises RuntimeError.
        start_error: What to say in a ModelError, instead of starting.
    """
    if start_error is not None:
        raise ModelError(start_error)
    return HummingPipeline(
        hold_path=Path(hold_path) if hold_path else None,
        log_path=Path(log_path) if log_path else None,
        crash_on=crash_on,
        hang_on=hang_on,
        fail_on=fail_on,
    )


@dataclass(frozen=True, slots=True)
class HummingPipeline:
    """Hums a text in the pitch of the voice, one sound per sentence. Made by `humming`."""

    hold_path: Path | None = None
    log_path: Path | None = None
    crash_on: str | None = None
    hang_on: str | None = None
    fail_on: str | None = None

    @property
    def name(self) -> str:
        """Under which name a Voice keeps the pitch."""
        return NAME

    def embed(self, clip: Audio) -> Embedding:
        """Return the shape of the clip's spectrum, float32 [256], unit length."""
        return _spectrum(clip)

    def enrol(self, clips: Sequence[Audio], *, name: str, consent: Consent) -> Voice:
        """Return the voice that hums at the strongest pitch in `clips`.

        Raises:
            ClipRejectedError: If they are silent.
        """
        sound = joined(clip.at(RATE_HZ) for clip in clips)
        if not np.any(sound.samples):
            raise ClipRejectedError("There is no sound in the recording.")
        strengths = np.abs(np.fft.rfft(sound.samples))
        pitch_hz = np.fft.rfftfreq(len(sound.samples), 1 / RATE_HZ)[np.argmax(strengths)]
        return Voice(
            id=uuid.uuid4().hex,
            name=name,
            embedding=_spectrum(sound),
            consent=consent,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            tensors={NAME: {"pitch_hz": np.array([pitch_hz], np.float32)}},
        )

    def speak(self, text: str, voice: Voice, delivery: Delivery, *, stop: Event) -> Iterator[Audio]:
        """Yield one sound per sentence, 10 ms per letter, at 16 kHz; end early at `stop`.

        A hum has no swing, so that `delivery.expression` changes nothing.

        Raises:
            VoiceFileError: If `voice` has no pitch.
        """
        if NAME not in voice.tensors:
            raise VoiceFileError(f"The voice {voice.name!r} was not enrolled for humming.")
        pitch_hz = float(voice.tensors[NAME]["pitch_hz"][0]) * 2 ** (delivery.pitch_semitones / 12)
        for number, sentence in enumerate(_SENTENCE_END.split(text), start=1):
            if number > 1:
                self._hold(stop)
            if stop.is_set():
                return
            if self.log_path is not None:
                with self.log_path.open("a", encoding="utf-8") as log:
                    log.write(f"{number}\n")
            self._fault(sentence)
            yield _tone(pitch_hz, seconds=len(sentence) * LETTER_S / delivery.speed)

    def _hold(self, stop: Event) -> None:
        while self.hold_path is not None and not self.hold_path.exists():
            if stop.wait(_LOOK_S):
                return

    def _fault(self, sentence: str) -> None:
        if self.crash_on is not None and self.crash_on in sentence:
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        if self.hang_on is not None and self.hang_on in sentence:
            Event().wait()
        if self.fail_on is not None and self.fail_on in sentence:
            msg = f"a fault was ordered for {sentence!r}"
            raise RuntimeError(msg)


def _tone(pitch_hz: float, *, seconds: float) -> Audio:
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    wave = LOUDNESS * np.sin(2 * np.pi * pitch_hz * at_s)
    return Audio(wave.astype(np.float32), RATE_HZ)


def _spectrum(sound: Audio) -> Embedding:
    """Return the clip's magnitudes in 256 equal bands up to 8 kHz, unit length."""
    strengths = np.abs(np.fft.rfft(sound.at(RATE_HZ).samples, 1 << 16))[1:]
    bands = strengths.reshape(EMBEDDING_SIZE, -1).sum(axis=1) + 1e-9
    return np.asarray(bands / np.linalg.norm(bands), np.float32)
