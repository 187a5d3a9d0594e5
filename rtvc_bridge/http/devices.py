"""Which sound devices an adapter can use, and choosing one, which the settings file remembers."""

import asyncio
import tomllib
from collections.abc import Callable
from pathlib import Path

import tomlkit
from fastapi import APIRouter
from starlette.exceptions import HTTPException

from rtvc_bridge import config, plugins
from rtvc_bridge.config import Settings, Strict
from rtvc_bridge.errors import ConfigError, StorageError
from rtvc_bridge.http.site import Here, Site
from rtvc_bridge.http.views import DevicesView, ReloadView
from rtvc_bridge.voices.disk import write_bytes

router = APIRouter(prefix="/v1/adapters/{name}")


class Choice(Strict):
    """A device by its name; "" is the system's default."""

    device: str


@router.get("/devices")
async def listed(site: Here, name: str) -> DevicesView:
    """List the devices that an adapter can use, and tell which it is to use."""
    known = await asyncio.to_thread(_devices, name)
    settings = plugins.checked_settings(name, _settings(site).adapters.get(name, {}))
    return DevicesView(chosen=str(settings.model_dump()["device"]), devices=list(known))


@router.put("/device")
async def choose(site: Here, name: str, choice: Choice) -> ReloadView:
    """Have an adapter use a device, from now on: it is written into the settings file."""
    known = await asyncio.to_thread(_devices, name)
    if choice.device and choice.device not in known:
        there = "; ".join(f'"{each}"' for each in known) or "none"
        raise HTTPException(422, f"There is no such device. There are: {there}.")
    # On the event loop, as `reload` is: no two changes of the file cross.
    _keep(_file(site), name, choice.device)
    done = site.host.reload()
    return ReloadView(applied=list(done.applied), refused=list(done.refused))


def with_device(text: str, adapter: str, device: str) -> str:
    """Return a settings file with that device in the adapter's table, all else as it was.

    Raises:
        ConfigError: If the file is written in a way that cannot be changed.
    """
    document = tomlkit.parse(text)
    adapters = document.setdefault("adapters", tomlkit.table(is_super_table=True))
    adapters.setdefault(adapter, {})["device"] = device
    changed = tomlkit.dumps(document)
    wanted = tomllib.loads(text)
    wanted.setdefault("adapters", {}).setdefault(adapter, {})["device"] = device
    try:
        done = tomllib.loads(changed) == wanted
    except tomllib.TOMLDecodeError:
        done = False
    if not done:
        raise ConfigError(
            f"The settings file cannot be changed from here. Write device = {device!r} below "
            f"[adapters.{adapter}] yourself, then run: rtvc-bridge reload"
        )
    return changed


def _devices(adapter: str) -> tuple[str, ...]:
    """Return the adapter's devices; imports it, and may block.

    Raises:
        DeviceError: If they cannot be listed.
    """
    try:
        module = plugins.adapter(adapter)
    except ConfigError as error:
        raise HTTPException(404, str(error)) from error
    devices: Callable[[], tuple[str, ...]] | None = getattr(module, "devices", None)
    if not callable(devices):  # a package may have a module of that name
        raise HTTPException(409, f"The adapter {adapter!r} has no devices to choose from.")
    return devices()


def _file(site: Site) -> Path:
    if site.host.settings_file is None:
        raise StorageError("The daemon was started without a place for its settings.")
    return site.host.settings_file


def _settings(site: Site) -> Settings:
    return config.load_or_default(None, _file(site))


def _keep(file: Path, adapter: str, device: str) -> None:
    """Write the device into the file, unless that or anything else in it is wrong."""
    adapters = config.load_or_default(None, file).adapters
    for name, table in {
        **adapters,
        adapter: {**adapters.get(adapter, {}), "device": device},
    }.items():
        plugins.checked_settings(name, table)
    target = file.resolve()  # a link stays a link
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        text = target.read_bytes().decode() if target.exists() else ""
    except OSError as error:
        msg = f"Cannot change {file}: {error.strerror}."
        raise StorageError(msg) from error
    write_bytes(with_device(text, adapter, device).encode(), target)
