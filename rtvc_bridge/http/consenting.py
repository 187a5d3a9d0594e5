"""How whoever calls the API shows that a speaker agrees: a sentence read aloud, or a statement."""

import asyncio
from pathlib import Path
from typing import Annotated, Self

from fastapi import APIRouter, UploadFile
from pydantic import BaseModel, Field, model_validator

from rtvc_bridge.config import Strict
from rtvc_bridge.enrolment import read_clip
from rtvc_bridge.enrolment.spoken import Check
from rtvc_bridge.errors import ConsentError
from rtvc_bridge.http.site import Here
from rtvc_bridge.http.uploads import saved
from rtvc_bridge.plugins import Host
from rtvc_bridge.safety import attestation
from rtvc_bridge.safety.attestation import Attestation
from rtvc_bridge.safety.consent import ATTESTED, SPOKEN, attested, spoken
from rtvc_bridge.safety.phrase import Phrase
from rtvc_bridge.voices import Consent, Embedding, check_name

router = APIRouter(prefix="/v1/consent")

RECORDING = "the recording of the sentence"
READ_ALOUD = (
    "The speaker has to agree by reading a sentence aloud: rtvc-bridge enrol --spoken, or "
    "POST /v1/consent/sentences."
)
UNHEARD = "Nothing in this daemon can judge a sentence that is read aloud."

Proof = Annotated[str, Field(max_length=200)]


class Asked(Strict):
    """For which voice a sentence is to be read, and in which language."""

    name: str
    language: Annotated[str, Field(max_length=20)] = "en"


class SentenceView(BaseModel):
    """What the speaker reads aloud within so many seconds; good for one recording."""

    id: str
    sentence: str
    seconds: float


class Agreement(BaseModel):
    """Who agreed, and one of: a sentence read aloud, a statement signed by this user's program."""

    consent_by: str
    sentence_id: Proof = ""
    consent_recording: UploadFile | None = None
    attested_at: Proof = ""
    attestation: Proof = ""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.sentence_id) != (self.consent_recording is not None):
            raise ValueError("a sentence_id goes with a consent_recording")
        if bool(self.attested_at) != bool(self.attestation):
            raise ValueError("an attestation goes with its attested_at")
        if self.sentence_id and self.attestation:
            raise ValueError("give a sentence_id or an attestation, not both")
        return self


@router.post("/sentences", status_code=201)
async def sentence(site: Here, asked: Asked) -> SentenceView:
    """Give a sentence that the speaker of a voice is to read aloud."""
    check, name = _check_of(site.host), check_name(asked.name)
    given = await asyncio.to_thread(check.issue, name, asked.language)
    return SentenceView(id=given.id, sentence=given.sentence, seconds=check.challenges.limit_s)


def handed_in(host: Host, name: str, form: Agreement) -> Phrase | None:
    """Return the sentence that was read aloud for the voice `name`, used up; None if none was.

    Raises:
        ConsentError: If it is used, expired or unknown, or was for another voice.
    """
    return _check_of(host).taken(form.sentence_id, name) if form.sentence_id else None


def stated(host: Host, name: str, form: Agreement) -> Consent:
    """Return the agreement to the voice `name` as stated; one read aloud has still to be heard.

    Raises:
        ConsentError: If it is not shown in the way that the settings ask for.
    """
    settings = host.settings.consent
    consent = attested(form.consent_by, valid_days=settings.valid_days)
    if form.sentence_id:
        _check_of(host)
    elif form.attestation:
        attested_here = Attestation(form.attested_at, form.attestation)
        public = host.engine.policy.trust.public
        attestation.check(public, attested_here, name, form.consent_by)
        if settings.here == SPOKEN:
            raise ConsentError(READ_ALOUD)
    elif settings.others != ATTESTED:
        raise ConsentError(READ_ALOUD)
    return consent


def heard(
    host: Host,
    form: Agreement,
    phrase: Phrase | None,
    as_stated: Consent,
    embedding: Embedding,
    folder: Path,
) -> Consent:
    """Return `as_stated`, or what came of the sentence that was read aloud. Takes seconds.

    Args:
        host: Of the adapter.
        form: What was handed in.
        phrase: By `handed_in`.
        as_stated: By `stated`.
        embedding: The voice's d-vector.
        folder: Takes the recording for a while.

    Raises:
        ConsentError: If it was not read by whoever speaks in the voice's clips.
        ClipRejectedError: If there is no sound in the recording.
        ModelError: If what hearing takes is not installed.
    """
    if form.consent_recording is None or phrase is None:
        return as_stated
    clip = read_clip(saved(form.consent_recording.file, folder / RECORDING))
    shown = _check_of(host).spoken(phrase, clip, embedding)
    return spoken(form.consent_by, shown, valid_days=host.settings.consent.valid_days)


def _check_of(host: Host) -> Check:
    if host.consent is None:
        raise ConsentError(UNHEARD)
    return host.consent
