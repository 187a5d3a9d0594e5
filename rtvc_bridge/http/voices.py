"""Voices: what there is, and making, renaming, moving and deleting them."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, BinaryIO
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import Field

from rtvc_bridge.config import Strict
from rtvc_bridge.enrolment import read_clip
from rtvc_bridge.errors import VoiceNameError
from rtvc_bridge.http.consenting import Agreement, handed_in, heard, stated
from rtvc_bridge.http.site import Here, Site
from rtvc_bridge.http.uploads import saved, scratch, shown
from rtvc_bridge.http.views import DamagedView, EnrolmentView, ReportView, VoiceView
from rtvc_bridge.safety.asker import HERE
from rtvc_bridge.safety.phrase import Phrase
from rtvc_bridge.voices import check_name, skeleton

router = APIRouter(prefix="/v1")

FILE_TYPE = "application/octet-stream"
MAX_CLIPS = 100


class Rename(Strict):
    """A voice's new name."""

    name: str


class Enrol(Agreement):
    """Recordings of one speaker, who agreed to be cloned, and how that is shown."""

    name: str
    keep_clips: bool = True
    clips: Annotated[list[UploadFile], Field(min_length=1, max_length=MAX_CLIPS)]


@router.get("/voices")
async def listed(site: Here) -> list[VoiceView]:
    """List the voices, by name."""
    return await asyncio.to_thread(_listed, site)


@router.get("/damaged-voices")
async def damaged(site: Here) -> list[DamagedView]:
    """List the voice files that cannot be used."""
    listing = await asyncio.to_thread(site.host.voices.listing)
    return [DamagedView.of(file) for file in listing.damaged]


@router.get("/voices/{name}")
async def show(site: Here, name: str) -> VoiceView:
    """Show what is known of a voice."""
    return site.voice(await asyncio.to_thread(site.host.voices.summary, name))


@router.patch("/voices/{name}")
async def rename(site: Here, name: str, change: Rename) -> VoiceView:
    """Give a voice another name."""
    return site.voice(await asyncio.to_thread(site.custody.rename, name, change.name, HERE))


@router.delete("/voices/{name}", status_code=204, response_class=Response)
async def delete(site: Here, name: str) -> None:
    """Delete a voice and the recordings kept in it."""
    await asyncio.to_thread(site.custody.delete, name, HERE)


@router.get(
    "/voices/{name}/file", response_class=Response, responses={200: {"content": {FILE_TYPE: {}}}}
)
async def export(site: Here, name: str) -> Response:
    """Give a voice as one file, for another computer."""
    file_name, content = await asyncio.to_thread(_export, site, name)
    disposition = f"attachment; filename*=UTF-8''{quote(file_name)}"
    return Response(content, media_type=FILE_TYPE, headers={"content-disposition": disposition})


@router.post("/voices", status_code=201)
async def enrol(site: Here, form: Annotated[Enrol, Form()]) -> EnrolmentView:
    """Make a voice from recordings of a consenting speaker."""
    files = [(each.filename or "", each.file) for each in form.clips]
    # At once: the sentence has a time limit, and the job may wait for another one.
    job = partial(_enrol, site, form, handed_in(site.host, form.name, form), files)
    return await asyncio.get_running_loop().run_in_executor(site.enroller, job)


@router.post("/voices/import", status_code=201)
async def import_(
    site: Here,
    file: Annotated[UploadFile, File()],
    name: Annotated[str | None, Form()] = None,
) -> VoiceView:
    """Take in a voice file; its agreement may have to be given again here."""
    return await asyncio.to_thread(_import, site, file.file, name)


def _listed(site: Site) -> list[VoiceView]:
    return [site.voice(voice) for voice in site.host.voices.listing().voices]


def _export(site: Site, name: str) -> tuple[str, bytes]:
    known = site.host.voices.summary(name)
    with scratch() as folder:
        copy = folder / known.path.name
        site.custody.export(known.id, copy, HERE)
        return f"{known.name}.voice.safetensors", copy.read_bytes()


def _import(site: Site, upload: BinaryIO, name: str | None) -> VoiceView:
    with scratch() as folder:
        copy = saved(upload, folder / "upload")
        return site.voice(site.custody.import_(copy, name or None, HERE))


def _enrol(
    site: Site, form: Enrol, phrase: Phrase | None, uploads: Sequence[tuple[str, BinaryIO]]
) -> EnrolmentView:
    host = site.host
    name = check_name(form.name)
    if skeleton(name) in {skeleton(known) for known in host.voices.names()}:
        raise VoiceNameError(f"There is a voice {name!r} already; choose another name.")
    as_stated = stated(host, form.name, form)
    with scratch() as folder:
        copies = [
            saved(upload, folder / f"{number}-{shown(label)}")
            for number, (label, upload) in enumerate(uploads, start=1)
        ]
        clips = [read_clip(copy) for copy in copies]
        made = host.engine.enrol(clips, name=name, consent=as_stated, keep_clips=form.keep_clips)
        agreed = heard(host, form, phrase, as_stated, made.voice.embedding, folder)
    kept = site.custody.add(replace(made.voice, consent=agreed), HERE)
    return EnrolmentView(voice=site.voice(kept), report=ReportView.of(made.report))
