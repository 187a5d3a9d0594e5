"""The files that make a program a service, as text. Pure."""

import plistlib
from pathlib import PureWindowsPath

from rtvc_bridge.service.program import Program

LABEL = "rtvc-bridge"
MARK = "Written by `rtvc-bridge service install`; `rtvc-bridge service uninstall` removes it."
RESTART_S = 2
STOP_S = 5
"""The daemon itself needs at most 3 s."""
_REFUSED = frozenset("\"'\\")

_UNIT = """\
# {mark}
[Unit]
Description=rtvc-bridge: speaks typed text in a cloned voice
After=pipewire-pulse.service pulseaudio.service

[Service]
Type=exec
{environment}ExecStart=:{command}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec={restart_s}
# 2 and 3: wrong usage, or something is missing that a new start does not bring.
RestartPreventExitStatus=2 3
TimeoutStopSec={stop_s}

[Install]
WantedBy=default.target
"""

_START_UP = """\
@echo off
chcp 65001 >nul
rem {mark}
{environment}start "" {command}
"""


def systemd_unit(program: Program) -> bytes:
    """Return a systemd user unit (systemd.service(5))."""
    # The colon keeps systemd from replacing $NAME in the command.
    return _UNIT.format(
        mark=MARK,
        environment="".join(
            f"Environment={_in_unit(f'{name}={value}')}\n"
            for name, value in program.environment.items()
        ),
        command=" ".join(_in_unit(word) for word in _startable(program.argv)),
        restart_s=RESTART_S,
        stop_s=STOP_S,
    ).encode()


def launchd_plist(program: Program) -> bytes:
    """Return a launchd agent (launchd.plist(5))."""
    plist = plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": list(program.argv),
            "EnvironmentVariables": program.environment,
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 10,
            "ExitTimeOut": STOP_S,
            "ProcessType": "Interactive",  # else macOS slows it down
        },
        sort_keys=False,
    )
    return plist.replace(b"<plist", f"<!-- {MARK} -->\n<plist".encode(), 1)


def startup_script(program: Program) -> bytes:
    """Return a batch file for Windows' Startup folder; python.exe becomes pythonw.exe."""
    python = PureWindowsPath(program.argv[0])
    if python.name.lower() == "python.exe":
        python = python.with_name("pythonw.exe")  # has no console window
    environment = "".join(
        f'set "{_in_batch(name)}={_in_batch(value)}"\n'
        for name, value in program.environment.items()
    )
    words = (str(python), *program.argv[1:])
    script = _START_UP.format(
        mark=MARK,
        environment=environment,
        command=" ".join(f'"{_in_batch(word)}"' for word in words),
    )
    return script.replace("\n", "\r\n").encode()


def _startable(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command, through a shell if systemd refuses characters of the program's path."""
    if _REFUSED.isdisjoint(argv[0]):
        return argv
    return ("/bin/sh", "-c", 'exec "$0" "$@"', *argv)


def _in_unit(word: str) -> str:
    """Return a word in quotes, so that systemd reads exactly it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped.replace("%", "%%")}"'


def _in_batch(word: str) -> str:
    """Return a word so that cmd reads exactly it between quotes; file names have no quotes."""
    return word.replace("%", "%%")
