"""What the header of a voice file says, checked field by field."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rtvc_bridge.errors import VoiceNameError
from rtvc_bridge.voices.names import check_name
from rtvc_bridge.voices.value import Consent, Spoken

CLIPS = "clips"


def _plain(text: str) -> str:
    if not text.strip() or not text.isprintable():
        msg = "want text that can be shown"
        raise ValueError(msg)
    return text


def _fit_name(text: str) -> str:
    try:
        return check_name(text)
    except VoiceNameError as error:
        raise ValueError(str(error)) from error


def _not_reserved(pipeline: str) -> str:
    if pipeline in (CLIPS, "embedding"):
        msg = f"{pipeline!r} is kept for the voice itself"
        raise ValueError(msg)
    return pipeline


_Line = Annotated[str, Field(max_length=200), AfterValidator(_plain)]
_PipelineName = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$"), AfterValidator(_not_reserved)
]


_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Cosine = Annotated[float, Field(ge=-1.001, le=1.001, allow_inf_nan=False)]
_MOST_NAMED = 1_000


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SpokenRecord(_Strict):
    """As in Spoken."""

    sentence: Annotated[str, Field(max_length=500), AfterValidator(_plain)]
    audio_sha256: _Digest
    words: _Share
    words_least: _Share
    speaker: _Cosine
    speaker_least: _Cosine


class ConsentRecord(_Strict):
    """As in Consent."""

    by: _Line
    given_at: _Line
    level: _Line
    spoken: SpokenRecord | None = None
    owner: _Line = "here"
    uses: Annotated[tuple[_Line, ...], Field(max_length=_MOST_NAMED)] = ()
    grants: Annotated[tuple[_Line, ...], Field(max_length=_MOST_NAMED)] = ()
    expires_at: Annotated[str, Field(max_length=200)] = ""

    def value(self) -> Consent:
        """Return it as the rest of the program knows it."""
        fields = self.model_dump()
        spoken = None if self.spoken is None else Spoken(**fields.pop("spoken"))
        return Consent(**{**fields, "spoken": spoken})


class SignatureRecord(_Strict):
    """As in Signature."""

    key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    value: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


class ClipRecord(_Strict):
    """What can be told about a kept clip without decoding it."""

    rate_hz: Annotated[int, Field(gt=0)]
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Record(_Strict):
    """The "voice" string of the header."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    name: Annotated[str, AfterValidator(_fit_name)]
    created_at: _Line
    consent: ConsentRecord
    encoder: Literal["ge2e"] = "ge2e"
    pipelines: list[_PipelineName]
    clips: list[ClipRecord]
    sha256: _Digest
    signature: SignatureRecord | None = None
