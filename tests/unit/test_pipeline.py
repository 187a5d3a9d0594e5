import threading
from dataclasses import replace

import numpy as np
import pytest

from rtvc_bridge import text
from rtvc_bridge.audio import Audio
from rtvc_bridge.errors import ModelError, TextRejectedError, VoiceFileError
from rtvc_bridge.pipeline import Delivery, FrameFormat, Frames, ThreeStage, delivered, spoken_part
from rtvc_bridge.voices import Consent

FORMAT = FrameFormat(channels=1, frame_samples=600, rate_hz=24_000, curve_points=2)
PLAIN = Delivery()
UNIT = np.eye(1, 256, dtype=np.float32)[0]
CONSENT = Consent(by="Alba", given_at="2026-01-01T00:00:00Z")
FRAMES_PER_SYMBOL = 4


class Encoder:
    embedding_size = 256

    def __init__(self):
        self.heard_s = []

    def embed(self, clip):
        self.heard_s.append(clip.seconds)
        return UNIT


class Tuner:
    embedding_size = 256
    style_size = 256

    def tune(self, embedding, clips):
        return {"style": np.full(256, len(clips), np.float32)}


class Synthesizer:
    alphabet = frozenset(text.KOKORO_SYMBOLS)
    style_size = 256
    frame_format = FORMAT

    def __init__(self):
        self.said = []

    def synthesize(self, phonemes, tensors, *, speed):
        self.said.append(phonemes)
        n = round(FRAMES_PER_SYMBOL * len(phonemes) / speed)
        curve = np.zeros(2 * n, np.float32)
        return Frames(np.ones((1, n), np.float32), curve, curve, np.array([n]))


class Vocoder:
    style_size = 256
    frame_format = FORMAT

    def __init__(self):
        self.on_call = lambda: None

    def vocode(self, frames, tensors):
        self.on_call()
        return Audio(np.full(frames.features.shape[1] * 600, 0.5, np.float32), 24_000)


@pytest.fixture
def stages():
    return ThreeStage(Encoder(), Tuner(), Synthesizer(), Vocoder())


@pytest.fixture
def voice(stages):
    return stages.enrol([Audio(np.ones(24_000, np.float32), 24_000)], name="alba", consent=CONSENT)


def said(stages, voice, line, *, delivery=PLAIN, stop=None):
    return list(stages.speak(line, voice, delivery, stop=stop or threading.Event()))


class Odd:
    """A stage that is like another but for one attribute."""

    def __init__(self, like, **other):
        self.__dict__.update({name: getattr(like, name) for name in dir(like) if name[0] != "_"})
        self.__dict__.update(other)


@pytest.mark.parametrize(
    ("stage", "other", "words"),
    [
        ("encoder", {"embedding_size": 192}, "d-vector size 192 meets 256"),
        ("tuner", {"style_size": 128}, "style size 128 meets 256"),
        ("vocoder", {"style_size": 128}, "style size 256 meets 128"),
        ("vocoder", {"frame_format": replace(FORMAT, rate_hz=16_000)}, "frames"),
        ("synthesizer", {"alphabet": frozenset("abc")}, "alphabet"),
    ],
)
def test_stages_that_do_not_fit_are_refused(stages, stage, other, words):
    odd = Odd(getattr(stages, stage), **other)
    with pytest.raises(ModelError, match=words):
        replace(stages, **{stage: odd})


def test_every_clause_is_one_sound_and_its_pause(stages, voice):
    sounds = said(stages, voice, "Good morning, everyone. It is a wonderful day to go outside.")
    assert len(sounds) == len(stages.synthesizer.said) >= 2
    assert {sound.rate_hz for sound in sounds} == {24_000}
    assert not sounds[0].samples[-100:].any()
    assert sounds[-1].samples[-200:].any()


def test_twice_the_speed_is_half_the_length(stages, voice):
    line = "Good morning, everyone. It is a wonderful day to go outside."
    usual = sum(sound.seconds for sound in said(stages, voice, line))
    fast = sum(sound.seconds for sound in said(stages, voice, line, delivery=Delivery(speed=2.0)))
    assert fast == pytest.approx(usual / 2, rel=0.02)


def test_a_voice_is_spoken_at_its_own_pace_pauses_too(stages, voice):
    line = "Good morning, everyone. It is a wonderful day to go outside."
    tensors = {**voice.tensors[stages.name], "pace": np.array([0.8], np.float32)}
    slow = replace(voice, tensors={stages.name: tensors})
    usual = sum(sound.seconds for sound in said(stages, voice, line))
    assert sum(sound.seconds for sound in said(stages, slow, line)) == pytest.approx(
        usual / 0.8, rel=0.02
    )


def test_stop_ends_before_the_next_clause(stages, voice):
    stop = threading.Event()
    sounds = stages.speak(
        "One is here. Two is there, as everybody can see.", voice, Delivery(), stop=stop
    )
    next(sounds)
    stop.set()
    assert list(sounds) == []
    assert len(stages.synthesizer.said) == 1


def test_stop_between_synthesizer_and_vocoder_spares_the_vocoder(stages, voice):
    stop = threading.Event()
    calls = []
    stages.vocoder.on_call = lambda: calls.append(1)
    original = stages.synthesizer.synthesize

    def stopping(phonemes, tensors, *, speed):
        stop.set()
        return original(phonemes, tensors, speed=speed)

    stages.synthesizer.synthesize = stopping
    assert said(stages, voice, "Hello there.", stop=stop) == []
    assert not calls


def test_a_voice_of_another_pipeline_is_refused(stages, voice):
    foreign = replace(voice, tensors={"humming": {"pitch_hz": np.zeros(1, np.float32)}})
    with pytest.raises(VoiceFileError, match="enrol it again"):
        said(stages, foreign, "Hello.")


def test_nothing_to_say_is_refused(stages, voice):
    with pytest.raises(TextRejectedError):
        said(stages, voice, "🙂")


def test_a_voice_is_made_from_all_clips_together(stages):
    clips = [Audio(np.ones(rate, np.float32), rate) for rate in (8_000, 24_000)]
    voice = stages.enrol(clips, name="alba", consent=CONSENT)
    assert stages.encoder.heard_s == [pytest.approx(2.0)]
    assert voice.tensors[stages.name]["style"][0] == 2
    assert voice.consent == CONSENT


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"speed": 0.49}, "a speed from 0.5 to 2.0, got 0.49"),
        ({"speed": float("nan")}, "a speed from 0.5 to 2.0, got nan"),
        ({"pitch_semitones": 12.1}, "a pitch from -12.0 to 12.0, got 12.1"),
        ({"pitch_semitones": float("nan")}, "a pitch"),
        ({"expression": -0.1}, "an expression from 0.0 to 2.0, got -0.1"),
        ({"expression": float("inf")}, "an expression"),
    ],
)
def test_a_delivery_out_of_range_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        Delivery(**wrong)


UNVOICED_HZ = 4.0  # as the synthesizer gives it: near 0, not 0
MELODY_HZ = [100.0, 140.0, 120.0, 90.0]
CURVE_HZ = np.array([UNVOICED_HZ, 30, *MELODY_HZ, 25, UNVOICED_HZ, 110, UNVOICED_HZ], np.float32)
SUNG = [2, 3, 4, 5, 8]
LOUDNESS = np.array([-9, 0, 6, 7, 5, 4, 0, -3, 6, -9], np.float32)
CLAUSE = Frames(np.ones((1, 5), np.float32), CURVE_HZ, LOUDNESS, np.array([5]))


def semitones(f0_hz):
    return 12 * np.log2(f0_hz)


def test_the_voices_own_delivery_changes_nothing():
    assert delivered(CLAUSE, PLAIN) is CLAUSE
    assert delivered(CLAUSE, Delivery(speed=2.0)) is CLAUSE


@pytest.mark.parametrize("asked", [-12.0, -3.5, 7.0, 12.0])
def test_pitch_moves_all_that_is_voiced_by_as_much_and_nothing_else(asked):
    moved = delivered(CLAUSE, Delivery(pitch_semitones=asked))
    voiced = CURVE_HZ > 10
    assert semitones(moved.f0_hz[voiced]) == pytest.approx(semitones(CURVE_HZ[voiced]) + asked)
    assert (moved.f0_hz[~voiced] == UNVOICED_HZ).all()
    assert (moved.energy == LOUDNESS).all()
    assert moved.f0_hz.dtype == moved.energy.dtype == np.float32


@pytest.mark.parametrize("expression", [0.0, 0.5, 1.5, 2.0])
def test_expression_scales_the_swing_of_pitch_and_loudness_round_their_means(expression):
    shaped = delivered(CLAUSE, Delivery(expression=expression))
    for before, after in (
        (semitones(CURVE_HZ), semitones(shaped.f0_hz)),
        (LOUDNESS, shaped.energy),
    ):
        swing = before[SUNG] - before[SUNG].mean()
        assert after[SUNG] == pytest.approx(before[SUNG].mean() + expression * swing, abs=1e-4)
    unvoiced = CURVE_HZ < 10
    assert (shaped.f0_hz[unvoiced] == UNVOICED_HZ).all()
    assert (shaped.energy[unvoiced] == LOUDNESS[unvoiced]).all()


def test_a_monotone_still_glides_between_voiced_and_unvoiced():
    flat = delivered(CLAUSE, Delivery(expression=0.0)).f0_hz
    assert flat[1] / flat[2] == pytest.approx(CURVE_HZ[1] / CURVE_HZ[2])
    assert 10 < flat[6] < 60


def test_a_clause_without_a_voiced_frame_is_left_alone():
    whisper = replace(CLAUSE, f0_hz=np.full(10, UNVOICED_HZ, np.float32))
    assert delivered(whisper, Delivery(pitch_semitones=5.0, expression=2.0)) is whisper


def test_the_vocoder_gets_the_frames_as_they_are_to_be_delivered(stages, voice):
    heard = []

    def synthesize(phonemes, tensors, *, speed):
        return CLAUSE

    def vocode(frames, tensors):
        heard.append(frames.f0_hz.max())
        return Audio(np.full(600, 0.5, np.float32), 24_000)

    stages.synthesizer.synthesize = synthesize
    stages.vocoder.vocode = vocode
    for asked in (0.0, 12.0):
        said(stages, voice, "Hello.", delivery=Delivery(pitch_semitones=asked))
    assert heard == pytest.approx([140.0, 280.0])


def test_silence_at_the_ends_is_not_vocoded():
    energy = np.full(40, -9.0, np.float32)
    energy[20:24] = 3.0  # frames 10 and 11
    features = np.arange(20, dtype=np.float32)[None]
    frames = Frames(features, np.arange(40, dtype=np.float32), energy, np.array([20]))
    kept = spoken_part(frames)
    assert kept.features[0].tolist() == list(range(8, 14))
    assert kept.f0_hz.tolist() == list(range(16, 28))
    assert len(kept.energy) == 12


def test_frames_that_are_all_silence_are_left_alone():
    quiet = np.full(4, -9.0, np.float32)
    frames = Frames(np.zeros((1, 2), np.float32), quiet, quiet, np.array([2]))
    assert spoken_part(frames) is frames
