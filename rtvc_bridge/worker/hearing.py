"""Asking what a recording tells, in a process that ends with the answer."""

import io
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import soundfile

from rtvc_bridge.audio import Audio
from rtvc_bridge.errors import ClipRejectedError, ModelError
from rtvc_bridge.safety.spoken import Evidence
from rtvc_bridge.safety.verdict import Verdict
from rtvc_bridge.stages.weights import Library
from rtvc_bridge.stages.witness import EXIT_CLIP, check_ready

PATIENCE_S = 300.0
"""For one recording. Of 8 s it takes 7 s, most of it to load; 80 s where 25 others compute."""


@dataclass(frozen=True, slots=True)
class Ears:
    """Speech recognition and the watermark's detector, each time in a new process.

    Attributes:
        options: Keywords of `Library.default`: where the weights are.
        patience_s: After which the process is ended.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    patience_s: float = PATIENCE_S

    def check_ready(self) -> None:
        """Pass if a recording could be listened to: to be asked before a sentence is given out.

        Raises:
            ModelError: If a package or weights are missing; the message says what to run.
        """
        check_ready(Library.default(**self.options))

    def __call__(self, audio: Audio, language: str) -> Evidence:
        """Return what `audio` tells; waits for it.

        Raises:
            ModelError: If what that takes is not installed, or it does not come to an end.
            ClipRejectedError: If there is no sound in it.
        """
        sound = io.BytesIO()
        soundfile.write(sound, audio.samples, audio.rate_hz, format="WAV", subtype="FLOAT")
        # -P: a file in the current folder must not stand in for a module of ours.
        command = [sys.executable, "-P", "-m", "rtvc_bridge.stages.witness"]
        try:
            done = subprocess.run(
                [*command, language, json.dumps(dict(self.options))],
                input=sound.getvalue(),
                capture_output=True,
                timeout=self.patience_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            msg = f"Listening to the recording took over {self.patience_s:g} s. Try again later."
            raise ModelError(msg) from error
        return _evidence(done)


def _evidence(done: subprocess.CompletedProcess[bytes]) -> Evidence:
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        reason = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        msg = f"Listening to the recording failed (exit code {done.returncode}): {reason}"
        raise ModelError(msg) from error
    if done.returncode:
        kind = ClipRejectedError if done.returncode == EXIT_CLIP else ModelError
        raise kind(answer["problem"])
    return Evidence(answer["heard"], Verdict(answer["score"], answer["seconds"]))
