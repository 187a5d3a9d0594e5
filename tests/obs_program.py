"""A real OBS for tests: on a screen, a sound server and a settings folder of its own.

What it records is judged in obs_recording.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import rtvc_obs
from rtvc_obs.client import connected

from rtvc_bridge.errors import OperatorError

PROGRAMS = ("obs", "Xvfb", "pulseaudio", "pactl", "dbus-daemon", "ffmpeg", "ffprobe")
LIMIT_S = 60
RATE_HZ = 48_000
WIDTH, HEIGHT = 640, 360
SCREEN = "1280x768x24"


def until(condition: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    """Return once `condition()` holds."""
    give_up_at = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < give_up_at, "it never came to that"
        threading.Event().wait(0.02)  # leaves the processor to what is waited for


@dataclass
class Program:
    """OBS and what it stands on. Made by `desktop`."""

    folder: Path
    port: int
    fps: int
    password: str = "told to nobody"
    _below: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _obs: subprocess.Popen[bytes] | None = None

    @property
    def recordings(self) -> Path:
        """Where it records to."""
        return self.folder / "recordings"

    def start(self) -> None:
        """Start OBS, and return once it answers."""
        (self.folder / "obs.log").unlink(missing_ok=True)
        self._obs = self._run(
            *("obs", "--multi", "--minimize-to-tray", "--disable-updater"),
            *("--disable-missing-files-check", "--profile", "rtvc", "--collection", "rtvc"),
        )
        until(self._answers)

    def stop(self) -> None:
        """Kill OBS."""
        if self._obs is not None:
            self._obs.kill()
            self._obs.wait(LIMIT_S)
            self._obs = None

    def forget(self) -> None:
        """Let an OBS that is not started yet begin without scenes and sources."""
        for file in (self.folder / "obs-studio" / "basic" / "scenes").iterdir():
            file.unlink()

    def ask(self, request: str, **data: object) -> dict[str, object]:
        """Return OBS's answer, over a connection of its own."""

        async def asked() -> dict[str, object]:
            async with connected("127.0.0.1", self.port, self.password) as obs:
                return await obs.call(request, **data)

        return asyncio.run(asked())

    def record(self, until_over: Callable[[], None]) -> Path:
        """Record until the call returns, and return the finished file."""
        self.ask("StartRecord")
        until(lambda: int(str(self.ask("GetRecordStatus")["outputBytes"])) > 0)
        until_over()
        file = Path(str(self.ask("StopRecord")["outputPath"]))
        until(lambda: not self.ask("GetRecordStatus")["outputActive"])
        return file

    def settings(self, **changes: object) -> rtvc_obs.Settings:
        """Return settings of the adapter that fit this OBS."""
        password = self.folder / "password"
        password.write_text(self.password, encoding="utf-8")
        return rtvc_obs.Settings.model_validate(
            {"port": self.port, "password_file": str(password), **changes}
        )

    def _answers(self) -> bool:
        try:
            self.ask("GetSceneList")
        except OperatorError:
            return False
        return True

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{command[0]}.log").open("wb") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def begin(self) -> None:
        """Start what OBS stands on."""
        self._below.append(
            self._run(
                *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1"),
                *("--use-pid-file=no", "--log-target=stderr", "-L"),
                f"module-native-protocol-unix auth-anonymous=1 socket={self.folder}/pulse/native",
            )
        )
        bus = f"unix:path={self.folder}/bus"
        self._below.append(
            self._run("dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={bus}")
        )
        screen, writes = os.pipe()
        self._below.append(
            subprocess.Popen(
                (
                    "Xvfb",
                    "-displayfd",
                    str(writes),
                    "-screen",
                    "0",
                    SCREEN,
                    "-nolisten",
                    "tcp",
                ),
                pass_fds=(writes,),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        os.close(writes)
        with os.fdopen(screen) as told:
            os.environ["DISPLAY"] = f":{told.readline().strip()}"
        until(lambda: pactl("info"))

    def end(self) -> None:
        """Stop everything."""
        self.stop()
        for process in reversed(self._below):
            process.kill()
            process.wait(LIMIT_S)


def pactl(*arguments: str) -> str:
    """Return what pactl says, "" if it fails."""
    done = subprocess.run(("pactl", *arguments), capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


@contextmanager
def desktop(
    folder: Path, setenv: Callable[[str, str], None], *, fps: int = 10
) -> Iterator[Program]:
    """Give an OBS that is not started yet."""
    folder.chmod(0o700)
    for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "RTVC_HOME"):
        setenv(name, str(folder))
    setenv("PULSE_SERVER", f"unix:{folder}/pulse/native")
    setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={folder}/bus")
    setenv("DISPLAY", "")  # set by `begin`; put back at the end
    setenv("LIBGL_ALWAYS_SOFTWARE", "1")
    setenv("QT_QPA_PLATFORM", "xcb")
    program = Program(folder, free_port(), fps)
    program.recordings.mkdir()
    _profile(program)
    try:
        program.begin()
        yield program
    finally:
        program.end()


def missing() -> str:
    """Return which program is not installed; "" if none."""
    return next((name for name in PROGRAMS if shutil.which(name) is None), "")


def free_port() -> int:
    """Return a port of this computer that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_script(program: Program, script: Path, settings: dict[str, object]) -> None:
    """Let an OBS that is not started yet load a script, with those settings."""
    scene = {"id": "scene", "name": "Scene", "settings": {}}
    collection = {
        "name": "rtvc",
        "current_scene": "Scene",
        "current_program_scene": "Scene",
        "scene_order": [{"name": "Scene"}],
        "sources": [scene],
        "modules": {"scripts-tool": [{"path": str(script), "settings": settings}]},
    }
    file = program.folder / "obs-studio" / "basic" / "scenes" / "rtvc.json"
    file.write_text(json.dumps(collection), encoding="utf-8")


def is_free(port: int) -> bool:
    """Whether nobody listens on that port of this computer."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _profile(program: Program) -> None:
    """Write settings with which OBS asks nothing and listens."""
    place = program.folder / "obs-studio"
    basic = place / "basic" / "profiles" / "rtvc"
    basic.mkdir(parents=True)
    (place / "basic" / "scenes").mkdir()
    (place / "global.ini").write_text(
        "[General]\nFirstRun=true\nLastVersion=486539266\nInfoIncrement=999\n"
        "EnableAutoUpdates=false\n"
        "[Basic]\nProfile=rtvc\nProfileDir=rtvc\nSceneCollection=rtvc\n"
        "SceneCollectionFile=rtvc\nConfigOnNewProfile=false\n"
        "[BasicWindow]\nSysTrayEnabled=false\nWarnBeforeStartingStream=false\n"
        "[OBSWebSocket]\nFirstLoad=false\nServerEnabled=true\nAuthRequired=true\n"
        f"ServerPort={program.port}\nServerPassword={program.password}\nAlertsEnabled=false\n",
        encoding="utf-8",
    )
    (basic / "basic.ini").write_text(
        f"[General]\nName=rtvc\n[Video]\nBaseCX={WIDTH}\nBaseCY={HEIGHT}\nOutputCX={WIDTH}\n"
        f"OutputCY={HEIGHT}\nFPSType=1\nFPSInt={program.fps}\n"
        "[Audio]\nSampleRate=48000\nChannelSetup=Stereo\n[Output]\nMode=Simple\n"
        f"[SimpleOutput]\nFilePath={program.recordings}\nRecFormat=mkv\nVBitrate=400\n"
        "ABitrate=160\nStreamEncoder=x264\nRecQuality=Stream\nPreset=ultrafast\n",
        encoding="utf-8",
    )
