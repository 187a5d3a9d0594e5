"""Adapters and pipelines, found by name.

An adapter is an importable module that offers two names: `Settings`, a strict
model of its config table, and `run`, a coroutine that serves until cancelled. It is handed
a `Host`: the engine, the voices, and what the daemon tells of itself. It may offer more:
`devices() -> tuple[str, ...]`: the names that its setting `device` takes, for a picker; it may
block, and raise DeviceError.
`findings(settings) -> Iterable[Finding]`: what keeps it from working, for `doctor`; it may block.
A pipeline is a factory: keyword options in, a Pipeline out; it is named rather
than imported here, because it is loaded in the worker process only.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import ValidationError

from rtvc_bridge.config import Settings, Strict, complaints
from rtvc_bridge.engine import Engine
from rtvc_bridge.enrolment.spoken import Check
from rtvc_bridge.errors import ConfigError
from rtvc_bridge.levels import Levels
from rtvc_bridge.voices import VoiceStore

ADAPTERS = "rtvc_bridge.adapters"
PIPELINES = "rtvc_bridge.pipelines"


class AdapterState(StrEnum):
    """Where an adapter is in its life."""

    RUNNING = "running"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AdapterStatus:
    """How an adapter fares.

    Attributes:
        name: As registered.
        state: FAILED while it waits to be started again.
        since: When it came into this state, time.monotonic() seconds.
        restarts: How often it was started again.
        reason: Why it failed last, or how it fares, in words that may be shown.
    """

    name: str
    state: AdapterState
    since: float
    restarts: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of what an adapter needs, as it was found.

    Attributes:
        part: What was looked at.
        well: Whether it is as it should be.
        detail: What was found.
        fix: What to run or change; empty when well.
    """

    part: str
    well: bool
    detail: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Reload:
    """What reading the settings again did: names of tables such as "adapters.http".

    Attributes:
        applied: In force now.
        refused: In force after a restart of the daemon only.
    """

    applied: tuple[str, ...]
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """What an adapter is handed; any thread may call what is callable, but for `reload`.

    Attributes:
        engine: Warm.
        voices: By name.
        settings: As read at the start of the daemon.
        ready: Whether sound can be made now.
        adapters: How every adapter fares.
        announce: The http adapter's, once it listens: its address and its token's file.
        stop: Ends the daemon, in order.
        reload: Reads the settings again, on the event loop.
        levels: How loud each lane is; whoever plays a lane tells it.
        settings_file: What `reload` reads; None if there is no such place.
        tell: Says how the adapter fares while it runs, in words that may be shown; None: well.
        consent: Judges agreements that are read aloud; None where nothing can.
    """

    engine: Engine
    voices: VoiceStore
    settings: Settings
    ready: Callable[[], bool]
    adapters: Callable[[], tuple[AdapterStatus, ...]]
    announce: Callable[[str, str], None]
    stop: Callable[[], None]
    reload: Callable[[], Reload]
    levels: Levels = field(default_factory=Levels)
    settings_file: Path | None = None
    tell: Callable[[str | None], None] = lambda _: None
    consent: Check | None = None


class Adapter(Protocol):
    """What an adapter's module must offer."""

    Settings: type[Strict]

    async def run(self, host: Host, settings: Strict) -> None:
        """Serve until cancelled."""


def adapter(name: str) -> Adapter:
    """Import the adapter registered as `name`.

    Raises:
        ConfigError: If none is installed under that name.
    """
    return cast("Adapter", _entry(ADAPTERS, name).load())


def checked_settings(name: str, table: dict[str, Any]) -> Strict:
    """Return an adapter's table of the settings file as its own model.

    Raises:
        ConfigError: If there is no such adapter, or naming what is wrong in its table.
    """
    model = adapter(name).Settings
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise ConfigError(f"[adapters.{name}] is wrong:\n{complaints(error)}") from error


def findings(name: str, table: dict[str, Any]) -> tuple[Finding, ...]:
    """Return what an adapter with that table of the settings file finds about what it needs.

    None from one that does not look.

    Raises:
        ConfigError: If there is no such adapter, or naming what is wrong in its table.
    """
    settings = checked_settings(name, table)
    look = getattr(adapter(name), "findings", None)
    return () if look is None else tuple(look(settings))


def pipeline_factory(name: str) -> str:
    """Return "module:function" of the pipeline registered as `name`.

    Raises:
        ConfigError: If none is installed under that name.
    """
    return _entry(PIPELINES, name).value


def _entry(group: str, name: str) -> EntryPoint:
    for entry in entry_points(group=group, name=name):
        return entry
    known = ", ".join(sorted({entry.name for entry in entry_points(group=group)})) or "none"
    kind = group.rpartition(".")[2].removesuffix("s")
    raise ConfigError(f"There is no {kind} called {name!r}. Installed: {known}.")
