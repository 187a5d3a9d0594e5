"""Requests that nobody in their right mind sends, drawn by chance from fixed seeds."""

import errno
import json
import random
import socket
import string

import httpx
import pytest
import schemathesis
from http_host import SOON_S, served
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

pytestmark = pytest.mark.http

ENDLESS = "/v1/events"
MALFORMED = 1_000
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTVC_HOME", str(home))
        with served(home) as daemon:
            end = daemon.engine.play_lane("speaker", lambda utterance: None)
            yield daemon
            end()


@pytest.fixture(scope="module")
def document(daemon):
    url = f"{daemon.url}/openapi.json"
    return schemathesis.openapi.from_url(url, headers=daemon.headers())


schema = schemathesis.pytest.from_fixture("document").exclude(path=ENDLESS)


@schema.parametrize()
@settings(
    max_examples=20,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_what_its_own_document_allows_never_breaks_it(daemon, case):
    if isinstance(case.body, dict) and "voice" in case.body:
        case.body["voice"] = "alba"  # by chance, nobody would ever speak
    daemon.engine.queue.resume()  # it may have been paused by chance, or everything stopped
    daemon.engine.queue.lift()
    case.call_and_validate(headers=daemon.headers(), checks=CHECKS, timeout=SOON_S)


def malformed(rng, token):
    """One request as raw bytes: a decent one, of which something is spoilt."""
    body = json.dumps({"text": "Hello.", "voice": "alba", "speed": 1})
    method = rng.choice(["POST", "GET", "DELETE", "PATCH", "BREW", "post", ""])
    path = rng.choice(["/v1/say", "/v1/voices", "/v1/voices/%ff%00", "/v1/utterances/x", "//", "*"])
    kind = rng.choice(["application/json", "multipart/form-data; boundary=x", "text/x", "\xff"])
    headers = {
        "Host": rng.choice(["127.0.0.1", "127.0.0.1", "[", "evil.example", "\xff"]),
        "Authorization": rng.choice([f"Bearer {token}", f"Bearer {token}", "Bearer", "\xff"]),
        "Content-Type": kind,
    }
    spoilt = rng.choice(
        [
            "{",
            "[" * 50_000,
            '{"text": NaN, "speed": 1e999}',
            '{"speed": ' + "9" * 5_000 + "}",
            '{"text": "\\ud800", "voice": "\\u0000", "\\udfff": 1}',
            "--x\r\nContent-Disposition: form-data; name=clips; filename=\xff\r\n\r\n\x00",
            "--x--",
            "".join(rng.choices(string.printable + "\x00\xff", k=200)),
            body,
        ]
    )
    length = rng.choice([len(spoilt)] * 4 + [len(spoilt) - 1, len(spoilt) + 1, -1, "x", 10**12])
    headers[rng.choice(["Content-Length"] * 9 + ["Transfer-Encoding"])] = str(length)
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n" + spoilt).encode("latin-1")


def answered(address, request):
    """The status of the answer, None if there is none."""
    with socket.create_connection(address, timeout=SOON_S) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            start = connection.recv(12)
        except OSError as error:
            if error.errno not in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN):
                raise
            return None
    return int(start[9:12]) if start else None


def test_a_thousand_malformed_requests_break_nothing(daemon, caplog):
    rng = random.Random(4)
    url = httpx.URL(daemon.url)
    token = daemon.token()
    daemon.engine.queue.lift()
    statuses = [answered((url.host, url.port), malformed(rng, token)) for _ in range(MALFORMED)]
    assert {status for status in statuses if status is not None and status >= 500} == set()
    assert {400, 401, 404, 405, 413, 421, 422} <= set(statuses)
    assert "failed" not in caplog.text
    with daemon.client() as api:
        assert api.get("/v1/health").json() == {"ready": True}
        asked = {"model": "tts-1", "voice": "alba", "input": "Still here."}
        assert api.post("/v1/audio/speech", json=asked).content
