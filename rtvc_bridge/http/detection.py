"""Whether a recording carries the watermark of synthetic sound."""

import asyncio
import json
import shutil
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Annotated, BinaryIO

from fastapi import APIRouter, File, UploadFile
from pydantic import BaseModel

from rtvc_bridge.errors import ClipRejectedError, ModelError, StorageError
from rtvc_bridge.http.site import Here
from rtvc_bridge.plugins import Host

router = APIRouter(prefix="/v1")

EXIT_UNREADABLE = 1
"""Of `rtvc-bridge detect`."""


class VerdictView(BaseModel):
    """What the watermark says of a recording's first ten minutes."""

    synthetic: bool
    score: float
    seconds: float


@router.post("/detect")
async def detect(site: Here, file: Annotated[UploadFile, File()]) -> VerdictView:
    """Say whether a recording carries the watermark; its absence proves nothing.

    In a process of its own, one at a time: it can take seconds, in which speech goes on.
    """
    async with site.detecting:
        with tempfile.TemporaryDirectory(prefix="rtvc-bridge-") as folder:
            copy = Path(folder) / "The upload"  # as messages name it
            await asyncio.to_thread(_copied, file.file, copy)
            return await _examined(copy, await asyncio.to_thread(_options, site.host))


async def _examined(recording: Path, settings: list[str]) -> VerdictView:
    command = ("-m", "rtvc_bridge.cli", *settings, "detect", "--json", str(recording))
    program = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    try:
        said, trouble = await program.communicate()
    finally:
        if program.returncode is None:  # whoever asked has hung up
            program.kill()
            await program.wait()
    if rows := json.loads(said or "[]"):
        return VerdictView.model_validate({key: rows[0][key] for key in VerdictView.model_fields})
    reason = trouble.decode(errors="replace").strip().rpartition("rtvc-bridge: ")[2]
    kind = ClipRejectedError if program.returncode == EXIT_UNREADABLE else ModelError
    raise kind(reason)


def _options(host: Host) -> list[str]:
    """Return what makes a command read the daemon's settings."""
    file = host.settings_file
    return ["--config", str(file)] if file is not None and file.exists() else []


def _copied(upload: BinaryIO, copy: Path) -> None:
    try:
        with copy.open("wb") as out:
            shutil.copyfileobj(upload, out)
    except OSError as error:
        msg = f"The upload cannot be kept: {error.strerror}."
        raise StorageError(msg) from error
