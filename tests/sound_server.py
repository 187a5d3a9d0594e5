"""Private PulseAudio and PipeWire servers without hardware, for tests and benchmarks."""

import contextlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

LIMIT_S = 60.0  # a limit on failure, not a wait
RATE_HZ = 48_000
PROGRAMS = {
    "pulse": ("pulseaudio", "pactl", "parec"),
    "pipewire": (
        *("pipewire", "wireplumber", "pipewire-pulse", "pw-metadata"),
        *("dbus-daemon", "pactl", "parec"),
    ),
}
QUANTUM = 1024
"""PipeWire's own default. It follows its programs' wishes below that, and then loses a period
now and then on a machine without sound hardware, whatever plays."""


def until(condition: Callable[[], object], complaint: str = "it never came to that") -> None:
    """Return once `condition()` holds; fail with `complaint` if it does not within LIMIT_S."""
    give_up_at = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < give_up_at, complaint
        threading.Event().wait(0.01)  # leaves the processor to what is waited for


class SoundServer:
    """A sound server of our own, living in a folder that nobody else uses.

    Args:
        kind: "pulse" or "pipewire".
        folder: Where its sockets, state and its programs' home are.

    Attributes:
        kind: As given.
        environment: What its programs need; nothing of the user's own sound is reached by it.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        folder.chmod(0o700)
        # Debian's ALSA has no sound card here: its default device is PulseAudio's.
        (folder / ".asoundrc").write_text("pcm.!default pulse\nctl.!default pulse\n")
        homes = ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
        self.environment = {
            **dict.fromkeys(homes, str(folder)),
            "PULSE_SERVER": f"unix:{folder}/pulse/native",
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/bus",
        }

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes it consists of."""
        return tuple(process.pid for process in self._processes)

    def start(self) -> None:
        """Start it, and return once it answers."""
        if self.kind == "pulse":
            socket = f"socket={self._folder}/pulse/native"
            self._run(
                *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1"),
                *("--use-pid-file=no", "--log-target=null", "-L"),
                f"module-native-protocol-unix auth-anonymous=1 {socket}",
            )
        else:
            address = f"unix:path={self._folder}/bus"
            self._run("dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={address}")
            until((self._folder / "bus").exists)
            self._run("pipewire")
            until((self._folder / "pipewire-0").exists)
            self._run("wireplumber")
            self._run("pipewire-pulse")
        until(lambda: self.pactl("info") is not None, f"{self.kind} did not start")
        if self.kind == "pipewire":
            metadata = ("pw-metadata", "-n", "settings", "0", "clock.force-quantum", str(QUANTUM))
            self._call(*metadata).check_returncode()

    def stop(self) -> None:
        """Kill it; it can be started again."""
        for process in reversed(self._processes):
            process.kill()
            process.wait(LIMIT_S)
        self._processes.clear()
        for name in ("bus", "pipewire-0", "pulse/native"):
            (self._folder / name).unlink(missing_ok=True)

    def pactl(self, *words: str) -> str | None:
        """Return what pactl prints; None if it fails."""
        done = self._call("pactl", *words)
        return done.stdout if done.returncode == 0 else None

    def add_output(self, name: str) -> None:
        """Add a mono output; what is played into it can be recorded from `name`.monitor."""
        options = (f"sink_name={name}", f"rate={RATE_HZ}", "channels=1")
        assert self.pactl("load-module", "module-null-sink", *options) is not None

    def _call(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )

    def _run(self, *command: str) -> None:
        self._processes.append(
            subprocess.Popen(
                command,
                env={**os.environ, **self.environment},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )


@contextlib.contextmanager
def private_server(
    kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SoundServer]:
    """Give a server that is not started yet, which the test and its programs use; ends it.

    Skips the test where the server's programs are missing.
    """
    for program in PROGRAMS[kind]:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    folder.mkdir(exist_ok=True)
    server = SoundServer(kind, folder)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    try:
        yield server
    finally:
        server.stop()
