"""`rtvc-bridge doctor`: for every part, OK or what to run."""

import importlib.util
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Annotated, Literal

import typer
from rich.console import Console

from rtvc_bridge import paths, plugins
from rtvc_bridge.cli.assembly import library, opened_worker, voice_store
from rtvc_bridge.config import Settings
from rtvc_bridge.errors import DeviceError, OperatorError
from rtvc_bridge.soundcard import sounddevice
from rtvc_bridge.stages.cache import State

MIN_FREE_GB = 1.0
WEIGHTS_GB = 0.4
ALWAYS = "virtualmic"
"""Its microphone is there for `mic` and for other programs, also if the daemon does not use it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One part.

    Attributes:
        part: What was looked at.
        state: "ok", "missing" (speaking needs it) or "optional" (only some uses need it).
        detail: What was found.
        fix: What to run or change; empty when ok.
    """

    part: str
    state: Literal["ok", "missing", "optional"]
    detail: str
    fix: str = ""


def doctor(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    start: Annotated[
        bool, typer.Option("--start/--no-start", help="Also start the synthesis process.")
    ] = True,
) -> None:
    """Say for every needed part OK, or what to run; exit code 3 when something is missing."""
    checks = list(_checks(ctx.obj, start=start))
    if as_json:
        print(json.dumps([asdict(check) for check in checks]))
    else:
        for check in checks:
            _show(check)
    if any(check.state == "missing" for check in checks):
        raise typer.Exit(3)


def _checks(settings: Settings, *, start: bool) -> Iterator[Check]:
    yield Check("python", "ok", sys.version.split()[0])
    yield Check("torch", "ok", version("torch"))
    yield _space()
    weights = list(_weights(settings))
    yield from weights
    yield _voices(settings)
    yield _loudspeaker()
    yield _module("m4a recordings", "av", 'pip install "rtvc-bridge[m4a]"')
    for name in {ALWAYS: {}, **settings.adapters}:
        yield from _adapter(settings, name)
    if start and all(check.state == "ok" for check in weights):
        yield _synthesis(settings)


def _weights(settings: Settings) -> Iterator[Check]:
    shelf = library(settings)
    for artifact in shelf.manifest.artifacts:
        if artifact.role != "runtime":
            continue
        state = shelf.state(artifact.name)
        if state is State.PRESENT:
            yield Check(f"weights {artifact.name}", "ok", artifact.purpose)
        else:
            fix = f"rtvc-bridge models pull {artifact.name}"
            yield Check(f"weights {artifact.name}", "missing", str(state), fix)


def _space() -> Check:
    folder = next(path for path in (paths.cache_dir(), *paths.cache_dir().parents) if path.exists())
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < WEIGHTS_GB + MIN_FREE_GB:
        fix = f"free some space on the disk that holds {folder}"
        return Check("disk", "missing", f"{free_gb:.1f} GB free", fix)
    return Check("disk", "ok", f"{free_gb:.1f} GB free")


def _voices(settings: Settings) -> Check:
    listing = voice_store(settings).listing()
    if listing.damaged:
        removal = "; ".join(f"rtvc-bridge voice delete {file.id}" for file in listing.damaged)
        fix = f"restore them from a copy, or remove them: {removal}"
        return Check("voices", "optional", f"{len(listing.damaged)} damaged voice files", fix)
    return Check("voices", "ok", f"{len(listing.voices)} enrolled")


def _loudspeaker() -> Check:
    try:
        device = sounddevice()
    except DeviceError as error:
        return Check("loudspeaker", "optional", "cannot play", str(error))
    try:
        name = device.query_devices(kind="output")["name"]
    except (device.PortAudioError, ValueError) as error:
        fix = "connect one, or use `say --out FILE.wav`"
        return Check("loudspeaker", "optional", f"no output device ({error})", fix)
    return Check("loudspeaker", "ok", name)


def _adapter(settings: Settings, name: str) -> Iterator[Check]:
    """Yield what an adapter finds; what it lacks is only needed if it is to be started."""
    state: Literal["missing", "optional"] = "missing" if name in settings.adapters else "optional"
    try:
        found = plugins.findings(name, settings.adapters.get(name, {}))
    except ImportError as error:
        fix = 'pip install "rtvc-bridge[all]"'
        yield Check(f"adapter {name}", state, f"not installed ({error})", fix)
    except OperatorError as error:
        yield Check(f"adapter {name}", state, "cannot be used", str(error))
    else:
        for each in found:
            yield Check(each.part, "ok" if each.well else state, each.detail, each.fix)


def _module(part: str, module: str, fix: str) -> Check:
    if importlib.util.find_spec(module) is None:
        return Check(part, "optional", "not installed", fix)
    return Check(part, "ok", "installed")


def _synthesis(settings: Settings) -> Check:
    try:
        with opened_worker(settings) as worker:
            return Check("synthesis", "ok", f"ready after {worker.cold_start_s:.1f} s")
    except OperatorError as error:
        return Check("synthesis", "missing", "does not start", str(error))


def _show(check: Check) -> None:
    colour = {"ok": "green", "missing": "red", "optional": "yellow"}[check.state]
    label = {"ok": "OK", "missing": "NEEDED", "optional": "optional"}[check.state]
    console = Console()
    console.print(f"[{colour}]{label:8}[/{colour}] {check.part}: ", end="")
    console.print(check.detail, markup=False, highlight=False, soft_wrap=True)
    if check.fix:
        console.print(f"         -> {check.fix}", markup=False, highlight=False, soft_wrap=True)
