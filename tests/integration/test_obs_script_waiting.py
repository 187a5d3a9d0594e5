"""The OBS script in front of a daemon that hangs; OBS's own module is stood in for."""

import importlib.util
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest
import rtvc_obs
from sound_server import LIMIT_S, until

SCRIPT = Path(rtvc_obs.__file__).parent / "script" / "rtvc_bridge_say.py"


class Hanging(ThreadingHTTPServer):
    """A daemon that answers only once it is told to.

    Attributes:
        asked: The paths, as they came.
        answer: Lets it answer.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.answer = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: Hanging

    def do_GET(self):
        self.server.asked.append(self.path)
        self.server.answer.wait(LIMIT_S)
        said = json.dumps({"ready": True, "queue": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def daemon(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    (tmp_path / "state").mkdir()
    (tmp_path / "token").write_text("secret")
    with Hanging() as server:
        address = {
            "url": f"http://127.0.0.1:{server.server_port}",
            "token_file": str(tmp_path / "token"),
        }
        (tmp_path / "state" / "daemon.json").write_text(json.dumps(address))
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield server
        server.answer.set()
        server.shutdown()
        serving.join(LIMIT_S)


@pytest.fixture
def script(daemon, monkeypatch):
    """The script as OBS has it loaded."""
    obs = ModuleType("obspython")
    vars(obs).update(
        LOG_INFO=0,
        script_log=lambda _level, _words: None,
        obs_get_source_by_name=lambda _name: None,
    )
    monkeypatch.setitem(sys.modules, "obspython", obs)
    spec = importlib.util.spec_from_file_location("rtvc_bridge_say", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    script = module._SCRIPT
    yield script
    daemon.answer.set()
    script.stop()


def looked(script, times):
    """Let OBS's timer go off."""
    for _ in range(times):
        script.look()


def test_a_key_waits_for_one_look_at_a_daemon_that_hangs_and_not_for_all(script, daemon):
    looked(script, 1)
    until(lambda: daemon.asked)
    looked(script, 20)
    script.skip()
    daemon.answer.set()
    until(lambda: len(daemon.asked) > 1)
    assert daemon.asked == ["/v1/status", "/v1/queue/skip"]


def test_it_looks_again_once_the_daemon_has_answered(script, daemon):
    daemon.answer.set()
    until(lambda: looked(script, 1) or len(daemon.asked) > 1)
    assert script.daemon.state == "rtvc-bridge is ready."


def test_at_the_end_what_is_still_to_be_asked_is_given_up(script, daemon):
    script.skip()
    until(lambda: daemon.asked)
    for _ in range(20):
        script.skip()
    ending = threading.Thread(target=script.stop)
    ending.start()
    until(lambda: script.daemon.closing)
    daemon.answer.set()
    ending.join(LIMIT_S)
    assert daemon.asked == ["/v1/queue/skip"]
