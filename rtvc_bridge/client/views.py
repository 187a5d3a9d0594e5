"""The shapes of what the daemon answers, as decoded from JSON."""

from typing import TypedDict


class UtteranceView(TypedDict):
    """One line to speak.

    Attributes:
        id: Counts up from 1 in one daemon.
        state: "held", "queued", "speaking", "done", "cancelled", "failed" or "expired".
        queued_at: ISO 8601, UTC; the next three are seconds after it.
        first_audio_s: When its first sound was made.
        first_delivered_s: When whatever plays it first got sound.
        ended_s: When nothing more was going to be made.
        reason: Why it failed, is held, or was denied.
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


class SentenceView(TypedDict):
    """What a speaker reads aloud to agree, within so many seconds; good for one recording."""

    id: str
    sentence: str
    seconds: float


class SpokenView(TypedDict):
    """How a sentence that was read aloud was judged.

    Attributes:
        sentence: What was to be read.
        words: Share of its words that were heard.
        words_least: The least that passed then.
        speaker: How alike the voice was to that of the clips: a cosine.
        speaker_least: The least that passed then.
    """

    sentence: str
    words: float
    words_least: float
    speaker: float
    speaker_least: float


class ConsentView(TypedDict):
    """Who agreed to be cloned, when, how and to what.

    Attributes:
        by: The speaker.
        given_at: ISO 8601, UTC.
        level: "attested": whoever enrolled stated it; "spoken": a sentence was read aloud.
        spoken: How that was judged; None for another level.
        owner: Who decides over the voice: "here" or, for example, "discord:user:12".
        uses: The lanes it may speak in, by their first word; none for any.
        grants: Who may use it besides its owner.
        expires_at: ISO 8601, UTC; "" if it has no end.
    """

    by: str
    given_at: str
    level: str
    spoken: SpokenView | None
    owner: str
    uses: list[str]
    grants: list[str]
    expires_at: str


class VoiceView(TypedDict):
    """A voice.

    Attributes:
        clip_seconds: How much of the speech it was made from is kept in it.
        trouble: Why nobody here can use it now; None if it is well.
    """

    id: str
    name: str
    created_at: str
    consent: ConsentView
    clip_seconds: float
    trouble: str | None


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
        halted: Whether everything was stopped, and nothing is said until that is lifted.
        held: How many lines wait for a moderator.
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
    halted: bool
    held: int


class ReloadView(TypedDict):
    """Which tables of the settings came into force, and which wait for a restart."""

    applied: list[str]
    refused: list[str]
