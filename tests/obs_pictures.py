"""Pictures of the real screens for the README: `python tests/obs_pictures.py FOLDER`.

obs.png: a real OBS in which a line is heard and read. overlay.png: the page in Chromium.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from obs_browser import browsing
from obs_program import HEIGHT, WIDTH, Program, desktop, until
from obs_speaker import adapter, speaker
from rtvc_obs import overlay
from rtvc_obs.settings import Settings
from rtvc_obs.timeline import Caption

from rtvc_bridge.levels import Levels

LINE = "Good evening, and welcome to the show!"
METERS_S = 0.5
"""Until the meters have risen."""
THEMES = ("plain", "box", "karaoke", "large")
PALETTE = "split[a][b];[a]palettegen=max_colors=128[p];[b][p]paletteuse=dither=none"
BACKGROUND = "document.body.style.background = 'linear-gradient(#27506b, #0d1b26)'"
SHOWN = "document.getElementById('text')?.textContent"


def obs_picture(file: Path, folder: Path) -> None:
    """Write what the screen shows while a line is heard."""
    with desktop(folder, os.environ.__setitem__, fps=10) as obs:
        obs.start()
        with speaker(folder) as talker, adapter(talker.host, obs.settings()):
            until(lambda: "RTVC Captions" in str(obs.ask("GetInputList")))
            _arrange(obs)
            said = threading.Thread(target=talker.say, args=(LINE,))
            said.start()
            until(lambda: "welcome" in str(obs.ask("GetInputSettings", inputName="RTVC Captions")))
            threading.Event().wait(METERS_S)
            screen = ("-f", "x11grab", "-video_size", "1078x728", "-i", os.environ["DISPLAY"])
            _ffmpeg(*screen, "-frames:v", "1", str(folder / "screen.png"))
            said.join()
    _ffmpeg("-i", str(folder / "screen.png"), "-vf", PALETTE, str(file))


def _arrange(obs: Program) -> None:
    """Put something behind the caption, and take the handles off it."""
    scene = obs.ask("GetCurrentProgramScene")["currentProgramSceneName"]
    blue = {"color": 0xFF5A3A1E, "width": WIDTH, "height": HEIGHT}
    made = obs.ask(
        "CreateInput",
        sceneName=scene,
        inputName="Background",
        inputKind="color_source_v3",
        inputSettings=blue,
    )
    place = {"sceneName": scene, "sceneItemId": made["sceneItemId"]}
    obs.ask("SetSceneItemIndex", **place, sceneItemIndex=0)
    for name in ("Background", "RTVC Captions"):
        item = obs.ask("GetSceneItemId", sceneName=scene, sourceName=name)["sceneItemId"]
        obs.ask("SetSceneItemLocked", sceneName=scene, sceneItemId=item, sceneItemLocked=True)


async def overlay_picture(file: Path, folder: Path) -> None:
    """Write the page in each theme, one below the other."""
    os.environ["RTVC_HOME"] = str(folder)
    caption = Caption(1, "mic", "Alba", LINE, first=True)
    async with overlay.served(Levels(), Settings(overlay_port=0)) as (show, address):
        show(caption)
        await asyncio.to_thread(_photographed, address, folder)
    strips = [part for theme in THEMES for part in ("-i", str(folder / f"{theme}.png"))]
    cut = ";".join(f"[{n}]crop=iw:200:0:ih-200,scale=640:-1[s{n}]" for n in range(len(THEMES)))
    stack = "".join(f"[s{n}]" for n in range(len(THEMES))) + f"vstack={len(THEMES)},{PALETTE}"
    _ffmpeg(*strips, "-filter_complex", f"{cut};{stack}", str(file))


def _photographed(address: str, folder: Path) -> None:
    with browsing() as browser:
        for theme in THEMES:
            browser.goto(f"{address}?theme={theme}")
            until(lambda: browser.read(SHOWN) == LINE)
            browser.read(BACKGROUND)
            (folder / f"{theme}.png").write_bytes(browser.picture())


def _ffmpeg(*arguments: str) -> None:
    subprocess.run(("ffmpeg", "-v", "error", "-y", *arguments), check=True)


if __name__ == "__main__":
    pictures = Path(sys.argv[1])
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        asyncio.run(overlay_picture(pictures / "overlay.png", Path(other)))
        obs_picture(pictures / "obs.png", Path(one))
