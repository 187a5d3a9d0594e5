"""The daemon itself: how it fares, live and at a glance, and its verbs."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Response

from rtvc_bridge import paths
from rtvc_bridge.errors import StorageError
from rtvc_bridge.http.problems import Problem, problem
from rtvc_bridge.http.site import Here, Site
from rtvc_bridge.http.streamed import Streamed
from rtvc_bridge.http.views import AdapterView, Health, LogView, ReloadView, StatusView
from rtvc_bridge.http.watchers import event, events_of

router = APIRouter()

LOG_FILE = "daemon.log"
EVENTS_TYPE = "text/event-stream"


@router.get("/v1/health", response_model=Health, responses={503: {"model": Problem}})
async def health(site: Here) -> Health | Response:
    """Tell whether sound can be made now; the one address that takes no token."""
    if site.host.ready():
        return Health(ready=True)
    return problem(503, "No sound can be made now; the daemon's log says why.")


@router.get("/v1/status")
async def status(site: Here) -> StatusView:
    """Tell how everything fares."""
    return site.status()


@router.get("/v1/events", response_class=Response, responses={200: {"content": {EVENTS_TYPE: {}}}})
async def events(site: Here) -> Response:
    """Stream changes: `hello` with the status; then `status` per line, `adapters`, `levels`."""
    return Streamed(_events(site), media_type=EVENTS_TYPE)


@router.get("/v1/adapters")
async def adapters(site: Here) -> list[AdapterView]:
    """Tell how every adapter fares."""
    return site.adapters()


@router.post("/v1/daemon/stop", status_code=202, response_class=Response)
async def stop(site: Here) -> None:
    """End the daemon, in order."""
    site.host.stop()


@router.post("/v1/daemon/reload")
async def reload(site: Here) -> ReloadView:
    """Read the settings file again."""
    done = site.host.reload()
    return ReloadView(applied=list(done.applied), refused=list(done.refused))


@router.get("/v1/log")
async def log(lines: Annotated[int, Query(ge=1, le=10_000)] = 200) -> LogView:
    """Give the daemon's last log lines."""
    file = paths.state_dir() / LOG_FILE
    return LogView(lines=await asyncio.to_thread(_last_lines, file, lines))


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(site: Here) -> Response:
    """Give all figures in Prometheus's text format."""
    text = site.ledger.exposition(ready=site.host.ready(), adapters=site.host.adapters())
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


async def _events(site: Site) -> AsyncGenerator[bytes, None]:
    with site.watchers.watcher() as watcher:
        yield event("hello", site.status().model_dump_json())
        async with aclosing(events_of(watcher)) as changes:
            async for change in changes:
                yield change


def _last_lines(file: Path, count: int) -> list[str]:
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            return [line.rstrip("\n") for line in deque(lines, maxlen=count)]
    except FileNotFoundError:
        return []
    except OSError as error:
        msg = f"Cannot read {file}: {error.strerror}."
        raise StorageError(msg) from error
