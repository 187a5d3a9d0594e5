"""The daemon's figures in words: pure functions."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from rtvc_bridge.client import (
    ConsentView,
    DamagedView,
    ReloadView,
    StatusView,
    UtteranceView,
)

DEFAULT_LANE = "speaker"
OWN_DEVICE = "the system's own"
_MOST_DAMAGED = 3
_MINUTE_S = 60
_HOUR_S = 3600

ENDED = frozenset({"done", "cancelled", "failed", "expired"})
_MARKS = {
    "held": "?",
    "queued": "·",
    "speaking": "▶",
    "done": "✓",
    "cancelled": "-",
    "failed": "✗",
    "expired": "-",
}


def mark(state: str) -> str:
    """Return one character for a line's state."""
    return _MARKS.get(state, "?")


def duration(seconds: float | None) -> str:
    """Return a time for a table: "240 ms", "3.2 s", "4 min", "-" if there is none."""
    if seconds is None:
        return "-"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    if seconds < _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    return f"{seconds / _HOUR_S:.0f} h"


def age(since: str, now: datetime) -> str:
    """Return how long ago an ISO 8601 time was."""
    seconds = max(0.0, (now - datetime.fromisoformat(since)).total_seconds())
    return f"{seconds:.0f} s" if seconds < _MINUTE_S else duration(seconds)


def since(line: UtteranceView) -> str:
    """Return when what a line does now began, ISO 8601: being heard, being made, or waiting."""
    for seconds in (line["first_delivered_s"], line["first_audio_s"]):
        if seconds is not None:
            began = datetime.fromisoformat(line["queued_at"]) + timedelta(seconds=seconds)
            return began.isoformat()
    return line["queued_at"]


def outcome(line: UtteranceView) -> str:
    """Return what is worth knowing of a line: its wait, its latency, or why it failed."""
    state = str(line["state"])
    if state == "done" or (line["first_audio_s"] is not None and state == "speaking"):
        return f"first sound after {duration(line['first_audio_s'])}"
    if state == "held" and line["reason"]:
        return f"held: {line['reason']}"
    return str(line["reason"] or state)


def heard_state(line: UtteranceView) -> str:
    """Return the state of a listed line; one that is made but listed is still being heard."""
    return "heard" if line["state"] == "done" else str(line["state"])


def lanes(status: StatusView, *more: str) -> list[str]:
    """Return every lane worth offering, the default first."""
    known = {str(line["lane"]) for line in status["queue"]} | set(status["players"]) | set(more)
    return [DEFAULT_LANE, *sorted(known - {DEFAULT_LANE})]


def unheard(lane: str, players: Iterable[str]) -> str:
    """Return what to tell someone who speaks into `lane`, or "" if it is played."""
    playing = sorted(players)
    if lane in playing:
        return ""
    others = f" Played now: {', '.join(playing)}." if playing else ""
    return (
        f"Nothing plays the lane “{lane}”: no adapter listens to it, "
        f"so what is said there is refused.{others}"
    )


def damaged(files: Sequence[DamagedView]) -> str:
    """Return which voice files cannot be used, and why."""
    if not files:
        return ""
    lines = [f"{Path(each['file']).name}: {each['reason']}" for each in files[:_MOST_DAMAGED]]
    if more := len(files) - len(lines):
        lines.append(f"and {more} more; rtvc-bridge voices names them all")
    return "\n".join(["These voice files cannot be used:", *lines])


def device_chosen(adapter: str, device: str, reload: ReloadView) -> str:
    """Return what came of choosing a device."""
    chosen = device or OWN_DEVICE
    if f"adapters.{adapter}" in reload["applied"]:
        return f"{adapter} uses {chosen} from now on."
    if f"adapters.{adapter}" in reload["refused"]:
        return f"{adapter} uses {chosen} once the daemon is started anew."
    return f"{adapter} used {chosen} before already."


def held(count: int) -> str:
    """Return how many lines wait for a moderator, "" if none."""
    if not count:
        return ""
    return f"{count} {'line waits' if count == 1 else 'lines wait'} for a moderator."


def agreement(speaker: str) -> str:
    """Return what is typed to state that a speaker agreed."""
    return f"{speaker.strip() or 'NAME'} agreed"


def shared(consent: ConsentView) -> str:
    """Return to whom a voice belongs, who else may use it, where, and until when."""
    others = ", ".join(consent["grants"])
    parts = [f"Owner: {consent['owner']}", f"also: {others}" if others else "nobody else"]
    if consent["uses"]:
        parts.append(f"only in {', '.join(consent['uses'])}")
    ends = consent["expires_at"][:10]
    parts.append(f"until {ends}" if ends else "without an end")
    return f"{' · '.join(parts)}."


def heard_how(consent: ConsentView) -> str:
    """Return how a reading aloud was judged, "" if there was none."""
    spoken = consent["spoken"]
    if spoken is None:
        return ""
    return (
        f"Read aloud: {spoken['words']:.0%} of the words (at least {spoken['words_least']:.0%}), "
        f"likeness {spoken['speaker']:.2f} (at least {spoken['speaker_least']:.2f})."
    )


def summary(status: StatusView) -> str:
    """Return the state of the daemon in a few words."""
    queue = status["queue"]
    waiting = sum(line["state"] == "queued" for line in queue)
    parts = ["everything is stopped"] if status["halted"] else []
    parts += ["ready" if status["ready"] else "not ready: no sound can be made now"]
    if status["held"]:
        parts.append(f"{status['held']} held")
    failed = [
        str(adapter["name"]) for adapter in status["adapters"] if adapter["state"] != "running"
    ]
    if failed:
        parts.append(f"failed: {', '.join(failed)}")
    if status["paused"]:
        parts.append(paused(status["paused"]))
    if len(queue) > waiting:
        parts.append(f"{len(queue) - waiting} speaking")
    if waiting:
        parts.append(f"{waiting} waiting")
    return " · ".join(parts)


def paused(marks: Sequence[str | None]) -> str:
    """Return which lanes are paused; None among them stands for every lane."""
    if None in marks:
        return "paused"
    return f"paused: {', '.join(sorted(lane for lane in marks if lane is not None))}"
