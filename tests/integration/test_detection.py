"""Asking whether a recording is synthetic, over HTTP and from a shell."""

import json
import subprocess
import sys

import pytest
import soundfile
from http_host import served

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.http.guard import SMALL_BODY_BYTES
from rtvc_bridge.stages.watermark import load_watermark

pytestmark = [pytest.mark.models, pytest.mark.trust]


@pytest.fixture
def recording(artifact, tmp_path):
    """Four seconds of somebody reading."""
    samples, rate_hz = soundfile.read(artifact("demo-speech"), dtype="float32")
    path = tmp_path / "recording.wav"
    soundfile.write(path, samples[: 4 * rate_hz], rate_hz)
    return path


@pytest.fixture
def marked(artifact, recording, tmp_path):
    """The same with the watermark in it, as MP3."""
    samples, rate_hz = soundfile.read(recording, dtype="float32")
    marker, _ = load_watermark(artifact("perth"))
    sound = joined(marker.marked([Audio(samples, rate_hz)]))
    path = tmp_path / "marked.mp3"
    soundfile.write(path, sound.samples, rate_hz)
    return path


@pytest.fixture
def home(artifact, tmp_path, monkeypatch):
    """A user's folder without settings, in which the weights are there already."""
    cache = artifact("perth").parent.parent
    folder = tmp_path / "home"
    (folder / "cache").mkdir(parents=True)
    (folder / "cache" / "models").symlink_to(cache)
    monkeypatch.setenv("RTVC_HOME", str(folder))
    return folder


@pytest.fixture
def api(home, tmp_path):
    with served(tmp_path) as daemon, daemon.client() as client:
        client.timeout = 120.0  # each examination starts a process that loads torch
        yield client


def detect(*words):
    command = [sys.executable, "-m", "rtvc_bridge.cli", "detect", *map(str, words)]
    return subprocess.run(command, capture_output=True, timeout=120, check=False, text=True)


@pytest.mark.http
def test_an_upload_is_told_from_synthetic_sound(api, recording, marked):
    for path, synthetic in ((recording, False), (marked, True)):
        answer = api.post("/v1/detect", files={"file": path.read_bytes()})
        assert answer.status_code == 200, answer.text
        verdict = answer.json()
        assert verdict["synthetic"] is synthetic
        assert verdict["seconds"] == pytest.approx(4, abs=0.1)
        assert (verdict["score"] > 0.9) is synthetic


@pytest.mark.http
def test_an_upload_larger_than_other_requests_may_be_is_examined(api, recording, tmp_path):
    samples, rate_hz = soundfile.read(recording, dtype="float32")
    long = tmp_path / "long.wav"
    soundfile.write(long, [*samples] * 6, rate_hz, subtype="FLOAT")
    assert long.stat().st_size > SMALL_BODY_BYTES
    answer = api.post("/v1/detect", files={"file": long.read_bytes()})
    assert answer.status_code == 200, answer.text
    assert answer.json()["seconds"] == pytest.approx(24, abs=0.1)


@pytest.mark.http
def test_an_upload_that_is_not_sound_is_a_problem_with_words(api):
    answer = api.post("/v1/detect", files={"file": b"no sound at all"})
    assert answer.status_code == 422
    assert "not a sound file" in answer.json()["detail"]


@pytest.mark.http
def test_an_upload_without_sound_is_refused_in_whole_words(api, tmp_path):
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, [0.0] * 24_000, 24_000)
    answer = api.post("/v1/detect", files={"file": silent.read_bytes()})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "There is no sound in the recording."


def test_files_are_named_with_what_they_are_and_the_exit_code_tells(home, recording, marked):
    clean = detect(recording)
    assert clean.returncode == 0
    assert "no watermark" in clean.stdout
    both = detect(recording, marked)
    assert both.returncode == 4
    assert f"{marked}: synthetic" in both.stdout


def test_figures_come_as_json(home, recording, marked):
    done = detect("--json", recording, marked)
    rows = json.loads(done.stdout)
    assert [row["synthetic"] for row in rows] == [False, True]
    assert [row["file"] for row in rows] == [str(recording), str(marked)]


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_still_examined(
    home, marked, tmp_path
):
    done = detect(tmp_path / "gone.wav", marked)
    assert done.returncode == 1
    assert "gone.wav" in done.stderr
    assert "synthetic" in done.stdout
