"""The shapes of what the daemon answers, as decoded from JSON."""

from typing import TypedDict


class UtteranceView(TypedDict):
    """One line to speak.

    Attributes:
        id: Counts up from 1 in one daemon.
        state: "queued", "speaking", "done", "cancelled", "failed" or "expired".
        queued_at: ISO 8601, UTC; the next three are seconds after it.
        first_audio_s: When its first sound was made.
        first_delivered_s: When whatever plays it first got sound.
        ended_s: When nothing more was going to be made.
        reason: Why it failed.
    """

    id: int
    lane: str
    user: str
    voice: str
    state: str
    text: str
    queued_at: str
    first_audio_s: float | None
    first_delivered_s: float | None
    ended_s: float | None
    reason: str | None


class ConsentView(TypedDict):
    """Who agreed to be cloned, when (ISO 8601, UTC), and how that was shown."""

    by: str
    given_at: str
    level: str


class VoiceView(TypedDict):
    """A voice; `clip_seconds` of the speech it was made from are kept in it."""

    id: str
    name: str
    created_at: str
    consent: ConsentView
    clip_seconds: float


class DamagedView(TypedDict):
    """A voice file that cannot be used.

    Attributes:
        id: What deletes it.
        file: Where it is.
        reason: What is wrong with it.
    """

    id: str
    file: str
    reason: str


class FindingView(TypedDict):
    """One thing that is wrong with recordings; severity "refuse", "warn" or "note"."""

    severity: str
    message: str


class ReportView(TypedDict):
    """How good recordings are."""

    speech_s: float
    findings: list[FindingView]


class EnrolmentView(TypedDict):
    """A new voice, and how good its recordings were."""

    voice: VoiceView
    report: ReportView


class AdapterView(TypedDict):
    """How an adapter fares: "running", or "failed" for a reason, since then (ISO 8601, UTC)."""

    name: str
    state: str
    reason: str | None
    restarts: int
    since: str


class DevicesView(TypedDict):
    """The sound devices that an adapter can use; `chosen` is "" for the system's default."""

    chosen: str
    devices: list[str]


class LatencyView(TypedDict):
    """Seconds from asking to sound in one lane, over its last `count` lines; None without any."""

    count: int
    first_audio_p50_s: float | None
    first_audio_p95_s: float | None
    first_delivered_p50_s: float | None
    first_delivered_p95_s: float | None


class StatusView(TypedDict):
    """All of the daemon at a glance.

    Attributes:
        ready: Whether sound can be made now.
        pipeline: Name of what makes it.
        paused: The lanes that wait; None stands for all.
        players: The lanes that something plays.
        latency: By lane.
    """

    version: str
    pid: int
    started_at: str
    ready: bool
    pipeline: str
    queue: list[UtteranceView]
    paused: list[str | None]
    players: list[str]
    adapters: list[AdapterView]
    latency: dict[str, LatencyView]


class ReloadView(TypedDict):
    """Which tables of the settings came into force, and which wait for a restart."""

    applied: list[str]
    refused: list[str]
