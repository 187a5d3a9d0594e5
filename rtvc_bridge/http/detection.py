"""Whether a recording carries the watermark of synthetic sound."""

import asyncio
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO

from fastapi import APIRouter, File, UploadFile
from pydantic import BaseModel

from rtvc_bridge.audio import Audio
from rtvc_bridge.enrolment import read_clip
from rtvc_bridge.errors import StorageError
from rtvc_bridge.http.site import Here
from rtvc_bridge.plugins import Host
from rtvc_bridge.safety.verdict import Verdict
from rtvc_bridge.stages.assemble import WATERMARK
from rtvc_bridge.stages.examination import examine
from rtvc_bridge.stages.weights import Library

router = APIRouter(prefix="/v1")


class VerdictView(BaseModel):
    """What the watermark says of a recording's first ten minutes."""

    synthetic: bool
    score: float
    seconds: float


@router.post("/detect")
async def detect(site: Here, file: Annotated[UploadFile, File()]) -> VerdictView:
    """Say whether a recording carries the watermark; its absence proves nothing."""
    job = partial(_verdict, site.host, file.file)
    verdict = await asyncio.get_running_loop().run_in_executor(site.enroller, job)
    return VerdictView(
        synthetic=verdict.synthetic,
        score=round(verdict.score, 4),
        seconds=round(verdict.seconds, 2),
    )


def _verdict(host: Host, upload: BinaryIO) -> Verdict:
    models = host.settings.models
    library = Library.default(folder=models.folder, hub_url=models.hub_url, offline=models.offline)
    audio = _sound(upload)
    return host.engine.apart(partial(examine, audio=audio, weights=library.path(WATERMARK)))


def _sound(upload: BinaryIO) -> Audio:
    try:
        with tempfile.TemporaryDirectory(prefix="rtvc-bridge-") as folder:
            copy = Path(folder) / "recording"
            with copy.open("wb") as out:
                shutil.copyfileobj(upload, out)
            return read_clip(copy).audio
    except OSError as error:
        msg = f"The upload cannot be kept: {error.strerror}."
        raise StorageError(msg) from error
