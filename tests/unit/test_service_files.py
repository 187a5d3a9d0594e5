"""The files that start the daemon at sign-in, on all three systems."""

import os
import plistlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rtvc_bridge.service import Program, systems
from rtvc_bridge.service.render import MARK, launchd_plist, startup_script, systemd_unit

ODD = '/home/o\'b "x" 100%h $HOME ${X} \\n;y=1/config.toml'
PROGRAM = Program(("/usr/bin/python3", "-m", "rtvc_bridge.cli", "--config", ODD, "run"), {})


def words_of(line):
    """The quoted words of a unit's line, as systemd reads them."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
    return [re.sub(r"\\(.)", r"\1", word).replace("%%", "%") for word in found]


def line_of(unit, key):
    (line,) = [each for each in unit.decode().splitlines() if each.startswith(f"{key}=")]
    return line


def test_every_file_says_who_wrote_it():
    for render in (systemd_unit, launchd_plist, startup_script):
        assert MARK.encode() in render(PROGRAM)


def test_a_unit_starts_exactly_the_command():
    line = line_of(systemd_unit(PROGRAM), "ExecStart")
    assert line.startswith("ExecStart=:"), "else systemd replaces $HOME"
    assert words_of(line) == list(PROGRAM.argv)


def test_a_unit_passes_the_environment():
    unit = systemd_unit(Program(("/bin/true",), {"RTVC_HOME": ODD}))
    assert words_of(line_of(unit, "Environment")) == [f"RTVC_HOME={ODD}"]


@pytest.mark.parametrize(
    "folder", ["plain", "with space", "100%h", "$HOME", "o'brien", 'q"', "b\\n"]
)
def test_systemd_accepts_the_unit_wherever_python_lies(tmp_path, folder):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    (tmp_path / folder).mkdir()
    python = tmp_path / folder / "python"
    python.symlink_to(sys.executable)
    unit = tmp_path / "rtvc-bridge.service"
    unit.write_bytes(systemd_unit(Program((str(python), *PROGRAM.argv[1:]), {"RTVC_HOME": ODD})))
    checked = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(unit)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_plist_starts_exactly_the_command():
    plist = plistlib.loads(launchd_plist(Program(PROGRAM.argv, {"RTVC_HOME": ODD})))
    assert plist["ProgramArguments"] == list(PROGRAM.argv)
    assert plist["EnvironmentVariables"] == {"RTVC_HOME": ODD}
    assert plist["RunAtLoad"] is True
    assert plist["KeepAlive"] == {"SuccessfulExit": False}


def test_a_start_up_entry_opens_no_window_and_doubles_percent_signs():
    program = Program(
        (r"C:\Users\Zoë 100%\python.exe", "-m", "rtvc_bridge.cli", "run"),
        {"RTVC_HOME": r"D:\my voices"},
    )
    lines = startup_script(program).decode("utf-8").split("\r\n")
    assert lines[1] == "chcp 65001 >nul", "else cmd reads the next lines in another code page"
    assert lines[3:] == [
        r'set "RTVC_HOME=D:\my voices"',
        r'start "" "C:\Users\Zoë 100%%\pythonw.exe" "-m" "rtvc_bridge.cli" "run"',
        "",
    ]


def test_each_system_has_its_place(tmp_path):
    unit = systems.systemd(PROGRAM, {}, home=tmp_path)
    assert unit.file == tmp_path / ".config/systemd/user/rtvc-bridge.service"
    moved = systems.systemd(PROGRAM, {"XDG_CONFIG_HOME": "/etc/mine"}, home=tmp_path)
    assert moved.file == Path("/etc/mine/systemd/user/rtvc-bridge.service")
    agent = systems.launchd(PROGRAM, home=tmp_path, user_id=501)
    assert agent.file == tmp_path / "Library/LaunchAgents/rtvc-bridge.plist"
    assert agent.load == (("launchctl", "bootstrap", "gui/501", str(agent.file)),)
    entry = systems.startup(PROGRAM, {"APPDATA": str(tmp_path)})
    assert entry.file == (
        tmp_path / "Microsoft/Windows/Start Menu/Programs/Startup/rtvc-bridge.cmd"
    )


def test_the_daemon_is_started_by_this_python_with_whole_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RTVC_HOME", "home")
    program = Program.daemon(Path("mine.toml"))
    config = str(tmp_path / "mine.toml")
    assert program.argv == (sys.executable, "-m", "rtvc_bridge.cli", "--config", config, "run")
    assert program.environment == {"RTVC_HOME": str(tmp_path / "home")}
    monkeypatch.delenv("RTVC_HOME")
    assert Program.daemon(None).environment == {}
    assert Program.daemon(None).argv[3:] == ("run",)
