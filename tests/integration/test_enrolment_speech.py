"""Enrolment on real speech, with the real encoder and a silent pipeline around it."""

import numpy as np
import pytest

from rtvc_bridge.audio import Audio
from rtvc_bridge.enrolment import Clip, SpeechDetector, enrol, examine, read_clip
from rtvc_bridge.errors import ClipRejectedError
from rtvc_bridge.safety import consent
from rtvc_bridge.stages.encoder import load_encoder
from rtvc_bridge.testing import humming
from rtvc_bridge.voices import VoiceStore

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def encoder(artifact):
    return load_encoder(artifact("ge2e"))


@pytest.fixture(scope="module")
def reading(artifact):
    """44 s of one reader, 24 kHz."""
    return read_clip(artifact("demo-speech"))


@pytest.fixture(scope="module")
def detector():
    return SpeechDetector()


class RealEars:
    """Hears with the GE2E encoder; enrols and speaks like the humming pipeline."""

    name = "humming"

    def __init__(self, encoder):
        self.embed = encoder.embed

    def enrol(self, clips, *, name, consent):
        return humming().enrol(clips, name=name, consent=consent)

    def speak(self, text, voice, delivery, *, stop):
        return humming().speak(text, voice, delivery, stop=stop)


def part(clip, start_s, end_s):
    rate_hz = clip.audio.rate_hz
    return Clip.of(
        Audio(clip.audio.samples[round(start_s * rate_hz) : round(end_s * rate_hz)], rate_hz)
    )


def higher(clip, ratio=1.35):
    """Return the same words by a smaller speaker: played faster, so all formants rise."""
    return Clip.of(Audio(clip.audio.samples, round(clip.audio.rate_hz * ratio)).at(24_000))


def findings(clips, encoder, detector):
    report = examine(clips, encoder.embed, detector=detector)
    return {finding.code: str(finding.severity) for finding in report.findings}


def test_a_good_reading_has_no_findings(reading, encoder, detector):
    assert findings([reading], encoder, detector) == {}


def test_parts_of_one_reading_are_one_speaker(reading, encoder, detector):
    clips = [part(reading, 0, 12), part(reading, 14, 28), part(reading, 30, 44)]
    assert findings(clips, encoder, detector) == {}


def test_two_speakers_are_noticed_across_clips_and_within_one(reading, encoder, detector):
    one, other = part(reading, 0, 12), higher(part(reading, 14, 28))
    assert "other-speaker" in findings([one, other], encoder, detector)
    both = Audio(np.concatenate([one.audio.samples, other.audio.samples]), 24_000)
    assert "two-speakers" in findings([Clip.of(both)], encoder, detector)


def test_a_second_of_speech_is_refused(reading, encoder, detector):
    with pytest.raises(ClipRejectedError, match="at least 2 s"):
        enrol(
            RealEars(encoder),
            [part(reading, 1, 2.5)],
            name="alba",
            consent=consent.attested("the reader"),
            detector=detector,
        )


def test_an_enrolled_voice_is_found_in_the_store_with_its_clip(
    reading, encoder, detector, tmp_path
):
    made = enrol(
        RealEars(encoder),
        [part(reading, 0, 12)],
        name="Reader",
        consent=consent.attested("the reader"),
        detector=detector,
    )
    store = VoiceStore(tmp_path / "voices")
    store.add(made.voice)
    voice = store.get("reader")
    assert voice.consent.by == "the reader"
    assert store.summary("reader").clip_seconds[0] == pytest.approx(made.report.speech_s, abs=2)
