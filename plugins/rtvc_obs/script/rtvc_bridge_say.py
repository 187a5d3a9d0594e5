"""An OBS script: hotkeys that let rtvc-bridge say a line and fall silent, and how it fares.

In OBS: Tools, Scripts, +, this file; then Settings, Hotkeys, "rtvc-bridge". It needs nothing but
the Python that OBS itself runs, and a running `rtvc-bridge run`.
"""

import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import obspython as obs  # type: ignore[import-not-found] # exists inside OBS only

LOOK_MS = 500
ANSWER_S = 5.0
READ_S = 4.0
"""How long a refusal stays."""
HOTKEYS = {"rtvc_bridge_say": "rtvc-bridge: say the line", "rtvc_bridge_skip": "rtvc-bridge: stop"}
STATUS = "/v1/status"
ABSENT = "rtvc-bridge does not run. Start it: rtvc-bridge run"


class Daemon:
    """Asks the daemon on a thread of its own, so that OBS never waits.

    Attributes:
        state: How it fares, in words.
        closing: Whether what is still to be asked is given up.
    """

    def __init__(self) -> None:
        self.state = "Not asked yet."
        self.closing = False
        self._looking = False
        self._jobs: SimpleQueue[tuple[str, dict[str, Any] | None] | None] = SimpleQueue()
        self._news: SimpleQueue[str] = SimpleQueue()
        self._refused_at = 0.0
        self._thread = threading.Thread(target=self._work, name="rtvc-bridge-say", daemon=True)
        self._thread.start()

    def ask(self, path: str, body: dict[str, Any] | None = None) -> None:
        """Ask soon: GET, or POST where there is a body."""
        self._jobs.put((path, body))

    def look(self) -> None:
        """Ask soon how it fares, unless that is being asked: a daemon that hangs takes ANSWER_S."""
        if not self._looking:
            self._looking = True
            self.ask(STATUS)

    def news(self) -> str | None:
        """Return the state if it changed. Never waits."""
        fresh = None
        while True:
            try:
                fresh = self._news.get_nowait()
            except Empty:
                break
        if fresh is None or fresh == self.state:
            return None
        self.state = fresh
        return fresh

    def close(self) -> None:
        """End; what is still to be asked is given up."""
        self.closing = True
        self._jobs.put(None)
        self._thread.join(ANSWER_S)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None and not self.closing:
            path, body = job
            self._do(path, body)
            if path == STATUS:
                self._looking = False

    def _do(self, path: str, body: dict[str, Any] | None) -> None:
        try:
            answer = _answer(path, body)
        except urllib.error.HTTPError as error:
            self._refused_at = time.monotonic()
            self._news.put(_detail(error))
        except (OSError, ValueError, KeyError):
            self._news.put(ABSENT)
        else:
            if path == STATUS and time.monotonic() - self._refused_at > READ_S:
                self._news.put(_words(answer))


def script_description() -> str:
    """Return what OBS shows above the settings."""
    return (
        "<b>rtvc-bridge</b><br>Says a line in a cloned voice at the press of a hotkey "
        "(Settings, Hotkeys, rtvc-bridge)."
    )


def script_defaults(settings: Any) -> None:  # noqa: ANN401 - OBS's own object
    """Set what is there before the user chooses."""
    obs.obs_data_set_default_string(settings, "lane", "mic")
    obs.obs_data_set_default_string(settings, "text", "Hello!")


def script_properties() -> Any:  # noqa: ANN401 - OBS's own object
    """Return the form."""
    form = obs.obs_properties_create()
    obs.obs_properties_add_text(form, "state", _SCRIPT.daemon.state, obs.OBS_TEXT_INFO)
    obs.obs_properties_add_text(form, "voice", "Voice", obs.OBS_TEXT_DEFAULT)
    obs.obs_properties_add_text(form, "text", "Line", obs.OBS_TEXT_MULTILINE)
    obs.obs_properties_add_text(form, "lane", "Lane", obs.OBS_TEXT_DEFAULT)
    obs.obs_properties_add_text(
        form, "state_source", "Text source that shows the state", obs.OBS_TEXT_DEFAULT
    )
    obs.obs_properties_add_button(form, "say", "Say it", lambda *_: _SCRIPT.say())
    obs.obs_properties_add_button(form, "skip", "Stop", lambda *_: _SCRIPT.skip())
    obs.obs_properties_add_button(form, "refresh", "Look again", lambda *_: True)
    return form


def script_load(settings: Any) -> None:  # noqa: ANN401 - OBS's own object
    """Begin."""
    _SCRIPT.start(settings)


def script_update(settings: Any) -> None:  # noqa: ANN401 - OBS's own object
    """Take over what the user chose."""
    _SCRIPT.choose(settings)


def script_save(settings: Any) -> None:  # noqa: ANN401 - OBS's own object
    """Keep the hotkeys."""
    for name, number in _SCRIPT.hotkeys.items():
        keys = obs.obs_hotkey_save(number)
        obs.obs_data_set_array(settings, name, keys)
        obs.obs_data_array_release(keys)


def script_unload() -> None:
    """End."""
    _SCRIPT.stop()


class Script:
    """What the callbacks above share: OBS calls them by name."""

    def __init__(self) -> None:
        self.daemon = Daemon()
        self.hotkeys: dict[str, int] = {}
        self._chosen: dict[str, str] = {}

    def start(self, settings: Any) -> None:  # noqa: ANN401 - OBS's own object
        """Register hotkeys and look at the daemon now and then."""
        for name, action in zip(HOTKEYS, (self.say, self.skip), strict=True):
            pressed = _on_press(action)
            number = self.hotkeys[name] = obs.obs_hotkey_register_frontend(
                name, HOTKEYS[name], pressed
            )
            keys = obs.obs_data_get_array(settings, name)
            obs.obs_hotkey_load(number, keys)
            obs.obs_data_array_release(keys)
        obs.timer_add(self.look, LOOK_MS)

    def choose(self, settings: Any) -> None:  # noqa: ANN401 - OBS's own object
        """Take over what the user chose."""
        self._chosen = {
            name: obs.obs_data_get_string(settings, name)
            for name in ("voice", "text", "lane", "state_source")
        }

    def say(self) -> bool:
        """Let the line be said."""
        wanted = {name: self._chosen.get(name, "") for name in ("text", "voice", "lane")}
        self.daemon.ask("/v1/say", wanted)
        return True

    def skip(self) -> bool:
        """Silence what is heard."""
        self.daemon.ask("/v1/queue/skip", {"lane": self._chosen.get("lane") or None, "user": None})
        return True

    def look(self) -> None:
        """Show how the daemon fares, and ask it again."""
        if (state := self.daemon.news()) is not None:
            obs.script_log(obs.LOG_INFO, state)
            self._show(state)
        self.daemon.look()

    def stop(self) -> None:
        """End; OBS removes timers and hotkeys itself."""
        self.daemon.close()

    def _show(self, state: str) -> None:
        source = obs.obs_get_source_by_name(self._chosen.get("state_source", ""))
        if source is None:
            return
        change = obs.obs_data_create()
        obs.obs_data_set_string(change, "text", state)
        obs.obs_source_update(source, change)
        obs.obs_data_release(change)
        obs.obs_source_release(source)


def state_dir() -> Path:
    """Return where a running daemon leaves its address: as rtvc_bridge.paths does."""
    if home := os.environ.get("RTVC_HOME"):
        return Path(home).expanduser() / "state"
    if sys.platform == "win32":
        return Path(os.environ["LOCALAPPDATA"]) / "rtvc-bridge"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "rtvc-bridge"
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "rtvc-bridge"


def _on_press(action: Any) -> Any:  # noqa: ANN401 - a callback for OBS
    def pressed(down: bool) -> None:  # noqa: FBT001 - OBS calls it so
        if down:
            action()

    return pressed


def _answer(path: str, body: dict[str, Any] | None) -> Any:  # noqa: ANN401 - JSON
    """Return what the daemon answers.

    Raises:
        OSError: If it does not run.
    """
    where = json.loads((state_dir() / "daemon.json").read_text(encoding="utf-8"))
    token = Path(where["token_file"]).read_text(encoding="ascii").strip()
    request = urllib.request.Request(
        where["url"] + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=ANSWER_S) as answer:
        return json.loads(answer.read() or b"null")


def _detail(error: urllib.error.HTTPError) -> str:
    """Return why the daemon refuses, in its words."""
    try:
        return str(json.loads(error.read())["detail"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"rtvc-bridge refuses ({error.code})."


def _words(status: dict[str, Any]) -> str:
    """Return how the daemon fares."""
    if not status["ready"]:
        return "rtvc-bridge is starting."
    speaking = [line["voice"] for line in status["queue"] if line["state"] != "queued"]
    waiting = len(status["queue"]) - len(speaking)
    said = f"{speaking[0]} speaks" if speaking else "rtvc-bridge is ready"
    return f"{said}, {waiting} waiting." if waiting else f"{said}."


_SCRIPT = Script()
