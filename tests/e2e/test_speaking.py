"""The whole product on real weights: a recording in, cloned words out."""

import itertools
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.engine import Engine, State
from rtvc_bridge.enrolment import Clip, read_clip
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.safety.consent import attested
from rtvc_bridge.testing import policy
from rtvc_bridge.worker import Worker

pytestmark = pytest.mark.models

LINE = "Please leave the blue box on the chair, and then come back here."
LIMIT_S = 280


@pytest.fixture(scope="module")
def worker(artifact):
    artifact("kokoro-82m")
    artifact("ge2e")
    with Worker("rtvc_bridge.stages.assemble:three_stage", {}) as process:
        process.wait_ready()
        yield process


@pytest.fixture
def engine(worker):
    with Engine(worker, policy()) as running:
        yield running


@pytest.fixture(scope="module")
def reading(artifact):
    """12 s of one reader."""
    audio = read_clip(artifact("demo-speech")).audio
    return Audio(audio.samples[: 12 * audio.rate_hz], audio.rate_hz)


@pytest.fixture(scope="module")
def voice(worker, reading):
    with Engine(worker, policy()) as engine:
        return engine.enrol(
            [Clip.of(reading)], name="reader", consent=attested("The reader"), keep_clips=False
        ).voice


@pytest.fixture(scope="module")
def recogniser(artifact):
    pytest.importorskip("faster_whisper")
    from rtvc_bridge.bench.words import Recogniser

    return Recogniser(artifact("whisper-base"))


def test_the_words_are_understood(engine, voice, recogniser):
    from rtvc_bridge.bench.words import spelled_out

    heard = recogniser.words(joined(engine.say(LINE, voice, lane="test")))
    assert spelled_out(heard) == spelled_out(LINE)


def test_the_clone_is_closer_to_its_speaker_than_every_stock_voice_is_on_average(
    engine, voice, worker
):
    from rtvc_bridge.stages.assemble import tuner_file
    from rtvc_bridge.stages.tuner import load_tuner

    clone = engine.embed(joined(engine.say(LINE, voice, lane="test")))
    stock = load_tuner(tuner_file()).stock_embeddings @ voice.embedding
    assert clone @ voice.embedding > np.quantile(stock, 0.9)


def test_the_same_line_twice_is_the_same_sound(engine, voice):
    first, second = (joined(engine.say(LINE, voice, lane="test")) for _ in range(2))
    # Not to the last bit: how many threads add up a sum depends on how busy the computer is.
    np.testing.assert_allclose(first.samples, second.samples, atol=1e-4)


def test_clauses_meet_without_a_click(engine, voice):
    pieces = list(engine.say(LINE, voice, lane="test"))
    assert len(pieces) > 1
    within = max(np.abs(np.diff(piece.samples)).max() for piece in pieces)
    for before, after in itertools.pairwise(pieces):
        step = abs(float(after.samples[0] - before.samples[-1]))
        assert step < 0.01 < within


def test_faster_is_shorter_in_the_same_voice(engine, voice):
    usual = joined(engine.say(LINE, voice, lane="test"))
    fast = joined(engine.say(LINE, voice, lane="test", delivery=Delivery(speed=1.5)))
    assert usual.seconds / fast.seconds == pytest.approx(1.5, rel=0.15)
    assert engine.embed(fast) @ engine.embed(usual) > 0.8


@pytest.mark.parametrize("semitones", [-5.0, 5.0])
def test_the_pitch_moves_by_the_semitones_asked_for_in_the_same_words(engine, voice, semitones):
    usual = joined(engine.say(LINE, voice, lane="test"))
    moved = joined(
        engine.say(LINE, voice, lane="test", delivery=Delivery(pitch_semitones=semitones))
    )
    assert moved.seconds == pytest.approx(usual.seconds, rel=0.05)
    before, after = (np.median(pitches(sound)) for sound in (usual, moved))
    assert after - before == pytest.approx(semitones, abs=0.5)


def test_expression_narrows_and_widens_the_melody(engine, voice):
    spread = {}
    for expression in (0.0, 1.0, 2.0):
        delivery = Delivery(expression=expression)
        sung = pitches(joined(engine.say(LINE, voice, lane="test", delivery=delivery)))
        spread[expression] = np.subtract(*np.percentile(sung, [75, 25]))
    assert spread[0.0] < 0.4 * spread[1.0]
    assert spread[2.0] > 1.4 * spread[1.0]


def pitches(sound):
    """F0 in semitones of what is loud and voiced, by autocorrelation over 40 ms."""
    samples, rate_hz = sound.samples.astype(np.float64), sound.rate_hz
    size, hop = round(0.04 * rate_hz), round(0.01 * rate_hz)
    lags = slice(rate_hz // 400, rate_hz // 60)
    window = np.hanning(size)
    pieces = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    loud = pieces[pieces.std(axis=1) > 0.5 * samples.std()] * window

    def autocorrelation(signal):
        products = np.fft.irfft(np.abs(np.fft.rfft(signal, 2 * size)) ** 2)
        return products[..., lags] / products[..., :1]

    likeness = autocorrelation(loud) / autocorrelation(window)
    best = likeness.max(axis=1, keepdims=True)
    # The first lag that is nearly as good as the best: later ones are octaves below.
    first = lags.start + (likeness > 0.9 * best).argmax(axis=1)
    return 12 * np.log2(rate_hz / first[best[:, 0] > 0.6])


def test_a_killed_worker_fails_its_line_and_serves_the_next(engine, worker, voice):
    utterance = engine.say(" ".join([LINE] * 5), voice, lane="test")
    pieces = iter(utterance)
    next(pieces)
    waiting = engine.say("And this comes after it.", voice, lane="test")
    os.kill(worker.pid, signal.SIGKILL)
    list(pieces)
    assert utterance.wait(LIMIT_S).state is State.FAILED
    assert "signal 9" in str(utterance.status.reason)
    assert joined(waiting).seconds > 0.5
    assert waiting.wait(LIMIT_S).state is State.DONE


def test_the_command_speaks_like_a_clip_and_leaves_nothing_behind(artifact, recogniser, tmp_path):
    from rtvc_bridge.bench.words import spelled_out

    out = tmp_path / "hello.flac"
    command = [sys.executable, "-m", "rtvc_bridge.cli", "say", LINE, "--out", str(out), "--json"]
    like = ["--like", str(artifact("demo-speech")), "--consent-by", "The reader"]
    done = subprocess.run([*command, *like], capture_output=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr.decode()
    samples, rate_hz = soundfile.read(out, dtype="float32")
    assert rate_hz == 24_000
    assert json.loads(done.stdout)["seconds"] == pytest.approx(len(samples) / rate_hz, abs=0.01)
    assert spelled_out(recogniser.words(Audio(samples, rate_hz))) == spelled_out(LINE)
    assert list(tmp_path.iterdir()) == [out]


def test_without_weights_the_error_names_the_command_that_gets_them(tmp_path):
    environment = {**os.environ, "RTVC_HOME": str(tmp_path)}
    config = tmp_path / "config.toml"
    config.write_text("[models]\noffline = true\n")
    clip = tmp_path / "clip.wav"
    soundfile.write(clip, np.zeros(16_000), 16_000)
    command = [sys.executable, "-m", "rtvc_bridge.cli", "say", "Hello.", "--like", str(clip)]
    more = ["--consent-by", "A", "--out", str(tmp_path / "x.wav")]
    done = subprocess.run(
        [*command, *more], env=environment, capture_output=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 3
    assert b"rtvc-bridge models pull kokoro-82m" in done.stderr
    assert not (tmp_path / "x.wav").exists()
