"""A service put in place and taken away again."""

import subprocess
import tempfile
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rtvc_bridge.errors import StorageError
from rtvc_bridge.service.render import MARK
from rtvc_bridge.service.systems import Command, Manager

COMMAND_S = 30.0


class Presence(StrEnum):
    """What lies where the service's file belongs."""

    ABSENT = "absent"
    CURRENT = "current"
    OUTDATED = "outdated"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done.

    Attributes:
        before: What lay there first.
        left: Commands that are still to be run by hand, because the first of them failed.
        reason: What the failed command said.
    """

    before: Presence
    left: tuple[Command, ...] = ()
    reason: str = ""


def presence(manager: Manager) -> Presence:
    """Return what lies where the service's file belongs.

    Raises:
        StorageError: If it cannot be read.
    """
    try:
        found = manager.file.read_bytes()
    except FileNotFoundError:
        return Presence.ABSENT
    except OSError as error:
        raise StorageError(f"Cannot read {manager.file}: {error.strerror}.") from error
    if MARK.encode() not in found:
        return Presence.FOREIGN
    return Presence.CURRENT if found == manager.content else Presence.OUTDATED


def install(manager: Manager) -> Outcome:
    """Write the file and start the service; again is fine, and an old file is replaced.

    Raises:
        StorageError: If somebody else's file is there, or it cannot be written.
    """
    before = _ours(manager)
    known = bool(manager.known) and _failure(manager.known) is None
    if known and before is Presence.OUTDATED:
        _run(manager.unload)
        known = False
    if before is not Presence.CURRENT:
        _write(manager)
    return Outcome(before, *_run(manager.start if known else manager.load))


def uninstall(manager: Manager) -> Outcome:
    """Stop the service and remove its file; if there is none, do nothing.

    Raises:
        StorageError: If the file is somebody else's, or cannot be removed.
    """
    before = _ours(manager)
    if before is Presence.ABSENT:
        return Outcome(before)
    left, reason = _run(manager.unload)
    try:
        manager.file.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"Cannot remove {manager.file}: {error.strerror}.") from error
    _run(manager.forget)
    return Outcome(before, left, reason)


def _ours(manager: Manager) -> Presence:
    found = presence(manager)
    if found is Presence.FOREIGN:
        raise StorageError(
            f"{manager.file} was not written by rtvc-bridge and stays as it is. Move it away first."
        )
    return found


def _write(manager: Manager) -> None:
    """Write the file, whole or not at all."""
    fresh = manager.file.with_name(f".{manager.file.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        manager.file.parent.mkdir(parents=True, exist_ok=True)
        try:
            fresh.write_bytes(manager.content)
            fresh.replace(manager.file)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"Cannot write {manager.file}: {error.strerror}.") from error


def _run(commands: Iterable[Command]) -> tuple[tuple[Command, ...], str]:
    """Run commands up to the first that fails; return it, those after it, and why it failed."""
    waiting = list(commands)
    while waiting:
        if (reason := _failure(waiting[0])) is not None:
            return tuple(waiting), reason
        del waiting[0]
    return (), ""


def _failure(command: Command) -> str | None:
    """Run a command; return None if it succeeds, else what it said."""
    # Not a pipe: what a command starts would inherit it, and reading would wait for that.
    with tempfile.TemporaryFile() as said:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                timeout=COMMAND_S,
                check=False,
            )
        except FileNotFoundError:
            return f"{command[0]} is not installed."
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode == 0:
            return None
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
