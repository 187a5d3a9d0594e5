"""One connection to OBS: captions written, doubled voices found, a lost device revived."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NoReturn

from rtvc_obs import sources as find
from rtvc_obs.client import METERS, NORMAL_EVENTS, AbsentError, Event, Obs, RefusedError
from rtvc_obs.doubling import Doubles, levels_db
from rtvc_obs.phrases import rows
from rtvc_obs.settings import Settings
from rtvc_obs.sources import Sources
from rtvc_obs.timeline import Caption

logger = logging.getLogger(__name__)

LOOK_S = 2.0
ROWS_AT_ONCE = 2
READ_CHARS_PER_S = 17.0
"""How fast captions are read (BBC subtitle guidelines: 160 to 180 words a minute)."""
_NOT_STREAMING = 501
_PROGRAM = "rtvc-bridge"

Tell = Callable[[str], None]


class Session:
    """What is done with one connection. `show` is for the event loop.

    Args:
        obs: The connection.
        settings: Of the adapter.
        sources: Found or made in it.
        tell: Says how it fares, in words.
    """

    def __init__(self, obs: Obs, settings: Settings, sources: Sources, tell: Tell) -> None:
        self._obs = obs
        self._settings = settings
        self._sources = sources
        self._tell = tell
        self._captions: asyncio.Queue[Caption | None] = asyncio.Queue()
        self._closed_captions: asyncio.Queue[Caption | None] = asyncio.Queue()
        self._specials: frozenset[str] = frozenset()
        self._doubled: frozenset[str] = frozenset()
        self._meters = Doubles(sources.audio or "")
        self._revived = False
        self.show = self._captions.put_nowait

    async def serve(self) -> NoReturn:
        """Work until cancelled.

        Raises:
            AbsentError: Once OBS is closed.
        """
        specials = await self._obs.call("GetSpecialInputs")
        self._specials = frozenset(name for name in specials.values() if name)
        self._tell(self._words())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen())
                group.create_task(self._write())
                group.create_task(self._look_after_device())
                if self._settings.stream_captions:
                    group.create_task(self._write_closed())
        except ExceptionGroup as several:
            raise several.exceptions[0] from None
        finally:
            with contextlib.suppress(AbsentError, RefusedError):
                await self._text("")
        raise AssertionError

    async def _listen(self) -> NoReturn:
        """Take in what OBS tells."""
        while (event := await self._obs.events.get()) is not None:
            if event.kind == "InputVolumeMeters":
                await self._metered(event)
            elif event.kind == "InputRemoved":
                self._removed(event.data["inputName"])
        raise AbsentError("OBS was closed.")

    async def _write(self) -> NoReturn:
        """Write each caption, and tell others when a line begins and ends."""
        while True:
            caption = await self._captions.get()
            await self._text("" if caption is None else caption.text)
            if self._settings.stream_captions:
                self._closed_captions.put_nowait(caption)
            if caption is None:
                await self._obs.subscribe(NORMAL_EVENTS)
                await self._announce(speaking=False)
            elif caption.first:
                self._watch()
                await self._obs.subscribe(NORMAL_EVENTS | METERS)
                await self._announce(
                    speaking=True, line=caption.id, lane=caption.lane, voice=caption.voice
                )

    async def _text(self, text: str) -> None:
        if self._sources.captions is not None:
            await self._obs.call(
                "SetInputSettings",
                inputName=self._sources.captions,
                inputSettings={"text": text},
            )

    async def _announce(self, **what: object) -> None:
        """Tell whoever else is connected to OBS, as a custom event."""
        await self._obs.call("BroadcastCustomEvent", eventData={"from": _PROGRAM, **what})

    async def _write_closed(self) -> NoReturn:
        """Send captions with the stream, a few rows at a time so that they can be read."""
        while True:
            caption = await self._closed_captions.get()
            lines = list(rows(caption.text)) if caption is not None else []
            for start in range(0, len(lines), ROWS_AT_ONCE):
                said = "\n".join(lines[start : start + ROWS_AT_ONCE])
                try:
                    await self._obs.call("SendStreamCaption", captionText=said)
                except RefusedError as error:
                    if error.code != _NOT_STREAMING:
                        raise
                if start + ROWS_AT_ONCE < len(lines):
                    await asyncio.sleep(len(said) / READ_CHARS_PER_S)

    def _watch(self) -> None:
        """Watch the meters of the line that begins."""
        self._revived = False
        self._meters = Doubles(self._sources.audio or "")

    async def _metered(self, event: Event) -> None:
        if self._sources.audio is None:
            return
        levels = levels_db(event.data)
        self._meters.look(levels)
        if self._meters.silent and self._sources.device is not None and not self._revived:
            self._revived = True
            await self._revive()
        doubled = frozenset(self._meters.found()) - self._doubled
        if doubled:
            await self._found_doubled(doubled)

    async def _found_doubled(self, names: Iterable[str]) -> None:
        """Say that these carry the same voice, and mute those that may be muted."""
        for name in names:
            self._doubled |= {name}
            if self._settings.mute_doubles and name in self._specials:
                await self._obs.call("SetInputMute", inputName=name, inputMuted=True)
        self._tell(self._words())

    async def _look_after_device(self) -> NoReturn:
        """Let OBS open our microphone anew when it came back: it does not by itself."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._settings.transport != "device" or self._sources.audio is None:
                continue
            device = await find.device_value(self._obs, self._sources.audio, self._settings.device)
            if device == self._sources.device:
                continue
            self._sources = replace(self._sources, device=device)
            if device is not None:
                await self._revive()
            self._tell(self._words())

    async def _revive(self) -> None:
        assert self._sources.audio is not None
        assert self._sources.device is not None
        logger.info("OBS opens the microphone anew")
        await find.revive(self._obs, self._sources.audio, self._sources.device)

    def _removed(self, name: str) -> None:
        """Do without a source that its user removed."""
        if name == self._sources.audio:
            self._sources = replace(self._sources, audio=None, device=None)
        elif name == self._sources.captions:
            self._sources = replace(self._sources, captions=None)
        else:
            return
        said = f'"{name}" was removed; it is made again when OBS or this adapter starts anew.'
        self._sources = replace(self._sources, lacking=(*self._sources.lacking, said))
        self._tell(self._words())

    def _words(self) -> str:
        """Return how it fares."""
        said = ["Connected to OBS.", *self._sources.lacking]
        for name in sorted(self._doubled):
            if self._settings.mute_doubles and name in self._specials:
                said.append(f'"{name}" carried the same voice a second time and was muted.')
            else:
                said.append(
                    f'"{name}" carries the same voice a second time, so that it is heard twice: '
                    "mute it in OBS, or set mute_doubles = true in [adapters.obs]."
                )
        return " ".join(said)
