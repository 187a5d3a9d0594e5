"""`rtvc-bridge` as a shell sees it, and a daemon of it, on the humming pipeline."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rtvc_bridge.testing import keep_key, tone_voice
from rtvc_bridge.voices import VoiceStore

PROGRAM = (sys.executable, "-m", "rtvc_bridge.cli")
SOON_S = 60.0  # a limit on failure, not a wait
SETTINGS = """
[models]
pipeline = "humming"

[adapters.http]
port = 0
"""


@dataclass(frozen=True)
class Home:
    """A user's folder with voices and settings for a humming daemon."""

    folder: Path

    @classmethod
    def made(cls, folder: Path, voices: tuple[str, ...] = ("alba",)) -> "Home":
        folder.mkdir()
        (folder / "config.toml").write_text(SETTINGS, encoding="utf-8")
        keep_key(folder / "data")
        for name in voices:
            VoiceStore(folder / "data" / "voices").add(tone_voice(name, 220.0))
        return cls(folder)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "RTVC_HOME": str(self.folder)}

    def run(self, *words: object, **more: object) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [*PROGRAM, *map(str, words)]
        options = {"capture_output": True, "text": True, "timeout": SOON_S, **more}
        return subprocess.run(command, env=self.environment, check=False, **options)  # type: ignore[call-overload, no-any-return] # options by name

    @contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[str]]:
        """Give a daemon that listens."""
        with subprocess.Popen(
            [*PROGRAM, "run"], env=self.environment, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr
            said = []
            for line in process.stderr:
                said.append(line)
                if "listening on" in line:
                    break
            else:
                raise AssertionError("the daemon ended: " + "".join(said))
            drain = threading.Thread(target=process.stderr.read)
            drain.start()
            try:
                yield process
            finally:
                process.kill()
                process.wait()
                drain.join()

    def address(self) -> dict[str, str]:
        """Return what the daemon left for its clients."""
        text = (self.folder / "state" / "daemon.json").read_text(encoding="utf-8")
        found: dict[str, str] = json.loads(text)
        return found
