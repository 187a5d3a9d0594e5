"""Pictures of the real screens for the README: `python tests/tui_pictures.py FOLDER`.

The real client, HTTP API and engine, on the humming voice.
"""

import asyncio
import os
import re
import sys
import tempfile
from functools import partial
from pathlib import Path

from http_host import served
from integration.tui_standin import shown, until

from rtvc_bridge.client import Client
from rtvc_bridge.testing import humming, tone_voice
from rtvc_bridge.tui import BridgeApp
from rtvc_bridge.voices import VoiceStore

SIZE = (100, 28)
PHRASES = ("Hello!", "Yes.", "No, thank you.", "One moment, please.", "Thank you.", "Goodbye!")
SAID = ("Good evening, and welcome.", "Thank you for having me.")
HELD = "Let me find the page. Here it is. It is the third figure from the left."
WAITING = (("ann", "Could you read it out?"), ("screen", "Of course."), ("bob", "And the second?"))


def pictures(folder: Path) -> None:
    """Write speak.svg, queue.svg and voices.svg. RTVC_HOME must be a folder to fill."""
    folder.mkdir(parents=True, exist_ok=True)
    home = Path(os.environ["RTVC_HOME"])
    go_on = home / "go-on"
    store = VoiceStore(home / "voices")
    for name, pitch_hz in (("Alba", 220.0), ("Bruno", 110.0), ("Carla", 260.0)):
        store.add(tone_voice(name, pitch_hz))
    with served(home, pipeline=humming(hold_path=str(go_on)), voices=store) as daemon:
        end = daemon.engine.play_lane("speaker", lambda _: None)
        asyncio.run(
            _taken(BridgeApp(lambda: Client(daemon.url, daemon.token()), phrases=PHRASES), folder)
        )
        go_on.touch()
        end()


async def _taken(app: BridgeApp, folder: Path) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "Voice Alba" in shown(app))
        for text in SAID:
            await pilot.press(*_keys(text), "enter")
            await until(pilot, partial(_visible, app, f"✓ {text}"))
        await pilot.press(*_keys(HELD), "enter")
        await until(pilot, lambda: "▶ Let me find" in shown(app))
        await pilot.press(*_keys("One more thing"))
        _write(app, folder / "speak.svg")
        assert app.daemon is not None
        for user, text in WAITING:
            app.daemon.say(text, voice="Bruno", lane="speaker", user=user, speed=1.0)
        for key, name, sign in (("alt+q", "queue", WAITING[-1][1]), ("alt+v", "voices", "Carla")):
            await pilot.press(key)
            await until(pilot, partial(_visible, app, sign))
            _write(app, folder / f"{name}.svg")


def _write(app: BridgeApp, file: Path) -> None:
    """Write the screen, without the fonts that a viewer would fetch from elsewhere."""
    svg = re.sub(r"@font-face \{.*?\}", "", app.export_screenshot(), flags=re.DOTALL)
    file.write_text(svg, encoding="utf-8")


def _visible(app: BridgeApp, text: str) -> bool:
    return text in shown(app)


def _keys(text: str) -> list[str]:
    return ["space" if letter == " " else letter for letter in text]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        os.environ["RTVC_HOME"] = place
        pictures(Path(sys.argv[1]))
