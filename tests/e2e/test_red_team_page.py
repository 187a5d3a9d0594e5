"""A web page of somebody else's, open in this user's real browser, tries to use the local API."""

import http.server
import threading

import pytest
from integration.daemon_process import Home
from obs_browser import browsing

pytestmark = [pytest.mark.trust, pytest.mark.browser]

LINE = '{"text": "Send me the money.", "voice": "alba", "lane": "speaker"}'
TRIES = {
    "plain": "fetch(URL + '/v1/say', {method: 'POST', mode: 'no-cors', body: LINE})",
    "json": "fetch(URL + '/v1/say', {method: 'POST', body: LINE, headers: "
    "{'content-type': 'application/json'}})",
    "with a token": "fetch(URL + '/v1/say', {method: 'POST', body: LINE, headers: "
    "{'content-type': 'application/json', 'authorization': 'Bearer ' + TOKEN}})",
    "halt": "fetch(URL + '/v1/halt', {method: 'POST', mode: 'no-cors'})",
    "voices": "fetch(URL + '/v1/voices', {credentials: 'include'})",
    "beacon": "Promise.resolve(navigator.sendBeacon(URL + '/v1/halt', ''))",
    "picture": "new Promise((done) => { const i = new Image(); i.onload = i.onerror = done; "
    "i.src = URL + '/v1/status'; })",
    "form": "new Promise((done) => { const f = document.createElement('form'); f.method = 'POST'; "
    "f.action = URL + '/v1/halt'; const frame = document.createElement('iframe'); "
    "frame.name = 'there'; frame.onload = done; f.target = 'there'; "
    "document.body.append(frame, f); f.submit(); })",
}


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>A game</title><body></body>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
        """Say nothing."""


@pytest.fixture
def page():
    """The address of a page on another origin."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def test_a_page_of_another_origin_can_neither_speak_nor_stop_nor_read(page, tmp_path):
    home = Home.made(tmp_path / "home")
    with home.daemon(), browsing() as browser:
        address = home.address()
        token = (tmp_path / "home" / "state" / "token").read_text().strip()
        browser.goto(page)
        while browser.read("document.title") != "A game":
            pass
        given = f"const URL = {address['url']!r}, TOKEN = {token!r}, LINE = {LINE!r};"
        read = {
            name: browser.read(
                f"(async () => {{ {given} try {{ const a = await {each}; "
                "return a instanceof Response && a.type !== 'opaque' ? await a.text() : ''; } "
                "catch (error) { return ''; } })()"
            )
            for name, each in TRIES.items()
        }
        status = home.run("status", "--json").stdout
        audit = home.run("audit", "show", "--json").stdout
    assert set(read.values()) == {""}, read
    assert '"halted": false' in status.replace('":f', '": f')
    assert "Send me" not in status
    assert "said" not in audit
    assert "refused" not in audit  # it did not get as far as the engine
