"""`rtvc-bridge run` as a process of its own, on the humming pipeline."""

import io
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
import soundfile
from integration.daemon_process import PROGRAM, SETTINGS, Home
from unit.test_enrolment import speech

resource = pytest.importorskip("resource")  # not on Windows
pytestmark = [
    pytest.mark.http,
    pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them"),
]
SOON_S = 30.0  # a limit on failure, not a wait


class Running:
    """A daemon's process, its address and its API."""

    def __init__(self, process, home):
        self.process = process
        self.address = home.address()
        token = Path(self.address["token_file"]).read_text(encoding="utf-8").strip()
        self.api = httpx.Client(
            base_url=self.address["url"],
            headers={"Authorization": f"Bearer {token}"},
            timeout=SOON_S,
        )

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(SOON_S)


@pytest.fixture
def home(tmp_path):
    return Home.made(tmp_path / "home")


@contextmanager
def daemon(home) -> Iterator[Running]:
    with home.daemon() as process:
        running = Running(process, home)
        yield running
        running.api.close()


def speak(api, text="Hello there."):
    return api.post(
        "/v1/audio/speech",
        json={"model": "tts-1", "input": text, "voice": "alba", "response_format": "pcm"},
    )


def test_a_daemon_speaks_reports_itself_and_goes_in_order(home):
    with daemon(home) as running:
        sound = speak(running.api)
        assert (sound.status_code, len(sound.content) > 1000) == (200, True)
        status = running.api.get("/v1/status").json()
        assert status["pid"] == running.process.pid
        assert [adapter["name"] for adapter in status["adapters"]] == ["http"]
        assert running.end() == 0
    assert not (home.folder / "state" / "daemon.json").exists()


def test_ctrl_c_ends_a_daemon_in_order(home):
    with daemon(home) as running:
        assert running.end(signal.SIGINT) == 0


def test_a_daemon_can_be_told_to_stop_over_its_api(home):
    with daemon(home) as running:
        assert running.api.post("/v1/daemon/stop").status_code == httpx.codes.ACCEPTED
        assert running.process.wait(SOON_S) == 0


def test_a_second_daemon_refuses_and_names_the_first(home):
    with daemon(home) as running:
        second = home.run("run")
        assert second.returncode == 3
        assert f"runs already (pid {running.process.pid})" in second.stderr


def test_after_a_kill_nothing_is_left_and_the_next_one_starts(home):
    with daemon(home) as running:
        below = psutil.Process(running.process.pid).children(recursive=True)
        assert below
        running.end(signal.SIGKILL)
        _, alive = psutil.wait_procs(below, timeout=SOON_S)
        assert alive == []
    with daemon(home) as again:
        assert speak(again.api).status_code == httpx.codes.OK


def test_a_taken_port_is_told_with_the_setting_that_mends_it(home):
    with daemon(home) as running:
        port = httpx.URL(running.address["url"]).port
        other = Home.made(home.folder / "other")
        (other.folder / "config.toml").write_text(
            SETTINGS.replace("port = 0", f"port = {port}"), encoding="utf-8"
        )
        process = subprocess.Popen(
            [*PROGRAM, "run"],
            stderr=subprocess.PIPE,
            text=True,
            env=other.environment,
        )
        assert process.stderr is not None
        said = process.stderr.readline()
        process.terminate()
        said += process.stderr.read()
        process.wait(SOON_S)
        process.stderr.close()
    assert str(port) in said
    assert "adapters.http" in said


def test_settings_are_read_again_where_that_is_safe(home):
    with daemon(home) as running:
        changed = SETTINGS.replace("port = 0", "port = 0\nmax_streams = 3")
        (home.folder / "config.toml").write_text(
            "[engine]\nmax_chars = 10\n" + changed, encoding="utf-8"
        )
        answer = running.api.post("/v1/daemon/reload").json()
        assert answer == {"applied": ["adapters.http"], "refused": ["engine"]}


def test_wrong_settings_change_nothing(home):
    with daemon(home) as running:
        (home.folder / "config.toml").write_text("[engine]\nno_such = 1\n", encoding="utf-8")
        answer = running.api.post("/v1/daemon/reload")
        assert answer.status_code in range(400, 600)
        assert "no_such" in answer.json()["detail"]
        assert speak(running.api).status_code == httpx.codes.OK


def logged(running, words):
    """The lines of the log that hold `words`, once there are any."""
    give_up_at = time.monotonic() + SOON_S
    while time.monotonic() < give_up_at:
        lines = running.api.get("/v1/log").json()["lines"]
        if found := [line for line in lines if words in line]:
            return found
    raise AssertionError(f"the log never said: {words}")


def test_a_hang_up_reads_the_settings_again_and_wrong_ones_change_nothing(home):
    with daemon(home) as running:
        (home.folder / "config.toml").write_text("[engine]\nno_such = 1\n", encoding="utf-8")
        running.process.send_signal(signal.SIGHUP)
        (line,) = logged(running, "not read again")
        assert "engine.no_such: no such setting" in line
        assert speak(running.api).status_code == httpx.codes.OK
        (home.folder / "config.toml").write_text(
            "[engine]\nmax_chars = 10\n" + SETTINGS, encoding="utf-8"
        )
        running.process.send_signal(signal.SIGHUP)
        assert "engine waits for a restart" in logged(running, "were read again")[0]
        assert not [
            each for each in running.api.get("/v1/log").json()["lines"] if "asyncio" in each
        ]


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux fills up another process")
@pytest.mark.parametrize("seconds", [10, 50], ids=["kept in memory first", "kept on disk first"])
def test_an_upload_that_the_disk_cannot_hold_is_told_and_loses_nothing(
    home, tmp_path, monkeypatch, seconds
):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    recording = io.BytesIO()
    sound = speech(seconds)
    soundfile.write(recording, sound.samples, sound.rate_hz, format="WAV")
    form = {"name": "Cara", "consent_by": "Cara C."}
    with (home.folder / "config.toml").open("a", encoding="utf-8") as settings:
        settings.write('[consent]\nothers = "attested"\n')

    def upload(api):
        return api.post("/v1/voices", data=form, files={"clips": recording.getvalue()})

    with daemon(home) as running:
        pid, unlimited = running.process.pid, resource.RLIM_INFINITY
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (200_000, unlimited))
        refused = upload(running.api)
        assert (refused.status_code, refused.json()["type"]) == (503, "urn:rtvc-bridge:storage")
        assert "cannot be kept" in refused.json()["detail"]
        assert list(scratch.iterdir()) == []
        assert speak(running.api).status_code == httpx.codes.OK
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
        assert upload(running.api).status_code == httpx.codes.CREATED
        assert sorted(voice["name"] for voice in running.api.get("/v1/voices").json()) == [
            "Cara",
            "alba",
        ]


def test_wrong_adapter_settings_are_told_before_anything_starts(home):
    (home.folder / "config.toml").write_text("[adapters.http]\nno_such = 1\n", encoding="utf-8")
    refused = home.run("run")
    assert refused.returncode == 3
    assert "no_such: no such setting" in refused.stderr
