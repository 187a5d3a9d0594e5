"""What every route is handed."""

import asyncio
import importlib.metadata
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Self

import psutil
from fastapi import Depends, Request
from pydantic import TypeAdapter

from rtvc_bridge.engine import Status
from rtvc_bridge.engine.custody import Custody
from rtvc_bridge.http.ledger import Ledger
from rtvc_bridge.http.reading import Readings
from rtvc_bridge.http.settings import Settings
from rtvc_bridge.http.views import AdapterView, StatusView, UtteranceView, VoiceView, iso
from rtvc_bridge.http.watchers import Watchers, event
from rtvc_bridge.plugins import Host
from rtvc_bridge.voices import Summary

_LOOK_S = 0.5
_HALT_S = 0.1
_LEVELS_S = 0.1
_ADAPTERS = TypeAdapter(list[AdapterView])


@dataclass(frozen=True, slots=True)
class Site:
    """The API's state. Made on the event loop, which alone uses it but for what says otherwise.

    Attributes:
        host: The daemon; for any thread.
        custody: Changes its voices; for any thread.
        ledger: Figures of what was said.
        watchers: Who follows live.
        readings: Sound on its way to clients.
        enroller: Makes voices, one at a time; at a stop it may end later than the event loop.
        detecting: Held while a recording is examined for the watermark.
        started_at: When this process started, time.time() seconds.
    """

    host: Host
    custody: Custody
    ledger: Ledger
    watchers: Watchers
    readings: Readings
    enroller: ThreadPoolExecutor
    detecting: asyncio.Lock
    started_at: float

    @classmethod
    def opened(cls, host: Host, settings: Settings) -> Self:
        """Return the state of a new API, and start to listen to the engine."""
        ledger = Ledger(host.engine)

        def changed(status: Status, text: str) -> bytes:
            ledger.note(status)
            return event("status", UtteranceView.of(status, text).model_dump_json())

        return cls(
            host=host,
            custody=Custody(host.voices, host.engine.policy, host.engine.queue.silence),
            ledger=ledger,
            watchers=Watchers(host.engine, limit=settings.max_watchers, changed=changed),
            readings=Readings(limit=settings.max_streams),
            enroller=ThreadPoolExecutor(1, "rtvc-http-enroller"),
            detecting=asyncio.Lock(),
            started_at=psutil.Process().create_time(),
        )

    async def close(self) -> None:
        """End every stream; returns once no reader is left."""
        self.watchers.close()
        await self.readings.close()
        self.enroller.shutdown(wait=False, cancel_futures=True)

    def queue(self) -> list[UtteranceView]:
        """Return what is spoken or heard now, then what waits."""
        return [
            UtteranceView.of(each.status, each.text) for each in self.host.engine.queue.listed()
        ]

    def voice(self, voice: Summary) -> VoiceView:
        """Return what is known of a voice, and whether it may be used; for any thread."""
        return VoiceView.of(voice, self.host.engine.policy.trust)

    def adapters(self) -> list[AdapterView]:
        """Return how every adapter fares."""
        return [AdapterView.of(status) for status in self.host.adapters()]

    def status(self) -> StatusView:
        """Return all of it at a glance."""
        host = self.host
        return StatusView(
            version=importlib.metadata.version("rtvc-bridge"),
            pid=os.getpid(),
            started_at=iso(self.started_at),
            ready=host.ready(),
            pipeline=host.settings.models.pipeline,
            queue=self.queue(),
            paused=sorted(host.engine.queue.paused, key=lambda lane: lane or ""),
            players=sorted(host.engine.players),
            adapters=self.adapters(),
            latency=self.ledger.latency(),
            halted=host.engine.queue.halted,
            held=len(host.engine.queue.held()),
        )

    async def watch_adapters(self) -> None:
        """Tell the watchers when an adapter's state changes. The daemon does not announce it."""
        known = self.host.adapters()
        while True:
            await asyncio.sleep(_LOOK_S)
            now = self.host.adapters()
            if now != known:
                known = now
                self.watchers.spread(
                    event("adapters", _ADAPTERS.dump_json(self.adapters()).decode())
                )

    async def watch_halts(self) -> None:
        """Tell the watchers when everything is stopped, and when that is lifted, by whomever."""
        known = False
        while True:
            await self.watchers.wait_for_one()
            if (halted := self.host.engine.queue.halted) != known:
                known = halted
                self.watchers.spread(event("halted", json.dumps({"halted": halted})))
            await asyncio.sleep(_HALT_S)

    async def watch_levels(self) -> None:
        """Tell the watchers how loud each lane is, while any sounds and anybody watches."""
        sounded = False
        while True:
            await self.watchers.wait_for_one()
            levels = {lane: round(db, 1) for lane, db in self.host.levels.read().items()}
            if levels or sounded:
                self.watchers.spread(event("levels", json.dumps(levels)))
            sounded = bool(levels)
            await asyncio.sleep(_LEVELS_S)


async def _site_of(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


Here = Annotated[Site, Depends(_site_of)]
"""The Site, as a route's parameter."""
