"""The service put in place and taken away, with real files and real programs."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rtvc_bridge import service
from rtvc_bridge.cli.service import app
from rtvc_bridge.daemon.state import held_state
from rtvc_bridge.errors import ConfigError, StorageError
from rtvc_bridge.paths import ADDRESS_FILE
from rtvc_bridge.service import Presence, Program, systems

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="systemd's system")

LIMIT_S = 30
UNIT = "rtvc-bridge.service"
# Remembers between calls whether the service is enabled, and writes each call down.
RECORDER = """#!/bin/sh
cd "${0%/*}"
echo "$*" >> calls
case "$*" in
  *is-enabled*|print*) test -e enabled ;;
  *enable\\ --now*|bootstrap*) touch enabled ;;
  *disable*|bootout*) rm -f enabled ;;
esac
"""
SHOWS = """#!/bin/sh
printf '%s\\n' "$RTVC_HOME" "$@" > "{shown}.part" && mv "{shown}.part" "{shown}"
exec sleep 600
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's folder, with settings and no service manager in reach."""
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "bin").mkdir()
    for name, value in {
        "HOME": home,
        "RTVC_HOME": home / "rtvc",
        "XDG_CONFIG_HOME": home / ".config",
        "PATH": tmp_path / "bin",
    }.items():
        monkeypatch.setenv(name, str(value))
    return home


@pytest.fixture
def unit(home):
    """Where the service's file belongs."""
    return home / ".config" / "systemd" / "user" / UNIT


@pytest.fixture
def calls(tmp_path, home, monkeypatch):
    """Puts systemctl and launchctl that write their calls down into PATH; gives those since."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    for name in ("systemctl", "launchctl"):
        program = tmp_path / "bin" / name
        program.write_text(RECORDER)
        program.chmod(0o755)

    def since():
        log = tmp_path / "bin" / "calls"
        lines = log.read_text().splitlines() if log.exists() else []
        log.write_text("")
        return [line.removeprefix("--user ") for line in lines]

    return since


def run(*words, config=None):
    return CliRunner().invoke(app, list(words), obj=config, catch_exceptions=False)


def test_install_writes_the_unit_and_starts_it_and_again_changes_nothing(calls, unit):
    first = run("install")
    assert first.exit_code == 0
    assert f"{unit} is written" in first.output
    assert calls() == [
        f"is-enabled --quiet {UNIT}",
        "daemon-reload",
        f"enable --now {UNIT}",
    ]
    written = unit.read_bytes()
    assert "already" in run("install").output
    assert calls() == [f"is-enabled --quiet {UNIT}", f"start {UNIT}"]
    assert unit.read_bytes() == written
    assert [file.name for file in unit.parent.iterdir()] == [UNIT]


def test_install_with_other_settings_replaces_the_unit_and_restarts(calls, unit, tmp_path):
    run("install")
    config = tmp_path / "other.toml"
    config.write_text("")
    assert "renew" not in run("status").output
    assert "renew" in run("status", config=config).output
    calls()
    assert "is replaced" in run("install", config=config).output
    assert calls() == [
        f"is-enabled --quiet {UNIT}",
        f"disable --now {UNIT}",
        "daemon-reload",
        f"enable --now {UNIT}",
    ]
    assert str(config) in unit.read_text()


def test_uninstall_stops_the_service_and_removes_what_install_wrote(calls, unit):
    run("install")
    (unit.parent / "mine.service").write_text("[Unit]\n")
    calls()
    done = run("uninstall")
    assert done.exit_code == 0
    assert calls() == [f"disable --now {UNIT}", "daemon-reload"]
    assert [file.name for file in unit.parent.iterdir()] == ["mine.service"]
    assert "nothing is installed" in run("uninstall").output
    assert calls() == []


def test_a_file_of_somebody_else_is_neither_replaced_nor_removed(calls, unit):
    unit.parent.mkdir(parents=True)
    unit.write_text("[Unit]\nDescription=mine\n")
    for verb in ("install", "uninstall"):
        with pytest.raises(StorageError, match="not written by rtvc-bridge"):
            run(verb)
    assert unit.read_text() == "[Unit]\nDescription=mine\n"
    assert "left alone" in run("status").output
    assert calls() == []


def test_without_systemctl_it_says_what_was_written_and_what_to_run(home, unit):
    done = run("install")
    assert done.exit_code == 3
    assert f"{unit} is written" in done.output
    assert "systemctl is not installed" in done.output
    assert f"systemctl --user enable --now {UNIT}" in done.output
    assert unit.exists()
    assert run("uninstall").exit_code == 0
    assert not unit.exists()


def test_a_systemctl_that_fails_is_quoted(home, unit, tmp_path):
    program = tmp_path / "bin" / "systemctl"
    program.write_text("#!/bin/sh\necho 'Failed to connect to bus: No medium found' >&2\nexit 1\n")
    program.chmod(0o755)
    done = run("install")
    assert done.exit_code == 3
    assert "No medium found" in done.output


def test_a_command_that_leaves_a_program_running_is_not_waited_for(home, tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    leaves = ("/bin/sh", "-c", 'exec 2>&1; /bin/cat "$0" & exit 0', str(gate))
    unit = systems.systemd(Program(("/bin/true",), {}), os.environ, home=home)
    outcome = service.install(replace(unit, known=(), load=(leaves,)))
    gate.write_text("it may end")
    assert outcome.left == ()


def test_install_refuses_wrong_settings_and_writes_nothing(calls, unit, tmp_path):
    config = tmp_path / "wrong.toml"
    config.write_text("[engine]\nmax_char = 1\n")
    with pytest.raises(ConfigError, match="max_char"):
        run("install", config=config)
    assert not unit.exists()
    assert calls() == []


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(calls, home, unit):
    (home / ".config").write_text("a file, not a folder")
    with pytest.raises(StorageError, match="Cannot"):
        run("install")


def test_status_tells_the_pid_of_a_daemon_that_runs(calls, home):
    assert json.loads(run("status", "--json").output)["installed"] == "absent"
    with held_state(home / "rtvc" / "state"):
        assert f"running, pid {os.getpid()}" in run("status").output
    assert "not running" in run("status").output


def test_status_is_not_fooled_by_what_a_killed_daemon_left(calls, home):
    state = home / "rtvc" / "state"
    state.mkdir(parents=True)
    long_ago = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")
    left = {"pid": os.getpid(), "url": "", "token_file": "", "started_at": long_ago}
    (state / ADDRESS_FILE).write_text(json.dumps(left))
    assert "not running" in run("status").output
    (state / ADDRESS_FILE).write_text("{")
    assert "not running" in run("status").output


def test_an_agent_of_launchd_comes_and_goes(calls, home):
    agent = systems.launchd(Program(("/bin/true",), {}), home=home, user_id=501)
    assert service.install(agent).left == ()
    assert service.install(agent).before is Presence.CURRENT
    assert service.uninstall(agent).left == ()
    assert calls() == [
        "print gui/501/rtvc-bridge",
        f"bootstrap gui/501 {agent.file}",
        "print gui/501/rtvc-bridge",
        "kickstart gui/501/rtvc-bridge",
        "bootout gui/501/rtvc-bridge",
    ]
    assert not agent.file.exists()


def test_a_start_up_entry_comes_and_goes(home):
    entry = systems.startup(Program(("python.exe", "-m", "x"), {}), {"APPDATA": str(home)})
    assert service.install(entry).before is Presence.ABSENT
    assert service.presence(entry) is Presence.CURRENT
    assert service.uninstall(entry).left == ()
    assert service.presence(entry) is Presence.ABSENT


@pytest.fixture
def user_manager(home, tmp_path, monkeypatch):
    """A systemd of this user, which believes that the computer was started by systemd."""
    systemd = Path("/lib/systemd/systemd")
    if not systemd.exists() or shutil.which("unshare", path=os.defpath) is None:
        pytest.skip("systemd or unshare is not installed")
    monkeypatch.setenv("PATH", os.defpath)
    run_dir = tmp_path / "run"
    run_dir.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(run_dir))
    pretend = "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system"
    start = f"{pretend} && exec {systemd} --user --unit=basic.target"
    manager = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", start],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    give_up_at = time.monotonic() + LIMIT_S
    while systemctl("daemon-reload").returncode:
        if manager.poll() is not None or time.monotonic() > give_up_at:
            pytest.skip("systemd does not run as a user's here")
    yield
    manager.terminate()
    manager.wait(LIMIT_S)


def systemctl(*words):
    return subprocess.run(["systemctl", "--user", *words], capture_output=True, check=False)


def test_a_real_systemd_starts_the_command_word_for_word_and_forgets_it(
    user_manager, home, tmp_path
):
    odd = 'o\'b "x" 100%h $HOME ${X} \\n;y=1'
    shown = tmp_path / "shown"
    (tmp_path / odd).mkdir()
    python = tmp_path / odd / "python"
    python.write_text(SHOWS.format(shown=shown))
    python.chmod(0o755)
    program = Program((str(python), "--config", odd, "run"), {"RTVC_HOME": odd})
    unit = systems.systemd(program, os.environ, home=home)
    assert service.install(unit).left == ()
    give_up_at = time.monotonic() + LIMIT_S
    while not shown.exists():
        assert time.monotonic() < give_up_at, "it was not started"
    assert shown.read_text().splitlines() == [odd, "--config", odd, "run"]
    assert systemctl("is-active", UNIT).stdout == b"active\n"
    assert service.install(unit).left == ()
    assert service.uninstall(unit).left == ()
    assert systemctl("is-active", UNIT).stdout == b"inactive\n"
    assert systemctl("cat", UNIT).returncode != 0
    assert not list((home / ".config").rglob("rtvc-bridge*"))
