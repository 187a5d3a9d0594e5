"""What keeps services on Linux, macOS and Windows: where its file goes, and its commands."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rtvc_bridge.errors import OperatorError
from rtvc_bridge.service import render
from rtvc_bridge.service.program import Program

Command = tuple[str, ...]

UNIT = f"{render.LABEL}.service"


@dataclass(frozen=True, slots=True)
class Manager:
    """How one system is told of a service.

    Attributes:
        name: Of the kind of file, for people.
        file: Where that lies.
        content: Of the file.
        known: Succeeds if the system knows the service; empty: the file alone decides.
        load: Makes it known and starts it.
        start: Starts it when it is known; fine if it runs.
        unload: Stops it and makes it unknown.
        forget: To run once the file is gone.
    """

    name: str
    file: Path
    content: bytes
    known: Command = ()
    load: tuple[Command, ...] = ()
    start: tuple[Command, ...] = ()
    unload: tuple[Command, ...] = ()
    forget: tuple[Command, ...] = ()


def manager(program: Program) -> Manager:
    """Return what keeps services of this user on this computer.

    Raises:
        OperatorError: If this system is none of Linux, macOS and Windows.
    """
    if sys.platform == "darwin":
        return launchd(program, home=Path.home(), user_id=os.getuid())
    if sys.platform == "win32":
        return startup(program, os.environ)
    if sys.platform.startswith("linux"):
        return systemd(program, os.environ, home=Path.home())
    raise OperatorError(
        f"There is no service for {sys.platform!r}. Start this at sign-in: "
        + " ".join(program.argv)
    )


def systemd(program: Program, environ: Mapping[str, str], *, home: Path) -> Manager:
    """Return how systemd is told, by a unit of the user."""
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    user = ("systemctl", "--user")
    return Manager(
        name="systemd user unit",
        file=config / "systemd" / "user" / UNIT,
        content=render.systemd_unit(program),
        known=(*user, "is-enabled", "--quiet", UNIT),
        load=((*user, "daemon-reload"), (*user, "enable", "--now", UNIT)),
        start=((*user, "start", UNIT),),
        unload=((*user, "disable", "--now", UNIT),),
        forget=((*user, "daemon-reload"),),
    )


def launchd(program: Program, *, home: Path, user_id: int) -> Manager:
    """Return how launchd is told, by an agent of the user who is signed in."""
    file = home / "Library" / "LaunchAgents" / f"{render.LABEL}.plist"
    domain = f"gui/{user_id}"
    target = f"{domain}/{render.LABEL}"
    return Manager(
        name="launchd agent",
        file=file,
        content=render.launchd_plist(program),
        known=("launchctl", "print", target),
        load=(("launchctl", "bootstrap", domain, str(file)),),
        start=(("launchctl", "kickstart", target),),
        unload=(("launchctl", "bootout", target),),
    )


def startup(program: Program, environ: Mapping[str, str]) -> Manager:
    """Return how Windows is told, by a batch file in the user's Startup folder."""
    menu = Path(environ["APPDATA"]) / "Microsoft" / "Windows" / "Start Menu"
    file = menu / "Programs" / "Startup" / f"{render.LABEL}.cmd"
    run = (("cmd", "/c", str(file)),)
    return Manager(
        name="start-up entry",
        file=file,
        content=render.startup_script(program),
        load=run,
        start=run,
    )
