"""A daemon on real weights: enrolled, heard and stopped by the commands a user types."""

import json

import pytest
import soundfile
from integration.daemon_process import Home

from rtvc_bridge import paths
from rtvc_bridge.audio import Audio
from rtvc_bridge.enrolment import read_clip

pytestmark = [pytest.mark.models, pytest.mark.http]

LINE = "Please leave the blue box on the chair, and then come back here."
SETTINGS = "[adapters.http]\nport = 0\n"


@pytest.fixture
def home(tmp_path, artifact):
    """A new user's folder; only the weights are there already."""
    artifact("kokoro-82m")
    artifact("ge2e")
    home = Home.made(tmp_path / "home", voices=())
    (home.folder / "config.toml").write_text(SETTINGS, encoding="utf-8")
    (home.folder / "cache").symlink_to(paths.cache_dir())
    return home


@pytest.fixture
def clip(tmp_path, artifact):
    """12 s of one reader."""
    audio = read_clip(artifact("demo-speech")).audio
    file = tmp_path / "reader.wav"
    soundfile.write(file, audio.samples[: 12 * audio.rate_hz], audio.rate_hz)
    return file


def test_a_voice_enrolled_through_the_daemon_says_words_that_are_understood(home, clip, artifact):
    pytest.importorskip("faster_whisper")
    from rtvc_bridge.bench.words import Recogniser, spelled_out

    with home.daemon() as process:
        enrolled = home.run("enrol", "reader", clip, "--consent-by", "The reader", "--json")
        assert enrolled.returncode == 0, enrolled.stderr
        sound = home.folder / "line.wav"
        said = home.run("say", LINE, "--voice", "reader", "--out", sound, "--json")
        assert said.returncode == 0, said.stderr
        assert json.loads(said.stdout)["lines"] == 1
        status = json.loads(home.run("status", "--json").stdout)
        assert status["ready"]
        assert status["latency"]["http"]["count"] == 1
        assert home.run("stop").returncode == 0
        assert process.wait(60) == 0
    samples, rate_hz = soundfile.read(sound, dtype="float32")
    heard = Recogniser(artifact("whisper-base")).words(Audio(samples, rate_hz))
    assert spelled_out(heard) == spelled_out(LINE)
