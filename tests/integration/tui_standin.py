"""A daemon in memory for tests of the terminal screen, in the shapes of the HTTP API."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from textual.app import App
from textual.pilot import Pilot

from rtvc_bridge.client import (
    DamagedView,
    DevicesView,
    EnrolmentView,
    ReloadView,
    SentenceView,
    StatusView,
    UtteranceView,
    VoiceView,
)
from rtvc_bridge.errors import (
    ConfigError,
    ConsentError,
    DaemonError,
    NoPlayerError,
    UtteranceNotFoundError,
    VoiceNameError,
)
from rtvc_bridge.tui import BridgeApp

NOW = datetime(2026, 11, 22, 19, 0, 12, tzinfo=UTC)
QUEUED_AT = "2026-11-22T19:00:00+00:00"
PATIENCE_S = 60.0  # a limit on failure, not a wait


def voice_view(name: str, *, by: str = "Alba Reyes", clip_seconds: float = 12.0) -> VoiceView:
    """Return a voice."""
    return {
        "id": f"{name:0<8}",
        "name": name,
        "created_at": "2026-11-01T10:00:00Z",
        "consent": {
            "by": by,
            "given_at": "2026-11-01T09:59:00Z",
            "level": "attested",
            "spoken": None,
            "owner": "here",
            "uses": [],
            "grants": [],
            "expires_at": "",
        },
        "clip_seconds": clip_seconds,
        "trouble": None,
    }


class StandIn:
    """Says nothing, but queues: the first line of a lane is speaking until `end` is called."""

    def __init__(self) -> None:
        self.up = True
        self.players = ["speaker"]
        self.paused: list[str | None] = []
        self.lines: dict[int, UtteranceView] = {}
        self.known = {name: voice_view(name) for name in ("alba", "bruno")}
        self.calls: list[tuple[Any, ...]] = []
        self.log_lines = ["http listening on 127.0.0.1:7878", "utterance 1 done in 0.41 s"]
        self.adapters = [adapter("http"), adapter("speaker")]
        self.latency: dict[str, Any] = {}
        self.findings: list[Any] = []
        self.manners: list[tuple[float, float, float]] = []
        self.broken: list[DamagedView] = []
        self.outputs: dict[str, DevicesView] = {}
        self.halted = False
        self.spoken_only = False
        self.mishearings: list[str] = []
        self.sentences = 0
        self.enrol_gate = threading.Event()
        self.enrol_gate.set()
        self._events: SimpleQueue[tuple[str, Any] | None] = SimpleQueue()

    def connect(self) -> "StandIn | None":
        return self if self.up else None

    def die(self) -> None:
        """End as a killed daemon does."""
        self.up = False
        self._events.put(None)

    def come_back(self) -> None:
        self._events = SimpleQueue()
        self.up = True

    def events(self) -> Iterator[tuple[str, Any]]:
        events = self._events
        yield "hello", self.status()
        while (event := events.get()) is not None:
            yield event
        raise DaemonError("The daemon at 127.0.0.1:7878 does not answer.")

    def close(self) -> None:
        self._events.put(None)

    def status(self) -> StatusView:
        self._check()
        live = [
            line for line in list(self.lines.values()) if line["state"] in ("queued", "speaking")
        ]
        return {
            "version": "0.1.0",
            "pid": 4711,
            "started_at": QUEUED_AT,
            "ready": True,
            "pipeline": "humming",
            "queue": sorted(live, key=lambda line: line["state"] == "queued"),
            "paused": list(self.paused),
            "players": list(self.players),
            "adapters": [adapter.copy() for adapter in self.adapters],
            "latency": self.latency,
            "halted": self.halted,
            "held": len(self.held()),
        }

    def say(
        self,
        text: str,
        *,
        voice: str,
        lane: str,
        user: str,
        speed: float = 1.0,
        pitch_semitones: float = 0.0,
        expression: float = 1.0,
    ) -> UtteranceView:
        self._check("say", text, voice, lane, speed)
        self.manners.append((speed, pitch_semitones, expression))
        if lane not in self.players:
            raise NoPlayerError(f"No adapter plays {lane!r}.")
        number = len(self.lines) + 1
        busy = any(
            line["lane"] == lane and line["state"] in ("queued", "speaking")
            for line in list(self.lines.values())
        )
        self.lines[number] = {
            "id": number,
            "lane": lane,
            "user": user,
            "voice": voice,
            "state": "queued" if busy else "speaking",
            "text": text,
            "queued_at": QUEUED_AT,
            "first_audio_s": None if busy else 0.31,
            "first_delivered_s": None if busy else 0.33,
            "ended_s": None,
            "reason": None,
        }
        return self._changed(number)

    def end(self, number: int, state: str = "done", reason: str | None = None) -> None:
        """Bring a line to an end."""
        self.lines[number]["state"] = state
        self.lines[number]["reason"] = reason
        self._changed(number)

    def cancel(self, number: int) -> None:
        self._check("cancel", number)
        if number not in self.lines:
            raise UtteranceNotFoundError(f"There is no line number {number} any more.")
        self.end(number, "cancelled")

    def replay(self, number: int) -> UtteranceView:
        self._check("replay", number)
        old = self.lines[number]
        return self.say(old["text"], voice=old["voice"], lane=old["lane"], user=old["user"])

    def move(self, number: int, *, before: int | None) -> None:
        self._check("move", number, before)
        if number not in self.lines:
            raise UtteranceNotFoundError(f"There is no line number {number} any more.")
        owner = self.lines[number]["lane"], self.lines[number]["user"]
        mates = [
            key
            for key, line in list(self.lines.items())
            if (line["lane"], line["user"]) == owner and line["state"] == "queued"
        ]
        others = [key for key in mates if key != number]
        others.insert(len(others) if before is None else others.index(before), number)
        order = iter(others)  # each place stays its owner's, as in the engine's queue
        keys = [next(order) if key in mates else key for key in self.lines]
        self.lines = {key: self.lines[key] for key in keys}
        self._changed(number)

    def skip(self, *, lane: str | None, user: str | None) -> int:
        self._check("skip", lane, user)
        return self._end_all("speaking", lane)

    def clear(self, *, lane: str | None, user: str | None) -> int:
        self._check("clear", lane, user)
        return self._end_all("queued", lane)

    def pause(self, *, lane: str | None) -> None:
        self._check("pause", lane)
        self.paused.append(lane)

    def resume(self, *, lane: str | None) -> None:
        self._check("resume", lane)
        self.paused.remove(lane)

    def hold(self, text: str, *, user: str, reason: str) -> int:
        """Have a line wait for a moderator, and return its number."""
        number = self.say(text, voice="alba", lane="speaker", user=user)["id"]
        self.end(number, "held", reason)
        return number

    def held(self) -> Sequence[UtteranceView]:
        return [line.copy() for line in list(self.lines.values()) if line["state"] == "held"]

    def approve(self, number: int) -> None:
        self._check("approve", number)
        self._check_held(number)
        self.end(number, "queued")

    def deny(self, number: int, reason: str) -> None:
        self._check("deny", number, reason)
        self._check_held(number)
        self.end(number, "cancelled", reason)

    def halt(self) -> int:
        self._check("halt")
        self.halted = True
        self._events.put(("halted", {"halted": True}))
        return self._end_all("speaking", None) + self._end_all("queued", None)

    def lift(self) -> None:
        self._check("lift")
        self.halted = False
        self._events.put(("halted", {"halted": False}))

    def voices(self) -> Sequence[VoiceView]:
        self._check()
        return list(self.known.values())

    def damaged(self) -> Sequence[DamagedView]:
        self._check()
        return list(self.broken)

    def devices(self, adapter: str) -> DevicesView:
        self._check()
        if adapter not in self.outputs:
            raise ConfigError(f"The adapter {adapter} has no devices to choose from.")
        return self.outputs[adapter]

    def choose_device(self, adapter: str, device: str) -> ReloadView:
        self._check("device", adapter, device)
        self.outputs[adapter]["chosen"] = device
        return {"applied": [f"adapters.{adapter}"], "refused": []}

    def sound(self, **levels_db: float) -> None:
        """Tell how loud the lanes are."""
        self._events.put(("levels", levels_db))

    def rename(self, name: str, new: str) -> None:
        self._check("rename", name, new)
        if new in self.known:
            raise VoiceNameError(f"There is a voice {new!r} already; choose another name.")
        self.known[new] = self.known.pop(name) | {"name": new}

    def delete(self, name: str) -> None:
        self._check("delete", name)
        del self.known[name]

    def export(self, name: str, path: Path) -> None:
        self._check("export", name, path)

    def import_(self, path: Path, *, name: str | None) -> VoiceView:
        self._check("import", path, name)
        self.known[name or path.stem] = voice_view(name or path.stem)
        return self.known[name or path.stem]

    def sentence(self, name: str) -> SentenceView:
        self._check("sentence", name)
        self.sentences += 1
        text = f"I let this computer speak as {name}: reading number {self.sentences}."
        return {"id": f"s{self.sentences}", "sentence": text, "seconds": 120.0}

    def enrol(
        self,
        name: str,
        clips: Sequence[Path],
        *,
        consent_by: str,
        keep_clips: bool,
        sentence_id: str | None = None,
        consent_recording: Path | None = None,
    ) -> EnrolmentView:
        self._check("enrol", name, list(clips), consent_by, keep_clips)
        assert self.enrol_gate.wait(PATIENCE_S)
        self._judge(sentence_id, consent_recording)
        if name in self.known:
            raise VoiceNameError(f"There is a voice {name!r} already; choose another name.")
        self.known[name] = voice_view(name, by=consent_by)
        return {
            "voice": self.known[name],
            "report": {"speech_s": 11.4, "findings": list(self.findings)},
        }

    def consent(
        self,
        name: str,
        *,
        consent_by: str,
        sentence_id: str | None = None,
        consent_recording: Path | None = None,
    ) -> VoiceView:
        self._check("consent", name, consent_by)
        self._judge(sentence_id, consent_recording)
        self.known[name]["consent"]["by"] = consent_by
        self.known[name]["trouble"] = None
        return self.known[name]

    def grant(self, name: str, to: str) -> VoiceView:
        self._check("grant", name, to)
        if " " in to:
            raise ConsentError('Say to whom: "everyone", or a person or group of an adapter.')
        self.known[name]["consent"]["grants"].append(to)
        return self.known[name]

    def withdraw(self, name: str, to: str) -> VoiceView:
        self._check("withdraw", name, to)
        self.known[name]["consent"]["grants"].remove(to)
        return self.known[name]

    def revoke(self, name: str) -> int:
        self._check("revoke", name)
        del self.known[name]
        return 2

    def log(self, *, lines: int) -> Sequence[str]:
        self._check()
        return self.log_lines[-lines:]

    def stop(self) -> None:
        self._check("stop")
        self.die()

    def said(self) -> list[str]:
        """Return the texts of all that was asked for."""
        return [call[1] for call in self.calls if call[0] == "say"]

    def _check(self, *call: Any) -> None:
        if not self.up:
            raise DaemonError("The daemon at 127.0.0.1:7878 does not answer.")
        if call:
            self.calls.append(call)

    def _check_held(self, number: int) -> None:
        if number not in self.lines or self.lines[number]["state"] != "held":
            raise UtteranceNotFoundError(f"Line {number} is not held.")

    def _judge(self, sentence_id: str | None, recording: Path | None) -> None:
        """Pass if the agreement is stated and that is enough, or it was read well enough."""
        if sentence_id is None:
            if self.spoken_only:
                raise ConsentError("The speaker has to agree by reading a sentence aloud.")
            return
        assert recording is not None
        assert recording.stat().st_size
        self.calls.append(("read", sentence_id, recording))
        if self.mishearings:
            raise ConsentError(self.mishearings.pop(0))

    def _end_all(self, state: str, lane: str | None) -> int:
        ended = [
            number
            for number, line in list(self.lines.items())
            if line["state"] == state and lane in (None, line["lane"])
        ]
        for number in ended:
            self.end(number, "cancelled")
        return len(ended)

    def _changed(self, number: int) -> UtteranceView:
        line = self.lines[number].copy()
        self._events.put(("status", line))
        return line


@dataclass
class Process:
    """A daemon on its way up, or why it is not."""

    trouble: str | None = None

    def problem(self) -> str | None:
        return self.trouble


def adapter(name: str, **more: Any) -> Any:
    """Return how an adapter fares: well, unless said otherwise."""
    fine = {"state": "running", "reason": None, "restarts": 0, "since": QUEUED_AT}
    return {"name": name, **fine, **more}


def bridge(daemon: StandIn, **more: Any) -> BridgeApp:
    """Return the screen on that daemon, at a fixed time."""
    return BridgeApp(daemon.connect, clock=lambda: NOW, retry_s=0.05, **more)


async def until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    """Let the screen work until `condition` holds."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await pilot.pause()
    except TimeoutError:
        msg = f"still not after {PATIENCE_S:g} s:\n{shown(pilot.app)}"
        raise AssertionError(msg) from None


def drive(app: BridgeApp, script: Callable[[Pilot[Any]], Awaitable[None]]) -> None:
    """Run `script` against the screen at 80x24."""

    async def run() -> None:
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await script(pilot)

    asyncio.run(run())


def shown(app: App[Any]) -> str:
    """Return the text that the terminal shows."""
    screen = app.screen
    strips = screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)
