"""Adapters and pipelines, found by name.

An adapter is an importable module that offers two names: `Settings`, a strict
model of its config table, and `run`, a coroutine that serves until cancelled.
A pipeline is a factory: keyword options in, a Pipeline out; it is named rather
than imported here, because it is loaded in the worker process only.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, cast

from pydantic import ValidationError

from rtvc_bridge.config import Strict, complaints
from rtvc_bridge.engine import Engine
from rtvc_bridge.errors import ConfigError

ADAPTERS = "rtvc_bridge.adapters"
PIPELINES = "rtvc_bridge.pipelines"


class Adapter(Protocol):
    """What an adapter's module must offer."""

    Settings: type[Strict]

    async def run(self, engine: Engine, settings: Strict) -> None:
        """Serve until cancelled."""


def adapter(name: str) -> Adapter:
    """Import the adapter registered as `name`.

    Raises:
        ConfigError: If none is installed under that name.
    """
    return cast("Adapter", _entry(ADAPTERS, name).load())


def check_settings(name: str, table: dict[str, Any]) -> None:
    """Check an adapter's table of the settings file.

    Raises:
        ConfigError: If there is no such adapter, or naming what is wrong in its table.
    """
    model = adapter(name).Settings
    try:
        model.model_validate(table)
    except ValidationError as error:
        raise ConfigError(f"[adapters.{name}] is wrong:\n{complaints(error)}") from error


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
