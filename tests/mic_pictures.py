"""Pictures of real programs that use the microphone: `python tests/mic_pictures.py FOLDER`.

call.png: a call, with the microphones to pick from. chromium.png: the microphone in the browser's
settings. obs-source.png: the properties of the audio source in OBS.
"""

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from benchmarks.mic import running
from call import calling
from obs_pictures import PALETTE
from obs_program import desktop, until
from obs_speaker import adapter, speaker
from rtvc_virtualmic import VirtualMic

SOURCE = "RTVC Voice"
DRAWN_S = 2.0
UNFOLDED = "document.getElementById('microphones').size = 2"
SETTINGS = "chrome://settings/content/microphone"
PICKED = """(function search(part) {
  for (const each of part?.querySelectorAll("*") ?? []) {
    const found = each.localName === "select" &&
      [...each.options].findIndex(option => option.label.includes("RTVC"));
    if (typeof found === "number" && found >= 0) {
      each.selectedIndex = found;
      each.dispatchEvent(new Event("change"));
      return true;
    }
    if (each.shadowRoot && search(each.shadowRoot)) return true;
  }
  return false;
})(document)"""
"""Picks it in the settings, whose parts are in trees of their own; whether it was there."""


def chromium_pictures(pictures: Path, folder: Path) -> None:
    """Write the page of a call, in which the microphone is picked, and the browser's settings."""
    with running("pulse"), VirtualMic() as mic, calling() as call:
        call.begin(mic.device, processing=False)
        call.run(UNFOLDED)
        (folder / "page.png").write_bytes(call.picture())
        call.goto(SETTINGS)
        until(lambda: call.run(PICKED))
        _drawn()
        (folder / "settings.png").write_bytes(call.picture())
    _reduced(folder / "page.png", pictures / "call.png", "crop=480:190:0:0")
    _reduced(folder / "settings.png", pictures / "chromium.png", "null")


def obs_picture(file: Path, folder: Path) -> None:
    """Write the dialog in which OBS shows what the source records from."""
    with desktop(folder, os.environ.__setitem__, fps=10) as obs:
        obs.start()
        with speaker(folder) as talker, adapter(talker.host, obs.settings()):
            until(lambda: SOURCE in str(obs.ask("GetInputList")))
            obs.ask("OpenInputPropertiesDialog", inputName=SOURCE)
            _drawn()
            screen = ("-f", "x11grab", "-video_size", "1078x728", "-i", os.environ["DISPLAY"])
            _ffmpeg(*screen, "-frames:v", "1", str(folder / "screen.png"))
    _reduced(folder / "screen.png", file, "null")


def _drawn() -> None:
    """Return once a program has had time to draw what it opened: neither tells when it has."""
    threading.Event().wait(DRAWN_S)


def _reduced(picture: Path, file: Path, cut: str) -> None:
    _ffmpeg("-i", str(picture), "-vf", f"{cut},{PALETTE}", str(file))


def _ffmpeg(*arguments: str) -> None:
    subprocess.run(("ffmpeg", "-v", "error", "-y", *arguments), check=True)


if __name__ == "__main__":
    pictures = Path(sys.argv[1])
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        chromium_pictures(pictures, Path(one))
        obs_picture(pictures / "obs-source.png", Path(other))
