"""What the API tells, and how the values inside become it."""

import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Self

from pydantic import BaseModel

from rtvc_bridge.engine import State, Status
from rtvc_bridge.enrolment import Report
from rtvc_bridge.errors import ConsentError
from rtvc_bridge.plugins import AdapterStatus
from rtvc_bridge.safety.trust import Trust
from rtvc_bridge.voices import Consent, Damaged, Summary


class UtteranceView(BaseModel):
    """One line to speak; `*_s` are seconds after `queued_at`."""

    id: int
    lane: str
    user: str
    voice: str
    state: State
    text: str
    queued_at: datetime
    first_audio_s: float | None
    first_delivered_s: float | None
    ended_s: float | None
    reason: str | None

    @classmethod
    def of(cls, status: Status, text: str) -> Self:
        """Return what is known of an utterance."""
        return cls(
            id=status.id,
            lane=status.lane,
            user=status.user,
            voice=status.voice,
            state=status.state,
            text=text,
            queued_at=by_the_clock(status.queued_at),
            first_audio_s=seconds_after(status.queued_at, status.first_audio_at),
            first_delivered_s=seconds_after(status.queued_at, status.first_delivered_at),
            ended_s=seconds_after(status.queued_at, status.ended_at),
            reason=status.reason,
        )


class SpokenView(BaseModel):
    """How a sentence that was read aloud was judged, and the least that passed then."""

    sentence: str
    words: float
    words_least: float
    speaker: float
    speaker_least: float


class ConsentView(BaseModel):
    """Who agreed, when, how and to what; `uses` is empty for any, `expires_at` for no end."""

    by: str
    given_at: str
    level: str
    spoken: SpokenView | None
    owner: str
    uses: list[str]
    grants: list[str]
    expires_at: str

    @classmethod
    def of(cls, consent: Consent) -> Self:
        """Return what was agreed."""
        known = asdict(consent)
        spoken = known.pop("spoken")
        return cls(spoken=None if spoken is None else SpokenView.model_validate(spoken), **known)


class VoiceView(BaseModel):
    """A voice; `clip_seconds` of the speech it was made from are kept in it.

    `trouble` says why nobody here can use it now.
    """

    id: str
    name: str
    created_at: str
    consent: ConsentView
    clip_seconds: float
    trouble: str | None

    @classmethod
    def of(cls, voice: Summary, trust: Trust) -> Self:
        """Return what a voice's header tells, and what `trust` makes of it."""
        return cls(
            id=voice.id,
            name=voice.name,
            created_at=voice.created_at,
            consent=ConsentView.of(voice.consent),
            clip_seconds=round(sum(voice.clip_seconds), 3),
            trouble=_trouble(voice, trust),
        )


class DamagedView(BaseModel):
    """A voice file that cannot be used, and the `id` that deletes it."""

    id: str
    file: str
    reason: str

    @classmethod
    def of(cls, file: Damaged) -> Self:
        """Return what is known of it."""
        return cls(id=file.id, file=str(file.path), reason=file.reason)


class FindingView(BaseModel):
    """One thing that is wrong with recordings."""

    severity: str
    message: str


class ReportView(BaseModel):
    """How good recordings are."""

    speech_s: float
    findings: list[FindingView]

    @classmethod
    def of(cls, report: Report) -> Self:
        """Return the report for people."""
        return cls(
            speech_s=round(report.speech_s, 3),
            findings=[
                FindingView(severity=each.severity, message=each.message)
                for each in report.findings
            ],
        )


class EnrolmentView(BaseModel):
    """A new voice, and how good its recordings were."""

    voice: VoiceView
    report: ReportView


class AdapterView(BaseModel):
    """How an adapter fares."""

    name: str
    state: str
    reason: str | None
    restarts: int
    since: datetime

    @classmethod
    def of(cls, status: AdapterStatus) -> Self:
        """Return how an adapter fares."""
        return cls(
            name=status.name,
            state=status.state,
            reason=status.reason,
            restarts=status.restarts,
            since=by_the_clock(status.since),
        )


class DevicesView(BaseModel):
    """The sound devices that an adapter can use; `chosen` is "" for the system's default."""

    chosen: str
    devices: list[str]


class LatencyView(BaseModel):
    """Seconds from asking to sound, over the last `count` lines of a lane."""

    count: int
    first_audio_p50_s: float | None
    first_audio_p95_s: float | None
    first_delivered_p50_s: float | None
    first_delivered_p95_s: float | None


class StatusView(BaseModel):
    """All of the daemon at a glance; a null in `paused` stands for all lanes.

    `halted`: everything was stopped; `held`: so many lines wait for a moderator.
    """

    version: str
    pid: int
    started_at: datetime
    ready: bool
    pipeline: str
    queue: list[UtteranceView]
    paused: list[str | None]
    players: list[str]
    adapters: list[AdapterView]
    latency: dict[str, LatencyView]
    halted: bool
    held: int


class Cancelled(BaseModel):
    """How many lines were cancelled."""

    cancelled: int


class ReloadView(BaseModel):
    """Which tables of the settings came into force, and which wait for a restart."""

    applied: list[str]
    refused: list[str]


class Health(BaseModel):
    """Sound can be made now."""

    ready: bool


class LogView(BaseModel):
    """The daemon's last log lines."""

    lines: list[str]


def _trouble(voice: Summary, trust: Trust) -> str | None:
    try:
        trust.check_record(voice)
    except ConsentError as error:
        return str(error)
    return None


def by_the_clock(monotonic_s: float) -> datetime:
    """Return time.monotonic() seconds by the clock as it is set now."""
    return iso(time.time() - (time.monotonic() - monotonic_s))


def iso(wall_s: float) -> datetime:
    """Return time.time() seconds as a time in UTC, to the millisecond."""
    return datetime.fromtimestamp(round(wall_s, 3), UTC)


def seconds_after(start: float, at: float | None) -> float | None:
    """Return how long after `start` it happened, to the tenth of a millisecond."""
    return None if at is None else round(at - start, 4)
