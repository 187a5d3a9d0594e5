"""Where the daemon says it is, and what a dead one leaves behind."""

import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from rtvc_bridge.client.finding import Address, answers, found, token_of
from rtvc_bridge.daemon.state import held_state
from rtvc_bridge.errors import DaemonError
from rtvc_bridge.paths import ADDRESS_FILE

URL = "http://127.0.0.1:7878"


def leave(folder, **changes):
    address = {"pid": os.getpid(), "url": URL, "token_file": "t", "started_at": "now", **changes}
    (folder / ADDRESS_FILE).write_text(json.dumps(address), encoding="utf-8")


@pytest.fixture
def dead_pid():
    """The number of a process that is over."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_what_the_daemon_writes_is_found(tmp_path):
    with held_state(tmp_path) as state:
        state.announce(URL, "/there/token")
        address = found(tmp_path, wait_s=0)
    assert address is not None
    assert (address.pid, address.url, str(address.token_file)) == (os.getpid(), URL, "/there/token")
    assert found(tmp_path, wait_s=0) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"pid": "x", "url": 1}'])
def test_a_file_that_cannot_be_understood_is_as_good_as_none(tmp_path, content):
    (tmp_path / ADDRESS_FILE).write_bytes(content)
    assert found(tmp_path, wait_s=60) is None


def test_a_file_whose_writer_is_gone_is_not_believed(tmp_path, dead_pid):
    leave(tmp_path, pid=dead_pid)
    assert found(tmp_path, wait_s=60) is None
    leave(tmp_path, pid=dead_pid, url="")
    assert found(tmp_path, wait_s=60) is None


def test_a_daemon_that_does_not_listen_in_time_is_not_waited_for_longer(tmp_path):
    leave(tmp_path, url="")
    assert found(tmp_path, wait_s=0) is None


def test_a_daemon_that_is_starting_is_waited_for(tmp_path):
    seen = []
    with held_state(tmp_path) as state:
        waiting = threading.Thread(target=lambda: seen.append(found(tmp_path, wait_s=60)))
        waiting.start()
        state.announce(URL, "token")
        waiting.join(20)
    assert [address and address.url for address in seen] == [URL]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "no address", "http://[", "http://h:99999999"]
)
def test_nothing_answers_where_nothing_listens(url):
    assert not answers(Address(7, url, Path("token")))


def test_a_daemon_that_is_stuck_is_said_to_be_that():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = Address(7, f"http://127.0.0.1:{listening.getsockname()[1]}", Path("token"))
        with pytest.raises(DaemonError, match=r"pid 7\) does not answer"):
            answers(address, timeout_s=0.05)


def test_another_program_at_the_same_port_is_no_daemon(tmp_path):
    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        serving = threading.Thread(target=server.handle_request)
        serving.start()
        page = Address(7, f"http://127.0.0.1:{server.server_port}", tmp_path)
        assert not answers(page, timeout_s=60)
        serving.join()


@pytest.mark.parametrize("content", [None, "\u00e9"])
def test_a_token_that_cannot_be_read_is_said_to_be_that(tmp_path, content):
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(DaemonError, match=r"pid 7\), but its token cannot be read"):
        token_of(Address(7, URL, file))
