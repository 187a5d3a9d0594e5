"""Our sources in OBS: found by name, or made."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rtvc_obs.client import Obs
from rtvc_obs.settings import Settings

logger = logging.getLogger(__name__)

AUDIO_KINDS = ("pulse_input_capture", "wasapi_input_capture", "coreaudio_input_capture")
TEXT_KINDS = (
    "text_gdiplus_v3",
    "text_gdiplus_v2",
    "text_gdiplus",
    "text_ft2_source_v2",
    "text_ft2_source",
)
MEDIA_KIND = "ffmpeg_source"
BROWSER_KIND = "browser_source"
MICROPHONES = (
    "RTVC Virtual Microphone",
    "CABLE Output",
    "Voicemeeter Out B1",
    "BlackHole 2ch",
    "Line 1",
)
"""How OBS lists ours, and the cables of others: the end that is recorded from."""
_BOTTOM_CENTRE = 8
_LOWER_THIRD = 0.94
_FONT_SHARE = 1 / 16
_WIDTH_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Sources:
    """What there is to work with.

    Attributes:
        audio: Name of the audio source; None if it is missing.
        device: What its device is called in its settings; None if the device is missing.
        captions: Name of the text source; None if it is missing or not wanted.
        lacking: What is missing and what to do about it, in words.
    """

    audio: str | None
    device: str | None
    captions: str | None
    lacking: tuple[str, ...]


async def found_or_made(obs: Obs, settings: Settings, page: str = "") -> Sources:
    """Return our sources; those that are missing are made if the settings allow it.

    Args:
        obs: Where.
        settings: Of the adapter.
        page: Address of the overlay; "" without one.

    Raises:
        RefusedError: If OBS refuses to make one.
        AbsentError: If OBS went away.
    """
    kinds = (await obs.call("GetInputKindList", unversioned=False))["inputKinds"]
    names = {each["inputName"] for each in (await obs.call("GetInputList"))["inputs"]}
    lacking: list[str] = []
    audio, device = await _audio(obs, settings, kinds, names, lacking)
    captions = None
    if settings.captions:
        captions = await _captions(obs, settings, kinds, names, lacking)
    if page:
        await _overlay(obs, settings, kinds, names, page)
    return Sources(audio, device, captions, tuple(lacking))


async def device_value(obs: Obs, audio: str, wanted: str) -> str | None:
    """Return what OBS calls our microphone in the settings of `audio`; None if it lists none."""
    answer = await obs.call(
        "GetInputPropertiesListPropertyItems", inputName=audio, propertyName="device_id"
    )
    listed = [(str(each["itemName"]), str(each["itemValue"])) for each in answer["propertyItems"]]
    return matching(listed, wanted)


async def revive(obs: Obs, audio: str, device: str) -> None:
    """Let OBS open the device anew: it does so only when the setting changes."""
    for value in ("default", device):
        await obs.call("SetInputSettings", inputName=audio, inputSettings={"device_id": value})


def matching(devices: Sequence[tuple[str, str]], wanted: str) -> str | None:
    """Return the value of the device that is called `wanted`; for "" that of ours, or a cable."""
    names = (wanted,) if wanted else MICROPHONES
    for name in names:
        for shown, value in devices:
            if name in (shown, value):
                return value
        for shown, value in devices:
            if shown.startswith(name) and "16ch" not in shown:
                return value
    return None


async def _audio(
    obs: Obs, settings: Settings, kinds: list[str], names: set[str], lacking: list[str]
) -> tuple[str | None, str | None]:
    name = settings.audio_input
    if settings.transport == "none":
        return None, None
    if settings.transport == "udp":
        if name not in names and _may_make(settings, name, lacking):
            await _make(obs, settings, name, MEDIA_KIND, udp_settings(settings.udp_port))
        elif name in names:
            media = udp_settings(settings.udp_port)
            await obs.call("SetInputSettings", inputName=name, inputSettings=media)
        return name, None
    if name not in names:
        if not _may_make(settings, name, lacking):
            return None, None
        kind = _first(AUDIO_KINDS, kinds)
        if kind is None:
            lacking.append("This OBS cannot record from a microphone: no such source is installed.")
            return None, None
        await _make(obs, settings, name, kind, {})
    return name, await _pointed(obs, settings, name, lacking)


async def _pointed(obs: Obs, settings: Settings, name: str, lacking: list[str]) -> str | None:
    """Let the audio source record from our microphone, and return what OBS calls that."""
    device = await device_value(obs, name, settings.device)
    if device is None:
        wanted = f'"{settings.device}"' if settings.device else "our microphone"
        lacking.append(
            f"OBS does not list {wanted}. Run `rtvc-bridge mic install`, and start the adapter "
            "virtualmic."
        )
        return None
    now = (await obs.call("GetInputSettings", inputName=name))["inputSettings"]
    if now.get("device_id") != device:
        await obs.call("SetInputSettings", inputName=name, inputSettings={"device_id": device})
    return device


async def _captions(
    obs: Obs, settings: Settings, kinds: list[str], names: set[str], lacking: list[str]
) -> str | None:
    name = settings.caption_source
    if name in names:
        return name
    if not _may_make(settings, name, lacking):
        return None
    kind = _first(TEXT_KINDS, kinds)
    if kind is None:
        lacking.append("This OBS cannot show text: no text source is installed.")
        return None
    video = await obs.call("GetVideoSettings")
    width, height = int(video["baseWidth"]), int(video["baseHeight"])
    item = await _make(obs, settings, name, kind, text_settings(kind, width, height))
    place = {
        "positionX": width / 2,
        "positionY": height * _LOWER_THIRD,
        "alignment": _BOTTOM_CENTRE,
    }
    await obs.call("SetSceneItemTransform", **item, sceneItemTransform=place)
    return name


async def _overlay(
    obs: Obs, settings: Settings, kinds: list[str], names: set[str], page: str
) -> None:
    """Point the browser source to the page; without a browser in OBS there is none."""
    name = settings.overlay_source
    if name in names:
        now = (await obs.call("GetInputSettings", inputName=name))["inputSettings"]
        if not str(now.get("url", "")).startswith(page):  # what follows chooses a theme
            await obs.call("SetInputSettings", inputName=name, inputSettings={"url": page})
    elif settings.create and BROWSER_KIND in kinds:
        video = await obs.call("GetVideoSettings")
        size = {"width": video["baseWidth"], "height": video["baseHeight"]}
        await _make(obs, settings, name, BROWSER_KIND, {"url": page, "shutdown": False, **size})


def udp_settings(port: int) -> dict[str, Any]:
    """Return how a media source listens for mono s16le at 48 kHz with the least delay."""
    return {
        "is_local_file": False,
        "input": f"udp://127.0.0.1:{port}?fifo_size=4096&overrun_nonfatal=1",
        "input_format": "s16le",
        "ffmpeg_options": "sample_rate=48000 fflags=nobuffer probesize=32 analyzeduration=0",
        "buffering_mb": 0,
        "reconnect_delay_sec": 1,
        "restart_on_activate": False,
        "close_when_inactive": False,
    }


def text_settings(kind: str, width: int, height: int) -> dict[str, Any]:
    """Return how captions look on a canvas of that size, in pixels."""
    font = {"face": "DejaVu Sans", "style": "Bold", "size": round(height * _FONT_SHARE), "flags": 1}
    if kind.startswith("text_gdiplus"):
        return {
            "text": "",
            "font": font | {"face": "Segoe UI"},
            "align": "center",
            "outline": True,
            "outline_size": 4,
            "extents": True,
            "extents_wrap": True,
            "extents_cx": round(width * _WIDTH_SHARE),
            "extents_cy": round(height / 4),
            "valign": "bottom",
        }
    return {
        "text": "",
        "font": font,
        "outline": True,
        "word_wrap": True,
        "custom_width": round(width * _WIDTH_SHARE),
    }


async def _make(
    obs: Obs, settings: Settings, name: str, kind: str, source: dict[str, Any]
) -> dict[str, Any]:
    """Make a source in the scene, and return what names its place there."""
    scene = settings.scene
    if not scene:
        scene = (await obs.call("GetCurrentProgramScene"))["currentProgramSceneName"]
    made = await obs.call(
        "CreateInput", sceneName=scene, inputName=name, inputKind=kind, inputSettings=source
    )
    logger.info("made a source in OBS: %s", kind)
    return {"sceneName": scene, "sceneItemId": made["sceneItemId"]}


def _may_make(settings: Settings, name: str, lacking: list[str]) -> bool:
    if not settings.create:
        lacking.append(
            f'OBS has no source called "{name}". Make it there, or set create = true in '
            "[adapters.obs]."
        )
    return settings.create


def _first(known: Sequence[str], there: Sequence[str]) -> str | None:
    return next((kind for kind in known if kind in there), None)
