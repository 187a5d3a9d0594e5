import threading
from dataclasses import replace

import numpy as np
import pytest

from rtvc_bridge import text
from rtvc_bridge.audio import Audio
from rtvc_bridge.errors import ModelError, TextRejectedError, VoiceFileError
from rtvc_bridge.pipeline import Delivery, FrameFormat, Frames, ThreeStage, spoken_part
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


@pytest.mark.parametrize("speed", [0.49, 2.01, float("nan")])
def test_a_speed_out_of_range_is_refused(speed):
    with pytest.raises(ValueError, match="speed"):
        Delivery(speed=speed)


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
