"""The same through the programs pactl and pacat, for where the Python packages are missing."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.errors import DeviceError
from rtvc_virtualmic.backend import Format
from rtvc_virtualmic.control import START_SERVER, Control, Playing, Recording

LIMIT_S = 5.0
PIPE_BYTES = 4096
SLACK = 2
"""Times the latency asked for: with one process more on the way, less was measured to stutter."""
_INSTALL = "on Debian or Ubuntu, sudo apt-get install pulseaudio-utils."


class PactlControl:
    """Control through pactl 15 or later, one process per question."""

    def server(self) -> str:
        """Return what the server calls itself."""
        said = dict(line.split(": ", 1) for line in _pactl("info").splitlines() if ": " in line)
        return f"{said.get('Server Name', '?')} {said.get('Server Version', '')}"

    def sinks(self) -> dict[str, int]:
        """Return the number of every output by name."""
        return {each["name"]: each["index"] for each in _listed("sinks")}

    def sources(self) -> dict[str, int]:
        """Return the number of every input by name, monitors of outputs among them."""
        return {each["name"]: each["index"] for each in _listed("sources")}

    def load(self, module: str, arguments: str) -> None:
        """Load a module."""
        _pactl("load-module", module, arguments)

    def unload(self, module: str, argument: str) -> None:
        """Unload every such module that was loaded with `argument` among its arguments."""
        for line in _pactl("list", "short", "modules").splitlines():
            index, name, arguments = [*line.split("\t"), "", ""][:3]
            if name == module and argument in arguments.split():
                _pactl("unload-module", index)

    def recordings(self) -> Sequence[Recording]:
        """Return the streams that record."""
        return tuple(
            Recording(each["index"], each["source"], _program(each))
            for each in _listed("source-outputs")
        )

    def playing(self) -> Sequence[Playing]:
        """Return the streams that play."""
        return tuple(Playing(each["sink"], _program(each)) for each in _listed("sink-inputs"))

    def move(self, recording: int, source: str) -> None:
        """Let a stream record from `source`."""
        _pactl("move-source-output", str(recording), source)

    def defaults(self) -> tuple[str, str]:
        """Return the names of the default output and input."""
        return _pactl("get-default-sink").strip(), _pactl("get-default-source").strip()

    def set_defaults(self, sink: str, source: str) -> None:
        """Set both; "" leaves one as it is."""
        if sink:
            _pactl("set-default-sink", sink)
        if source:
            _pactl("set-default-source", source)


@contextmanager
def pactl_control() -> Iterator[Control]:
    """Give the server through pactl."""
    yield PactlControl()


def _program(stream: dict[str, Any]) -> str:
    name: str = stream.get("properties", {}).get("application.name", "a program")
    return name


def _listed(kind: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(_pactl("--format=json", "list", kind) or "[]")
    except json.JSONDecodeError as error:
        raise DeviceError(f"pactl is older than 15: {_INSTALL}") from error
    return found


def _pactl(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["pactl", *arguments], capture_output=True, timeout=LIMIT_S, check=False
        )
    except FileNotFoundError as error:
        raise DeviceError(f"pactl is not installed: {_INSTALL}") from error
    except subprocess.TimeoutExpired as error:
        raise DeviceError(f"The sound server does not answer. {START_SERVER}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise DeviceError(f"The sound server refuses ({said}). {START_SERVER}")
    return done.stdout.decode(errors="replace")


class PacatStream:
    """A running pacat. Made by `pacat_stream`."""

    may_rest = False

    def __init__(self, process: subprocess.Popen[bytes], form: Format) -> None:
        self._process = process
        self._form = form

    def write(self, samples: NDArray[np.float32]) -> None:
        """Take mono float32 [n], waiting until there is room for it.

        Raises:
            DeviceError: If pacat ended, which it does when the server goes away.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(self._form.bytes_of(samples))
        except OSError as error:
            raise DeviceError("The sound server went away (pacat ended).") from error

    def hand_ahead(self, latency_ms: int) -> bool:
        """Return False: how much is settled when it is opened."""
        del latency_ms
        return False

    def close(self) -> None:
        """End it."""
        self._process.kill()
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process.wait()


def pacat_stream(sink: str, form: Format, latency_ms: int) -> PacatStream:
    """Return a stream into `sink` that is handed SLACK * `latency_ms` ahead, and a full pipe.

    Raises:
        DeviceError: If pacat is not installed.
    """
    command = [
        "pacat",
        "--playback",
        f"--device={sink}",
        f"--rate={form.rate_hz}",
        f"--channels={form.channels}",
        "--format=float32le",
        f"--latency-msec={SLACK * latency_ms}",
        "--client-name=rtvc-bridge",
        "--stream-name=voice",
    ]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
    except FileNotFoundError as error:
        raise DeviceError(f"pacat is not installed: {_INSTALL}") from error
    if sys.platform == "linux":
        import fcntl

        assert process.stdin is not None
        fcntl.fcntl(process.stdin, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return PacatStream(process, form)
