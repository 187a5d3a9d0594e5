"""Speech as OpenAI's API has it, so that programs made for that one work here unchanged."""

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, field_validator
from starlette.exceptions import HTTPException

from rtvc_bridge.errors import RtvcBridgeError
from rtvc_bridge.http.encoders import MEDIA_TYPES, Format
from rtvc_bridge.http.site import Here, Site
from rtvc_bridge.http.speaking import Expression, Pitch, Say, User, said
from rtvc_bridge.http.streamed import Streamed
from rtvc_bridge.http.watchers import event
from rtvc_bridge.pipeline import SPEED_RANGE
from rtvc_bridge.safety.disclosure import HEADERS

router = APIRouter(prefix="/v1")

LANE = "http"
MODEL = "rtvc-bridge"
ALSO = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
EVENTS_TYPE = "text/event-stream"


class VoiceId(BaseModel):
    """A voice by its id."""

    id: str


class Speech(BaseModel):
    """What to say and how. Other members are ignored, as programs send many.

    `pitch_semitones` and `expression` are ours.
    """

    model: str
    input: str
    voice: str | VoiceId
    response_format: Format = Format.MP3
    speed: float = Field(default=1.0, allow_inf_nan=False)
    stream_format: Literal["audio", "sse"] = "audio"
    user: User = ""
    pitch_semitones: Pitch = 0.0
    expression: Expression = 1.0

    @field_validator("speed")
    @classmethod
    def _within_range(cls, speed: float) -> float:
        low, high = SPEED_RANGE
        if not low <= speed <= high:
            msg = f"this voice engine speaks at {low} to {high} times its usual speed"
            raise ValueError(msg)
        return speed

    @field_validator("response_format", mode="before")
    @classmethod
    def _known_format(cls, name: object) -> object:
        if name == "aac":
            msg = f"aac cannot be made here; choose one of {', '.join(Format)}"
            raise ValueError(msg)
        return name


class Model(BaseModel):
    """As OpenAI describes a model."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = MODEL


class Models(BaseModel):
    """As OpenAI lists models."""

    object: Literal["list"] = "list"
    data: list[Model]


@router.get("/models")
async def models(site: Here) -> Models:
    """List the one model."""
    return Models(data=[Model(id=MODEL, created=int(site.started_at))])


@router.post(
    "/audio/speech",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in (*MEDIA_TYPES.values(), EVENTS_TYPE)}}},
)
async def speech(site: Here, request: Speech) -> Response:
    """Speak, and send the sound as it is made."""
    if request.model not in (MODEL, *ALSO):
        raise HTTPException(404, f"There is no such model here; use {MODEL!r}.")
    if request.stream_format == "sse":
        return Streamed(_events(site, request), media_type=EVENTS_TYPE, headers=HEADERS)
    media_type = MEDIA_TYPES[request.response_format]
    return Streamed(_sound(site, request), media_type=media_type, headers=HEADERS)


async def _sound(site: Site, request: Speech) -> AsyncGenerator[bytes, None]:
    with site.readings.place():
        name = request.voice if isinstance(request.voice, str) else request.voice.id
        line = Say(
            text=request.input,
            voice=name,
            lane=LANE,
            user=request.user,
            speed=request.speed,
            pitch_semitones=request.pitch_semitones,
            expression=request.expression,
        )
        utterance = await said(site, line)
        sound = site.readings.bytes_of(utterance, request.response_format)
        async with aclosing(sound) as pieces:
            async for piece in pieces:
                yield piece


async def _events(site: Site, request: Speech) -> AsyncGenerator[bytes, None]:
    started = False
    try:
        async with aclosing(_sound(site, request)) as pieces:
            async for piece in pieces:
                started = True
                audio = base64.b64encode(piece).decode()
                yield _event({"type": "speech.audio.delta", "audio": audio})
    except RtvcBridgeError as error:
        if not started:
            raise
        yield _event({"type": "error", "error": {"message": str(error)}})
        return
    # Tokens are not counted here; programs made for OpenAI expect the member.
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(data: dict[str, object]) -> bytes:
    return event(str(data["type"]), json.dumps(data))
