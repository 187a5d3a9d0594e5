"""One voice as one file: safetensors, with the record of the voice in its header.

The format, version 2 (`<id>.voice.safetensors`, any safetensors reader opens it):

Header metadata, three strings:
    format    "rtvc-bridge voice"
    version   "2"
    voice     JSON: id, name, created_at, consent {by, given_at, level, spoken, owner, uses,
              grants, expires_at}, encoder, pipelines [names], clips [{rate_hz, seconds}], sha256
              (of every tensor's name and bytes), signature {key, value} over all that but the
              name and the lengths
Tensors:
    embedding              float32 [256], unit length, the speaker's d-vector
    clips/0, clips/1, ...  uint8 [n], each a whole FLAC file: speech the voice was made from
    <pipeline>/<name>      float32, any shape, finite; only that pipeline knows what they mean

Version 1 had {by, given_at, level} as its consent, and no signature.
A field that no version knows makes the file invalid: whoever adds one raises the version.
Nothing here unpickles, and no byte of a file is believed before safetensors has checked it.
"""

import hashlib
import io
import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from rtvc_bridge.errors import VoiceFileError
from rtvc_bridge.voices.disk import write_bytes
from rtvc_bridge.voices.record import CLIPS, ClipRecord, ConsentRecord, Record, SignatureRecord
from rtvc_bridge.voices.value import Consent, Signature, Tensors, Voice, embedding_fault

FORMAT = "rtvc-bridge voice"
VERSION = 2
SUFFIX = ".voice.safetensors"
MAX_FILE_BYTES = 64 * 2**20
MAX_HEADER_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Summary:
    """What a voice file's header tells, without reading its tensors.

    Attributes:
        id: As in Voice.
        name: As in Voice.
        consent: As in Voice.
        created_at: As in Voice.
        pipelines: The pipelines that can speak in it.
        clip_seconds: Length of each kept enrolment clip.
        path: The file.
        signature: As in Voice.
        contents_sha256: Of its tensors, as the header says; only `read_voice` checks them.
    """

    id: str
    name: str
    consent: Consent
    created_at: str
    pipelines: tuple[str, ...]
    clip_seconds: tuple[float, ...]
    path: Path
    signature: Signature | None = None
    contents_sha256: str = ""


def read_summary(path: Path) -> Summary:
    """Return what the header of the voice file at `path` tells.

    Raises:
        VoiceFileError: If it is not a voice file, damaged, or of a newer version.
    """
    _check_size(path)
    try:
        with safe_open(path, framework="numpy") as file:
            record = _record(file.metadata(), path)
    except (SafetensorError, OSError) as error:
        raise _damaged(path, str(error)) from error
    return Summary(
        id=record.id,
        name=record.name,
        consent=record.consent.value(),
        created_at=record.created_at,
        pipelines=tuple(record.pipelines),
        clip_seconds=tuple(clip.seconds for clip in record.clips),
        path=path,
        signature=_signature(record),
        contents_sha256=record.sha256,
    )


def read_voice(path: Path) -> Voice:
    """Return the voice in the file at `path`, every tensor checked.

    Raises:
        VoiceFileError: If it is not a voice file, damaged, altered, or of a newer version.
    """
    _check_size(path)
    try:
        with safe_open(path, framework="numpy") as file:
            record = _record(file.metadata(), path)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError, TypeError, KeyError) as error:
        # TypeError, KeyError: a dtype that numpy lacks, such as bfloat16.
        raise _damaged(path, str(error)) from error
    fault = _tensor_fault(tensors, record)
    if fault:
        raise _damaged(path, fault)
    return Voice(
        id=record.id,
        name=record.name,
        embedding=tensors["embedding"],
        consent=record.consent.value(),
        created_at=record.created_at,
        tensors={pipeline: _of(pipeline, tensors) for pipeline in record.pipelines},
        clips=tuple(tensors[f"{CLIPS}/{i}"].tobytes() for i in range(len(record.clips))),
        signature=_signature(record),
    )


def contents_sha256(voice: Voice) -> str:
    """Return the digest of all that `voice` sounds like: d-vector, tensors and clips."""
    return _digest(_flat(voice))


def write_voice(voice: Voice, path: Path) -> None:
    """Write `voice` to `path` whole or not at all, readable by its owner only.

    Raises:
        StorageError: If the disk is full or the folder cannot be written; `path` is as before.
        VoiceFileError: If `voice` holds what no voice file may hold.
    """
    tensors = _flat(voice)
    record = _record_of(voice, tensors)
    fault = _tensor_fault(tensors, record)
    if fault:
        msg = f"Voice {voice.name!r} cannot be written: {fault}."
        raise VoiceFileError(msg)
    metadata = {"format": FORMAT, "version": str(VERSION), "voice": record.model_dump_json()}
    content = save(tensors, metadata)
    if len(content) > MAX_FILE_BYTES:
        msg = (
            f"Voice {voice.name!r} would take {len(content)} bytes; the limit is {MAX_FILE_BYTES}."
        )
        raise VoiceFileError(msg)
    write_bytes(content, path)


def _check_size(path: Path) -> None:
    """Refuse what is too big, or claims a header that is, before the parser allocates for it."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        msg = f"Cannot read the voice file {path.name}: {error.strerror}."
        raise VoiceFileError(msg) from error
    if size > MAX_FILE_BYTES:
        raise _damaged(path, f"it has {size} bytes; the limit is {MAX_FILE_BYTES}")
    if len(start) < 8 or struct.unpack("<Q", start)[0] > min(size, MAX_HEADER_BYTES):
        raise _damaged(path, "it does not start like a safetensors file")


def _record(metadata: dict[str, str] | None, path: Path) -> Record:
    found = metadata or {}
    version = found.get("version", "")
    if found.get("format") != FORMAT or not (version.isdecimal() and int(version[:9])):
        raise _damaged(path, "it is a safetensors file, but holds no voice")
    if int(version[:9]) > VERSION:
        msg = (
            f"{path.name} is a voice file of version {version[:9]}; this program reads up to "
            f"{VERSION}. Update rtvc-bridge."
        )
        raise VoiceFileError(msg)
    try:
        return Record.model_validate_json(found.get("voice", ""))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "voice"
        raise _damaged(path, f"header field {where}: {first['msg']}") from error


def _record_of(voice: Voice, tensors: Mapping[str, NDArray[Any]]) -> Record:
    try:
        return Record(
            id=voice.id,
            name=voice.name,
            created_at=voice.created_at,
            consent=ConsentRecord(**asdict(voice.consent)),
            pipelines=sorted(voice.tensors),
            clips=[_clip_record(clip) for clip in voice.clips],
            sha256=_digest(tensors),
            signature=_signature_record(voice),
        )
    except (ValidationError, soundfile.SoundFileError) as error:
        msg = f"Voice {voice.name!r} cannot be written: {error}"
        raise VoiceFileError(msg) from error


def _signature(record: Record) -> Signature | None:
    return None if record.signature is None else Signature(**record.signature.model_dump())


def _signature_record(voice: Voice) -> SignatureRecord | None:
    return None if voice.signature is None else SignatureRecord(**asdict(voice.signature))


def _clip_record(flac: bytes) -> ClipRecord:
    info = soundfile.info(io.BytesIO(flac))
    return ClipRecord(rate_hz=info.samplerate, seconds=round(info.duration, 3))


def _flat(voice: Voice) -> dict[str, NDArray[Any]]:
    flat: dict[str, NDArray[Any]] = {"embedding": voice.embedding}
    for i, clip in enumerate(voice.clips):
        flat[f"{CLIPS}/{i}"] = np.frombuffer(clip, np.uint8)
    for pipeline, tensors in voice.tensors.items():
        for name, tensor in tensors.items():
            flat[f"{pipeline}/{name}"] = np.ascontiguousarray(tensor)
    return flat


def _of(pipeline: str, tensors: Mapping[str, NDArray[Any]]) -> Tensors:
    prefix = f"{pipeline}/"
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _tensor_fault(tensors: Mapping[str, NDArray[Any]], record: Record) -> str | None:
    if "embedding" not in tensors:
        return "it has no embedding"
    clips = {f"{CLIPS}/{i}" for i in range(len(record.clips))}
    if clips - tensors.keys():
        return "it lacks clips that its header names"
    for name, tensor in tensors.items():
        if name == "embedding":
            fault = embedding_fault(tensor)
        elif name in clips:
            fault = None if tensor.dtype == np.uint8 and tensor.ndim == 1 else "want uint8 [n]"
        else:
            fault = _pipeline_tensor_fault(name, tensor, record)
        if fault:
            return f"tensor {name[:80]!r}: {fault}"
    return None if _digest(tensors) == record.sha256 else "its contents were altered"


def _pipeline_tensor_fault(name: str, tensor: NDArray[Any], record: Record) -> str | None:
    if name.split("/", 1)[0] not in record.pipelines or "/" not in name:
        return "no pipeline of the header owns it"
    if tensor.dtype != np.float32:
        return f"want float32, got {tensor.dtype}"
    return None if bool(np.isfinite(tensor).all()) else "it holds NaN or infinity"


def _digest(tensors: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        shape = json.dumps([name, list(tensors[name].shape)])
        digest.update(shape.encode())
        digest.update(np.ascontiguousarray(tensors[name]).tobytes())
    return digest.hexdigest()


def _damaged(path: Path, why: str) -> VoiceFileError:
    return VoiceFileError(f"{path.name} is not a sound voice file: {why}.")
