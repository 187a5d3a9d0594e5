"""Lines to speak, and the queue they wait in."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, Field

from rtvc_bridge.config import Strict
from rtvc_bridge.engine import Utterance
from rtvc_bridge.errors import NoPlayerError
from rtvc_bridge.http.site import Here, Site
from rtvc_bridge.http.views import Cancelled, UtteranceView
from rtvc_bridge.pipeline import EXPRESSION_RANGE, PITCH_RANGE, SPEED_RANGE, Delivery
from rtvc_bridge.plugins import Host
from rtvc_bridge.safety.asker import HERE

router = APIRouter(prefix="/v1")


def _plain(text: str) -> str:
    """Half characters, which JSON can name, would break every answer that repeats them."""
    if not text.isprintable():
        msg = "want plain text on one line"
        raise ValueError(msg)
    return text


Lane = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_plain)]
Words = Annotated[str, Field(max_length=200), AfterValidator(_plain)]
User = Annotated[str, Field(max_length=200), AfterValidator(_plain)]
Speed = Annotated[float, Field(ge=SPEED_RANGE[0], le=SPEED_RANGE[1], allow_inf_nan=False)]
Pitch = Annotated[float, Field(ge=PITCH_RANGE[0], le=PITCH_RANGE[1], allow_inf_nan=False)]
Expression = Annotated[
    float, Field(ge=EXPRESSION_RANGE[0], le=EXPRESSION_RANGE[1], allow_inf_nan=False)
]
Number = Annotated[int, Path(ge=1, description="The line's number.")]
Chosen = Annotated[str, Query(max_length=200, description="Any, when left out or empty.")]


class Say(Strict):
    """A line to speak in a lane that an adapter plays."""

    text: str
    voice: str
    lane: Lane = "speaker"
    user: User = ""
    speed: Speed = 1.0
    pitch_semitones: Pitch = 0.0
    expression: Expression = 1.0


class Choice(Strict):
    """Of one lane and one user; null means any."""

    lane: Lane | None = None
    user: User | None = None


class LaneChoice(Strict):
    """One lane; null means all of them, or the usual one."""

    lane: Lane | None = None


class Place(Strict):
    """Where a line goes: before another one by its number; null means last."""

    before: Annotated[int, Field(ge=1)] | None = None


@router.post("/say", status_code=202)
async def say(site: Here, line: Say) -> UtteranceView:
    """Speak a line."""
    _check_played(site, line.lane)
    utterance = await said(site, line)
    return UtteranceView.of(utterance.status, utterance.text)


@router.get("/queue")
async def listed(site: Here) -> list[UtteranceView]:
    """List what is spoken or heard now, then what waits, oldest first."""
    return site.queue()


@router.delete("/queue")
async def clear(site: Here, lane: Chosen = "", user: Chosen = "") -> Cancelled:
    """Cancel what waits."""
    return Cancelled(cancelled=site.host.engine.clear(lane or None, user or None))


@router.post("/queue/skip")
async def skip(site: Here, choice: Choice | None = None) -> Cancelled:
    """Silence what is spoken or heard now."""
    chosen = choice or Choice()
    return Cancelled(cancelled=site.host.engine.queue.skip(chosen.lane, chosen.user))


@router.post("/queue/pause", status_code=204, response_class=Response)
async def pause(site: Here, choice: LaneChoice | None = None) -> None:
    """Let a lane wait."""
    site.host.engine.queue.pause(choice.lane if choice else None)


@router.post("/queue/resume", status_code=204, response_class=Response)
async def resume(site: Here, choice: LaneChoice | None = None) -> None:
    """End a lane's pause, or every pause."""
    site.host.engine.queue.resume(choice.lane if choice else None)


@router.delete("/utterances/{number}", status_code=204, response_class=Response)
async def cancel(site: Here, number: Number) -> None:
    """Silence a line; nothing happens if it is over."""
    site.host.engine.queue.find(number).cancel()


@router.post("/utterances/{number}/replay", status_code=202)
async def replay(site: Here, number: Number, choice: LaneChoice | None = None) -> UtteranceView:
    """Speak a line again, in the lane where it was said or in another."""
    queue = site.host.engine.queue
    lane = (choice.lane if choice else None) or queue.find(number).status.lane
    _check_played(site, lane)
    utterance = await asyncio.to_thread(queue.replay, number, lane=lane, asker=HERE)
    return UtteranceView.of(utterance.status, utterance.text)


@router.post("/utterances/{number}/move", status_code=204, response_class=Response)
async def move(site: Here, number: Number, to: Place | None = None) -> None:
    """Put a waiting line right before another of its lane and user, or last of them."""
    site.host.engine.queue.move(number, to.before if to else None)


async def said(site: Site, line: Say) -> Utterance:
    """Return the line, queued; it is cancelled if whoever waits for that gives up.

    On another thread, as reading a voice and cleaning a long text take milliseconds.
    """
    job = asyncio.get_running_loop().run_in_executor(None, _say, site.host, line)
    try:
        return await asyncio.shield(job)
    except asyncio.CancelledError:
        job.add_done_callback(_cancel_said)
        raise


def _say(host: Host, line: Say) -> Utterance:
    delivery = Delivery(line.speed, line.pitch_semitones, line.expression)
    voice = host.voices.get(line.voice)
    return host.engine.say(
        line.text, voice, lane=line.lane, user=line.user, asker=HERE, delivery=delivery
    )


def _cancel_said(job: asyncio.Future[Utterance]) -> None:
    if not job.cancelled() and job.exception() is None:
        job.result().cancel()


def _check_played(site: Site, lane: str) -> None:
    players = sorted(site.host.engine.players)
    if lane not in players:
        known = f"Choose one of: {', '.join(players)}." if players else "No lane is played."
        raise NoPlayerError(f"Nothing plays the lane {lane!r}. {known}")
