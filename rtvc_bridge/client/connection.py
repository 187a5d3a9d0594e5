"""Requests to one daemon, and what goes wrong on the way there and back."""

import socket
import threading
import weakref
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import httpx

from rtvc_bridge.client.problems import problem_of
from rtvc_bridge.client.wire import sendable_values
from rtvc_bridge.errors import DaemonError

CONNECT_S = 1.0
ANSWER_S = 30.0
_BODIES = frozenset({"json", "params", "data"})
_CLOSED = "The connection to the daemon was closed."


class Connection:
    """A pool of connections; for any thread, several at once.

    Args:
        url: For example "http://127.0.0.1:7878".
        token: As the daemon's token file holds it.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"},
            trust_env=False,  # a proxy must not see the token
            verify=url.startswith("https:"),  # reading the certificates takes 90 ms
        )
        self._lock = threading.Lock()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._closed = False

    def close(self) -> None:
        """End every request, on whichever thread it waits."""
        with self._lock:
            self._closed = True
            sockets = list(self._sockets)
        for each in sockets:
            with suppress(OSError):  # it may have ended by itself
                each.shutdown(socket.SHUT_RDWR)
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        answer_s: float = ANSWER_S,
        **options: Any,  # noqa: ANN401 - those of httpx.Client.request
    ) -> httpx.Response:
        """Return the answer, whole.

        Raises:
            RtvcBridgeError: As the daemon refused.
            DaemonError: If it is not there, stops, or takes longer than `answer_s`.
        """
        try:
            response = self._http.request(method, path, **self._common(answer_s, options))
        except httpx.HTTPError as error:
            raise self._lost(error) from error
        except RuntimeError as error:  # httpx's own, after `close`
            raise DaemonError(_CLOSED) from error
        if response.is_error:
            raise problem_of(response)
        return response

    def pieces(
        self,
        method: str,
        path: str,
        **options: Any,  # noqa: ANN401 - those of httpx.Client.stream
    ) -> Generator[bytes]:
        """Ask, and yield the answer as it comes, for as long as it takes; `close` just ends it.

        Raises:
            RtvcBridgeError: As the daemon refused.
            DaemonError: If it is not there, or stops before the answer is whole.
        """
        try:
            with self._http.stream(method, path, **self._common(None, options)) as response:
                if response.is_error:
                    response.read()
                    raise problem_of(response)
                yield from response.iter_bytes()
        except httpx.HTTPError as error:
            if not self._closed:
                raise self._lost(error) from error
        except RuntimeError as error:  # httpx's own, after `close`
            raise DaemonError(_CLOSED) from error

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def _common(self, answer_s: float | None, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options of every request, and the given ones, sendable."""
        texts = {key: sendable_values(options[key]) for key in _BODIES & options.keys()}
        timeout = httpx.Timeout(answer_s, connect=CONNECT_S)
        return {**options, **texts, "timeout": timeout, "extensions": {"trace": self._remember}}

    def _remember(self, event: str, info: dict[str, Any]) -> None:
        """Keep each new socket, so that `close` can wake whoever reads from it."""
        if event == "connection.connect_tcp.complete":
            made: socket.socket = info["return_value"].get_extra_info("socket")
            with self._lock:
                self._sockets.add(made)
                late = self._closed
            if late:
                made.shutdown(socket.SHUT_RDWR)

    def _lost(self, error: httpx.HTTPError) -> DaemonError:
        if self._closed:
            return DaemonError(_CLOSED)
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return DaemonError(
                f"No daemon answers at {self._url} any more. Start it again: rtvc-bridge run"
            )
        if isinstance(error, httpx.TimeoutException):
            return DaemonError("The daemon does not answer in time. It may be stuck: see its log.")
        return DaemonError(
            "The daemon broke off before it was done. `rtvc-bridge status` says whether it runs."
        )
