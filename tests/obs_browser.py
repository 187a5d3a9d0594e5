"""A headless Chromium for tests, steered over the DevTools protocol."""

import base64
import itertools
import json
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

LIMIT_S = 60
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    "--window-size=1280,720",
)


class Browser:
    """One page. Made by `browsing`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    def goto(self, address: str) -> None:
        """Show that page."""
        self._call("Page.navigate", url=address)

    def read(self, expression: str) -> Any:
        """Return what a JavaScript expression gives; promises are waited for."""
        answer = self._call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def picture(self) -> bytes:
        """Return what it shows, as PNG."""
        return base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"])

    def _call(self, method: str, **params: object) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(LIMIT_S))
            if message.get("id") == number:
                assert "error" not in message, message
                return dict(message["result"])


@contextmanager
def browsing() -> Iterator[Browser]:
    """Give a browser with an empty page."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            ("chromium", *FLAGS, f"--user-data-dir={folder}", "about:blank"),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        try:
            assert process.stderr is not None
            port = next(
                line.decode().split("127.0.0.1:")[1].split("/")[0]
                for line in process.stderr
                if b"DevTools listening" in line
            )
            with connect(_page(int(port)), max_size=None, proxy=None) as socket:
                yield Browser(socket)
        finally:
            process.kill()
            process.wait(LIMIT_S)
            assert process.stderr is not None
            process.stderr.close()


def _page(port: int) -> str:
    """Return where its first page is steered; there is none for a moment after the start."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    give_up_at = time.monotonic() + LIMIT_S
    while time.monotonic() < give_up_at:
        with direct.open(f"http://127.0.0.1:{port}/json", timeout=LIMIT_S) as answer:
            pages = [each for each in json.loads(answer.read()) if each["type"] == "page"]
        if pages:
            return str(pages[0]["webSocketDebuggerUrl"])
    msg = "Chromium shows no page"
    raise AssertionError(msg)
