"""Who may use a voice, and taking the agreement to it back."""

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Query
from pydantic import Field

from rtvc_bridge.config import Strict
from rtvc_bridge.http.consenting import Agreement, handed_in, heard, stated
from rtvc_bridge.http.site import Here, Site
from rtvc_bridge.http.uploads import scratch
from rtvc_bridge.http.views import Cancelled, VoiceView
from rtvc_bridge.safety.asker import HERE
from rtvc_bridge.safety.grantee import MOST_CHARS, PATTERN
from rtvc_bridge.safety.phrase import Phrase

router = APIRouter(prefix="/v1/voices/{name}")

To = Annotated[str, Field(max_length=MOST_CHARS, pattern=PATTERN)]


class Grant(Strict):
    """To whom: "everyone", or as "discord:user:12", "discord:guild:3", "discord:role:9"."""

    to: To


@router.post("/consent")
async def consent(site: Here, name: str, form: Annotated[Agreement, Form()]) -> VoiceView:
    """Put a new agreement in place of a voice's, which expired, was altered or came with it."""
    voice = await asyncio.to_thread(site.host.voices.summary, name)
    # At once: the sentence has a time limit, and the job may wait for another one.
    phrase = handed_in(site.host, voice.name, form)
    job = partial(_consent, site, name, form, phrase)
    return await asyncio.get_running_loop().run_in_executor(site.enroller, job)


@router.post("/grants")
async def grant(site: Here, name: str, grant: Grant) -> VoiceView:
    """Let somebody use a voice."""
    kept = await asyncio.to_thread(site.custody.grant, name, grant.to, HERE)
    return site.voice(kept)


@router.delete("/grants")
async def withdraw(
    site: Here, name: str, to: Annotated[str, Query(max_length=MOST_CHARS)]
) -> VoiceView:
    """Let somebody use a voice no more; what only they could say in it is cut off."""
    kept = await asyncio.to_thread(site.custody.withdraw, name, to, HERE)
    return site.voice(kept)


@router.post("/revoke")
async def revoke(site: Here, name: str) -> Cancelled:
    """Take the agreement back: silence the voice, destroy it, and keep it away for good."""
    return Cancelled(cancelled=await asyncio.to_thread(site.custody.revoke, name, HERE))


def _consent(site: Site, name: str, form: Agreement, phrase: Phrase | None) -> VoiceView:
    as_stated = stated(site.host, name, form)
    voice = site.host.voices.get(name)
    with scratch() as folder:
        agreed = heard(site.host, form, phrase, as_stated, voice.embedding, folder)
    return site.voice(site.custody.consent(voice.id, agreed, HERE))
