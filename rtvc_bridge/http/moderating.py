"""Lines that a moderator has to see first, and stopping everything."""

import asyncio

from fastapi import APIRouter, Response

from rtvc_bridge.config import Strict
from rtvc_bridge.http.site import Here
from rtvc_bridge.http.speaking import Number, Words
from rtvc_bridge.http.views import Cancelled, UtteranceView
from rtvc_bridge.safety.asker import HERE
from rtvc_bridge.safety.audit.entry import Kind

router = APIRouter(prefix="/v1")


class Denial(Strict):
    """Why a line is not spoken, for whoever asked for it."""

    reason: Words = ""


@router.get("/held")
async def held(site: Here) -> list[UtteranceView]:
    """List what waits for a moderator, oldest first; `reason` says why."""
    return [UtteranceView.of(each.status, each.text) for each in site.host.engine.queue.held()]


@router.post("/held/{number}/approve", status_code=204, response_class=Response)
async def approve(site: Here, number: Number) -> None:
    """Let a held line be spoken."""
    engine = site.host.engine
    request = engine.queue.find(number).request
    await asyncio.to_thread(engine.queue.approve, number)
    engine.policy.note(Kind.APPROVED, HERE, request.voice, lane=request.lane)


@router.post("/held/{number}/deny", status_code=204, response_class=Response)
async def deny(site: Here, number: Number, denial: Denial | None = None) -> None:
    """End a held line unsaid."""
    engine = site.host.engine
    request = engine.queue.find(number).request
    reason = denial.reason if denial else ""
    await asyncio.to_thread(engine.queue.deny, number, reason)
    engine.policy.note(Kind.DENIED, HERE, request.voice, lane=request.lane, reason=reason)


@router.post("/halt")
async def halt(site: Here) -> Cancelled:
    """Silence everything at once, and take nothing more until it is lifted."""
    # Not on another thread: those may all be busy, and this must not wait.
    engine = site.host.engine
    cancelled = engine.queue.halt()
    engine.policy.note(Kind.HALTED, HERE)
    return Cancelled(cancelled=cancelled)


@router.post("/lift", status_code=204, response_class=Response)
async def lift(site: Here) -> None:
    """Take lines again."""
    engine = site.host.engine
    engine.queue.lift()
    engine.policy.note(Kind.LIFTED, HERE)
