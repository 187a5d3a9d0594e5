"""Voices: what there is, and making, renaming, moving and deleting them."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import BaseModel, Field

from rtvc_bridge.config import Strict
from rtvc_bridge.engine import Engine
from rtvc_bridge.enrolment import read_clip
from rtvc_bridge.errors import StorageError, VoiceNameError
from rtvc_bridge.http.site import Here
from rtvc_bridge.http.views import DamagedView, EnrolmentView, ReportView, VoiceView
from rtvc_bridge.safety.consent import attested
from rtvc_bridge.voices import VoiceStore, check_name, skeleton

router = APIRouter(prefix="/v1")

FILE_TYPE = "application/octet-stream"
MAX_CLIPS = 100
_COPY_BYTES = 2**20
_SHOWN_CHARS = 60


class Rename(Strict):
    """A voice's new name."""

    name: str


class Enrol(BaseModel):
    """Recordings of one speaker, who agreed to be cloned."""

    name: str
    consent_by: str
    keep_clips: bool = True
    clips: Annotated[list[UploadFile], Field(min_length=1, max_length=MAX_CLIPS)]


@router.get("/voices")
async def listed(site: Here) -> list[VoiceView]:
    """List the voices, by name."""
    listing = await asyncio.to_thread(site.host.voices.listing)
    return [VoiceView.of(voice) for voice in listing.voices]


@router.get("/damaged-voices")
async def damaged(site: Here) -> list[DamagedView]:
    """List the voice files that cannot be used."""
    listing = await asyncio.to_thread(site.host.voices.listing)
    return [DamagedView.of(file) for file in listing.damaged]


@router.get("/voices/{name}")
async def show(site: Here, name: str) -> VoiceView:
    """Show what is known of a voice."""
    return VoiceView.of(await asyncio.to_thread(site.host.voices.summary, name))


@router.patch("/voices/{name}")
async def rename(site: Here, name: str, change: Rename) -> VoiceView:
    """Give a voice another name."""
    return await asyncio.to_thread(_rename, site.host.voices, name, change.name)


@router.delete("/voices/{name}", status_code=204, response_class=Response)
async def delete(site: Here, name: str) -> None:
    """Delete a voice and the recordings kept in it."""
    await asyncio.to_thread(site.host.voices.delete, name)


@router.get(
    "/voices/{name}/file", response_class=Response, responses={200: {"content": {FILE_TYPE: {}}}}
)
async def export(site: Here, name: str) -> Response:
    """Give a voice as one file, for another computer."""
    file_name, content = await asyncio.to_thread(_export, site.host.voices, name)
    disposition = f"attachment; filename*=UTF-8''{quote(file_name)}"
    return Response(content, media_type=FILE_TYPE, headers={"content-disposition": disposition})


@router.post("/voices", status_code=201)
async def enrol(site: Here, form: Annotated[Enrol, Form()]) -> EnrolmentView:
    """Make a voice from recordings of a consenting speaker."""
    files = [(each.filename or "", each.file) for each in form.clips]
    job = partial(_enrol, site.host.engine, site.host.voices, form, files)
    return await asyncio.get_running_loop().run_in_executor(site.enroller, job)


@router.post("/voices/import", status_code=201)
async def import_(
    site: Here,
    file: Annotated[UploadFile, File()],
    name: Annotated[str | None, Form()] = None,
) -> VoiceView:
    """Take in a voice file."""
    return await asyncio.to_thread(_import, site.host.voices, file.file, name)


def _rename(voices: VoiceStore, name: str, new_name: str) -> VoiceView:
    known = voices.summary(name)
    voices.rename(known.id, new_name)
    return VoiceView.of(voices.summary(known.id))


def _export(voices: VoiceStore, name: str) -> tuple[str, bytes]:
    known = voices.summary(name)
    with _scratch() as folder:
        copy = folder / known.path.name
        voices.export(known.id, copy)
        return f"{known.name}.voice.safetensors", copy.read_bytes()


def _import(voices: VoiceStore, upload: BinaryIO, name: str | None) -> VoiceView:
    with _scratch() as folder:
        copy = _saved(upload, folder / "upload")
        return VoiceView.of(voices.summary(voices.import_(copy, name=name or None).id))


def _enrol(
    engine: Engine, voices: VoiceStore, form: Enrol, uploads: Sequence[tuple[str, BinaryIO]]
) -> EnrolmentView:
    name = check_name(form.name)
    if skeleton(name) in {skeleton(known) for known in voices.names()}:
        raise VoiceNameError(f"There is a voice {name!r} already; choose another name.")
    consent = attested(form.consent_by)
    with _scratch() as folder:
        copies = [
            _saved(upload, folder / f"{number}-{_shown(label)}")
            for number, (label, upload) in enumerate(uploads, start=1)
        ]
        clips = [read_clip(copy) for copy in copies]
    made = engine.enrol(clips, name=name, consent=consent, keep_clips=form.keep_clips)
    voices.add(made.voice)
    return EnrolmentView(
        voice=VoiceView.of(voices.summary(made.voice.id)), report=ReportView.of(made.report)
    )


@contextmanager
def _scratch() -> Iterator[Path]:
    """Give a folder for a while."""
    try:
        with tempfile.TemporaryDirectory(prefix="rtvc-bridge-") as folder:
            yield Path(folder)
    except OSError as error:
        msg = f"The upload cannot be kept: {error.strerror}."
        raise StorageError(msg) from error


def _saved(upload: BinaryIO, path: Path) -> Path:
    with path.open("wb") as out:
        while block := upload.read(_COPY_BYTES):
            out.write(block)
    return path


def _shown(file_name: str) -> str:
    """Return as much of an uploaded file's name as is safe in a path, for messages."""
    kept = "".join(char for char in file_name if char.isalnum() or char in " ._-")
    return kept[-_SHOWN_CHARS:].strip(" .") or "recording"
