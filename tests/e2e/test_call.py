"""What a call in Chromium hears through the microphone."""

import shutil

import numpy as np
import pytest
from call import calling
from mic_side import TONE_HZ, loud_part, strongest_hz, tone
from rtvc_virtualmic import VirtualMic
from sound_server import RATE_HZ, private_server, until

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.engine import Engine
from rtvc_bridge.enrolment import Clip, read_clip
from rtvc_bridge.safety.consent import attested
from rtvc_bridge.testing import policy
from rtvc_bridge.worker import Worker

pytestmark = [pytest.mark.mic, pytest.mark.browser]

LINE = "Please leave the blue box on the chair, and then come back here."


@pytest.fixture(params=["pulse", "pipewire"])
def server(request, tmp_path, monkeypatch):
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not installed")
    with private_server(request.param, tmp_path / "sound", monkeypatch) as server:
        server.start()
        yield server


def test_chromium_offers_the_microphone_and_a_call_hears_what_is_sent(server):
    with VirtualMic() as mic, calling() as call:
        assert mic.device in call.microphones()
        call.begin(mic.device, processing=False)
        until(lambda: mic.listeners() == ("Chromium input",))
        mic.send(tone(2.0))
        call.wait_for(5.0)
        sound = loud_part(call.far_end().samples)
    assert len(sound) / RATE_HZ == pytest.approx(2.0, abs=0.3)
    assert strongest_hz(sound) == pytest.approx(TONE_HZ, abs=2)


@pytest.mark.models
@pytest.mark.parametrize("processing", [False, True])
@pytest.mark.parametrize("server", ["pulse"], indirect=True)
def test_the_far_end_of_a_call_understands_the_words_and_knows_the_speaker(
    artifact, server, processing
):
    pytest.importorskip("faster_whisper")
    from rtvc_bridge.bench.words import Recogniser, spelled_out
    from rtvc_bridge.stages.assemble import tuner_file
    from rtvc_bridge.stages.tuner import load_tuner

    for name in ("kokoro-82m", "ge2e"):
        artifact(name)
    reading = read_clip(artifact("demo-speech")).audio
    clip = Clip.of(Audio(reading.samples[: 12 * reading.rate_hz], reading.rate_hz))
    with (
        Worker("rtvc_bridge.stages.assemble:three_stage", {}) as worker,
        Engine(worker, policy()) as engine,
    ):
        consent = attested("The reader")
        voice = engine.enrol([clip], name="reader", consent=consent, keep_clips=False).voice
        said = joined(engine.say(LINE, voice, lane="test"))
        with VirtualMic() as mic, calling() as call:
            call.begin(mic.device, processing=processing)
            mic.send(said.samples, said.rate_hz)
            call.wait_for(said.seconds + 1.0)
            heard = Audio(loud_part(call.far_end().samples, 0.005), RATE_HZ)
        likeness = engine.embed(heard) @ voice.embedding
    words = Recogniser(artifact("whisper-base")).words(heard)
    assert spelled_out(words) == spelled_out(LINE)
    stock = load_tuner(tuner_file()).stock_embeddings @ voice.embedding
    assert likeness > np.quantile(stock, 0.9)
