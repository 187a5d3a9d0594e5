"""`rtvc-bridge mic bench` on private PulseAudio and PipeWire servers, and after their restart."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rtvc_virtualmic import bench
from sound_server import SoundServer


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


def figures(kind: str, seconds: float) -> dict[str, object]:
    """Return what `mic bench` measures there, and how long after a restart sound is back."""
    with running(kind) as server:
        found: dict[str, object] = asdict(bench.measured(steady_s=seconds))

        def restart() -> None:
            server.stop()
            server.start()

        return {**found, "back_after_s": bench.back_after_s(None, restart)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of each test for gaps")
    asked = parser.parse_args()
    for server_kind in ("pulse", "pipewire"):
        print(json.dumps({"server": server_kind, **figures(server_kind, asked.seconds)}))  # noqa: T201 - its output
