"""Whether OBS can be reached and gets the voice once, part by part; changes nothing in it."""

import asyncio
import sys
from collections.abc import Collection, Sequence

from rtvc_virtualmic import manage

from rtvc_bridge.errors import DeviceError, RtvcBridgeError
from rtvc_bridge.plugins import Finding
from rtvc_obs import overlay
from rtvc_obs.client import Obs, connected
from rtvc_obs.settings import LOOPBACK, Settings
from rtvc_obs.sources import device_value

DEFAULT = "default"
INPUT_KIND = "pulse_input_capture"
OUTPUT_KIND = "pulse_output_capture"
"""Such as Desktop Audio: its devices are the monitors of outputs."""


def findings(settings: Settings) -> Sequence[Finding]:
    """Return what keeps the voice from OBS. Takes a few seconds if OBS hangs."""
    found = asyncio.run(_found(settings))
    if settings.overlay:
        detail = f"its address is in {overlay.address_file()}"
        found.append(Finding("OBS overlay", well=True, detail=detail))
    return found


async def _found(settings: Settings) -> list[Finding]:
    try:
        async with connected(settings.host, settings.port, settings.password()) as obs:
            version = (await obs.call("GetVersion"))["obsVersion"]
            found = [Finding("OBS", well=True, detail=f"{version} answers")]
            found.append(await _sources(obs, settings))
            if found[-1].well and settings.transport == "device":
                found += await _sound(obs, settings)
            return found
    except RtvcBridgeError as error:
        return [Finding("OBS", well=False, detail="cannot be used", fix=str(error))]


async def _sources(obs: Obs, settings: Settings) -> Finding:
    """Return whether our sources are there or will be made."""
    there = {each["inputName"] for each in (await obs.call("GetInputList"))["inputs"]}
    wanted = [settings.audio_input] if settings.transport != "none" else []
    wanted += [settings.caption_source] if settings.captions else []
    names = " and ".join(f'"{name}"' for name in wanted if name not in there)
    if not names:
        return Finding("OBS sources", well=True, detail="all there")
    if settings.create:
        return Finding("OBS sources", well=True, detail=f"{names} will be made")
    fix = f"make {names} in OBS, or set create = true in [adapters.obs]"
    return Finding("OBS sources", well=False, detail=f"there is no {names}", fix=fix)


async def _sound(obs: Obs, settings: Settings) -> list[Finding]:
    """Return whether OBS lists our microphone, and records from it by one source only."""
    inputs = {each["inputName"] for each in (await obs.call("GetInputList"))["inputs"]}
    if settings.audio_input not in inputs:
        return []
    ours = await device_value(obs, settings.audio_input, settings.device)
    if ours is None:
        fix = "rtvc-bridge mic install"
        return [Finding("OBS microphone", well=False, detail="OBS lists none of ours", fix=fix)]
    ways = await asyncio.to_thread(_ways_in, ours, here=settings.host in LOOPBACK)
    doubled = []
    for name in (await obs.call("GetSpecialInputs")).values():
        if not name or name == settings.audio_input:
            continue
        source = await obs.call("GetInputSettings", inputName=name)
        muted = (await obs.call("GetInputMute", inputName=name))["inputMuted"]
        device = source["inputSettings"].get("device_id", DEFAULT)
        if not muted and (device == ours or (source["inputKind"], device) in ways):
            detail = f'"{name}" records from it too: the voice is heard twice'
            fix = f'mute "{name}" in OBS, or set mute_doubles = true in [adapters.obs]'
            doubled.append(Finding("OBS microphone", well=False, detail=detail, fix=fix))
    return doubled or [Finding("OBS microphone", well=True, detail="recorded from once")]


def _ways_in(ours: str, *, here: bool) -> Collection[tuple[str, str]]:
    """Return the kinds of source and devices through which PulseAudio gives OBS our sound too.

    Args:
        ours: What OBS calls our microphone.
        here: Whether OBS runs on this computer, so that its sound server can be asked.
    """
    try:
        status = manage.status(ours) if here and sys.platform == "linux" else None
    except DeviceError:  # not ours by name, or no server: what is named is known all the same
        status = None
    if status is None:
        return ()
    ways = [(OUTPUT_KIND, status.feed)]
    ways += [(INPUT_KIND, DEFAULT)] if status.is_default_input else []
    ways += [(OUTPUT_KIND, DEFAULT)] if status.is_default_output else []
    return ways
