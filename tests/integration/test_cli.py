"""The commands as a shell sees them, on the humming pipeline."""

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from rtvc_bridge.testing import keep_key, tone_voice
from rtvc_bridge.voices import VoiceStore


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's folder with one humming voice, "alba", and settings that hum."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("RTVC_HOME", str(folder))
    (folder / "config.toml").write_text('[models]\npipeline = "humming"\n', encoding="utf-8")
    keep_key(folder / "data")
    VoiceStore(folder / "data" / "voices").add(tone_voice("alba", 220.0))
    return folder


@pytest.fixture
def run(home):
    def call(*words, **more):
        command = [sys.executable, "-m", "rtvc_bridge.cli", *map(str, words)]
        return subprocess.run(command, capture_output=True, timeout=120, check=False, **more)

    return call


def pitch_hz(samples, rate_hz):
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate_hz / len(samples))


@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".opus", ".mp3"])
def test_a_line_becomes_a_file_of_the_format_its_ending_names(run, tmp_path, ending):
    out = tmp_path / f"hello{ending}"
    done = run(
        "say", "Hello there, dear friends of the humming voice.", "--voice", "alba", "--out", out
    )
    assert done.returncode == 0, done.stderr
    samples, rate_hz = soundfile.read(out)
    assert len(samples) / rate_hz == pytest.approx(0.47, abs=0.1)
    assert pitch_hz(samples, rate_hz) == pytest.approx(220, abs=5)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [out.name]


def test_a_dash_streams_wav_to_standard_output_and_words_to_standard_error(run):
    done = run("say", "Hello there.", "--voice", "alba", "--out", "-")
    assert done.stdout[:4] == b"RIFF"
    _, _, sound = done.stdout.partition(b"data\xff\xff\xff\xff")
    samples = np.frombuffer(sound, "<i2") / 32767
    assert pitch_hz(samples, 16_000) == pytest.approx(220, abs=5)
    assert b"real-time factor" in done.stderr


def test_lines_from_standard_input_are_spoken_in_order_and_bad_ones_passed_over(run, tmp_path):
    lines = "Hello.\n\n\U0001f642\nGoodbye now.\n".encode() + b"\xff\xfe\n"
    done = run("say", "-", "--voice", "alba", "--out", tmp_path / "a.wav", "--json", input=lines)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["lines"] == 2
    assert b"passed over a line" in done.stderr


def test_figures_come_as_json(run, tmp_path):
    done = run("say", "Hello.", "--voice", "alba", "--out", tmp_path / "a.wav", "--json")
    figures = json.loads(done.stdout)
    assert figures["seconds"] == pytest.approx(0.06)
    assert 0 < figures["first_audio_s"] < 60


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["say", "Hello.", "--voice", "alb", "--out", "x.wav"], 1, "Did you mean 'alba'"),
        (["say", "Hello.", "--voice", "../../etc", "--out", "x.wav"], 1, "no voice"),
        (["say", "", "--voice", "alba", "--out", "x.wav"], 1, "nothing to say"),
        (["say", "x" * 501, "--voice", "alba", "--out", "x.wav"], 1, "limit is 500"),
        (["say", "Hello.", "--voice", "alba", "--out", "x.exe"], 1, "must be one of"),
        (["say", "Hello.", "--voice", "alba", "--out", "no/such/x.wav"], 3, "cannot be written"),
        (["say", "Hello.", "--out", "x.wav"], 2, "either --voice NAME or --like"),
        (["say", "Hello.", "--voice", "alba", "--speed", "9"], 2, "want a speed from 0.5 to 2.0"),
        (["say", "Hello.", "--voice", "alba", "--speed", "nan"], 2, "want a speed from 0.5 to 2.0"),
        (["say", "Hello.", "--voice", "alba", "--pitch", "13"], 2, "a pitch from -12.0 to 12.0"),
        (["say", "Hello.", "--voice", "alba", "--expression", "3"], 2, "expression from 0.0"),
        (["say", "Hello.", "--voice", "alba", "--out", "-", "--json"], 2, "standard output"),
        (["--config", "none.toml", "voices"], 3, "cannot be read"),
        (["voice", "rename", "alba", "a/b"], 1, "name"),
        (["voice", "info", "nobody"], 1, "no voice"),
        (["enrol", "alba", "x.wav", "--consent-by", "A"], 1, "already"),
        (["enrol", "berta", "x.wav", "--consent-by", "A"], 1, "x.wav"),
        (["enrol", "berta", "x.wav"], 1, "--consent-by"),
        (["models", "pull", "nonsense"], 3, "no artifact"),
    ],
)
def test_a_refusal_has_its_exit_code_and_says_why(run, tmp_path, words, code, message):
    done = run(*words, cwd=tmp_path, stdin=subprocess.DEVNULL)
    assert done.returncode == code, done.stderr
    # typer wraps usage errors in a box
    assert message in " ".join(done.stderr.decode().replace("│", " ").split())
    assert b"Traceback" not in done.stderr
    assert not list(tmp_path.glob("*.wav"))


def test_a_voice_is_shown_renamed_exported_deleted_and_taken_in_again(run, tmp_path):
    file = tmp_path / "alba.voice.safetensors"
    assert json.loads(run("voices", "--json").stdout)["voices"][0]["name"] == "alba"
    assert json.loads(run("voice", "info", "alba", "--json").stdout)["consent"]["by"] == "alba"
    assert run("voice", "rename", "alba", "alba two").returncode == 0
    assert b"alba two" in run("voices").stdout
    assert run("voice", "export", "alba two", file).returncode == 0
    assert run("voice", "delete", "alba two", "--yes").returncode == 0
    assert json.loads(run("voices", "--json").stdout)["voices"] == []
    assert run("voice", "import", file, "--name", "alba").stdout.strip() == b"alba"
    assert run("voice", "info", "alba").returncode == 0


def test_a_voice_is_not_deleted_without_a_yes(run):
    done = run("voice", "delete", "alba", input=b"n\n")
    assert done.returncode == 1
    assert run("voice", "info", "alba").returncode == 0


def test_a_damaged_voice_is_reported_and_stops_nobody(run, home):
    (home / "data" / "voices" / f"{'0' * 32}.voice.safetensors").write_bytes(b"\x80\x04pickle")
    done = run("voices")
    assert done.returncode == 0
    assert b"alba" in done.stdout
    assert b"damaged" in done.stderr


def test_config_check_says_ok_or_names_every_mistake(run, home):
    assert b"OK" in run("config", "check").stdout
    (home / "config.toml").write_text("[engine]\nmax_char = 1\n[models]\npipeline = 3\n")
    done = run("config", "check")
    assert done.returncode == 3
    assert b"engine.max_char: no such setting" in done.stderr
    assert b"models.pipeline" in done.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[models]\npipeline = "singing"\n', "no pipeline called 'singing'"),
        ("[adapters.telegraph]\n", "no adapter called 'telegraph'"),
    ],
)
def test_config_check_knows_what_is_installed(run, tmp_path, text, message):
    file = tmp_path / "other.toml"
    file.write_text(text)
    done = run("config", "check", file)
    assert done.returncode == 3
    assert message in done.stderr.decode()


def test_doctor_names_the_command_for_what_is_missing(run):
    done = run("doctor", "--json")
    checks = {check["part"]: check for check in json.loads(done.stdout)}
    assert done.returncode == 3
    assert checks["weights ge2e"]["state"] == "missing"
    assert checks["weights ge2e"]["fix"] == "rtvc-bridge models pull ge2e"
    assert checks["voices"]["detail"] == "1 enrolled"


def test_models_list_shows_every_artifact_and_its_licence(run):
    rows = json.loads(run("models", "list", "--json").stdout)
    assert {"kokoro-82m", "ge2e", "demo-speech"} <= {row["name"] for row in rows}
    assert all(row["licence"] and row["state"] == "missing" for row in rows)


def test_models_verify_says_what_to_run_for_what_is_not_there(run):
    done = run("models", "verify", "ge2e")
    assert done.returncode == 3
    assert b"rtvc-bridge models pull ge2e" in done.stderr


def test_help_loads_no_torch():
    code = (
        "import sys; sys.argv = ['rtvc-bridge', '--help']\n"
        "import atexit; atexit.register(lambda: print(sorted({'torch', 'onnx', 'onnxruntime', "
        "'hibari', 'psutil'} & sys.modules.keys())))\n"
        "from rtvc_bridge.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True)
    assert done.stdout.decode().splitlines()[-1] == "[]"


def test_a_closed_pipe_ends_the_program_quietly(home):
    with subprocess.Popen(
        [sys.executable, "-m", "rtvc_bridge.cli", "say", "-", "--voice", "alba", "--out", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(b"Hello.\n" * 50)
        process.stdin.close()
        errors = process.stderr.read()
        process.wait(timeout=60)
    assert process.returncode != 0
    assert b"Traceback" not in errors
