"""`rtvc-bridge mic bench` on private PulseAudio and PipeWire servers, and after their restart.

With --home, a daemon also speaks there with the weights and the first voice of that RTVC_HOME.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rtvc_virtualmic import bench, spoken
from sound_server import SoundServer, until

from rtvc_bridge.cli.reach import needed, reached

SETTINGS = """
[adapters.http]
port = 0

[adapters.virtualmic]
"""


@contextmanager
def running(kind: str) -> Iterator[SoundServer]:
    """Give a private server that this process and its children use."""
    with tempfile.TemporaryDirectory() as folder:
        server = SoundServer(kind, Path(folder))
        os.environ.update(server.environment, RTVC_HOME=str(Path(folder) / "home"))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def daemon(home: Path) -> Iterator[None]:
    """Run a daemon on what `home` has, in the RTVC_HOME of this process; return once it plays."""
    here = Path(os.environ["RTVC_HOME"])
    here.mkdir()
    for name in ("cache", "data"):
        (here / name).symlink_to(home / name)
    (here / "config.toml").write_text(SETTINGS, encoding="utf-8")
    command = (sys.executable, "-m", "rtvc_bridge.cli", "run")
    with (here / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            until(_plays_mic, "the daemon does not speak into the microphone")
            yield
        finally:
            process.terminate()


def _plays_mic() -> bool:
    with reached(local=False) as client:
        return client is not None and "mic" in client.status()["players"]


def first_sound() -> dict[str, object]:
    """Return how soon lines of the daemon that runs are heard at the microphone."""
    with needed("") as client:
        return asdict(spoken.first_sound(client))


def figures(kind: str, seconds: float, home: Path | None) -> dict[str, object]:
    """Return what `mic bench` measures there, and how long after a restart sound is back."""
    with running(kind) as server:
        with daemon(home) if home else nullcontext():
            said = first_sound() if home else None
        found: dict[str, object] = asdict(bench.measured(steady_s=seconds))

        def restart() -> None:
            server.stop()
            server.start()

        return {**found, "back_after_s": bench.back_after_s(None, restart), "first_sound": said}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of each test for gaps")
    parser.add_argument("--home", type=Path, help="RTVC_HOME with weights and a voice")
    asked = parser.parse_args()
    for server_kind in ("pulse", "pipewire"):
        found = figures(server_kind, asked.seconds, asked.home)
        print(json.dumps({"server": server_kind, **found}))  # noqa: T201 - its output
