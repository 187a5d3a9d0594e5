"""Having a speaker read a sentence aloud, on the terminal and through the microphone."""

import select
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import soundfile
import typer
from rich.console import Console

from rtvc_bridge.client import SentenceView
from rtvc_bridge.errors import ConsentError
from rtvc_bridge.safety.spoken import MOST_S

if TYPE_CHECKING:
    from rtvc_bridge.tui.microphone import Recorder

FILE = "sentence.wav"
HAND_IN_S = 20.0
_LOOK_S = 0.05


def microphone() -> "Recorder":
    """Return a recording that begins now.

    Raises:
        DeviceError: If there is no microphone.
    """
    from rtvc_bridge.tui.microphone import Microphone  # with the screen's toolkit

    return Microphone()


def enter_came(within_s: float) -> bool:
    """Return whether Enter was pressed within that time.

    Raises:
        typer.Abort: If standard input has ended.
    """
    if sys.platform == "win32":  # select takes sockets only there
        return _enter_came_on_windows(within_s)
    ready, _, _ = select.select([sys.stdin], [], [], within_s)
    if not ready:
        return False
    if not sys.stdin.readline():
        raise typer.Abort
    return True


def read_aloud(
    sentence: SentenceView,
    file: Path | None,
    folder: Path,
    *,
    entered: Callable[[float], bool] = enter_came,
    record: "Callable[[], Recorder]" = microphone,
) -> Path:
    """Show what is to be read, and return the file with its recording.

    Args:
        sentence: To read.
        file: Where somebody else records it; None records it here, from the microphone.
        folder: Takes a recording made here.
        entered: Waits so many seconds for Enter and returns whether it came.
        record: Begins a recording.

    Raises:
        ConsentError: If the time was over before anything was read.
        DeviceError: If there is no microphone.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print("Whoever speaks in the recordings reads this aloud, to its end:\n")
    console.print(f"    {sentence['sentence']}\n", style="bold", markup=False)
    if file is not None:
        console.print(f"Record it into {file} and press Enter.", markup=False, end=" ")
        _wait_for(entered, sentence["seconds"])
        return file
    limit_s = min(MOST_S, sentence["seconds"] - HAND_IN_S)
    console.print("Press Enter when you are ready.", end=" ")
    _wait_for(entered, sentence["seconds"] - limit_s - HAND_IN_S)
    recorder = record()
    try:
        console.print(f"Recording. Enter ends it; at most {limit_s:.0f} s.", end=" ")
        entered(limit_s)
    finally:
        sound = recorder.stop()
    console.print()
    recording = folder / FILE
    soundfile.write(recording, sound.samples, sound.rate_hz)
    return recording


def _enter_came_on_windows(within_s: float) -> bool:
    import msvcrt

    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if msvcrt.kbhit() and msvcrt.getwch() in "\r\n":  # type: ignore[attr-defined] # Windows
            return True
        time.sleep(_LOOK_S)
    return False


def _wait_for(wait: Callable[[float], bool], seconds: float) -> None:
    if not wait(seconds):
        raise ConsentError("The time to read the sentence is over. Run the command again.")
