"""How fast and how often: latency of the last lines per lane, and metrics for Prometheus."""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from rtvc_bridge.engine import Engine, State, Status
from rtvc_bridge.errors import UtteranceNotFoundError
from rtvc_bridge.http.views import LatencyView, seconds_after
from rtvc_bridge.plugins import AdapterState, AdapterStatus

KEPT = 200
ENDS = frozenset({State.DONE, State.CANCELLED, State.FAILED, State.EXPIRED})
_BUCKETS_S = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)


@dataclass(slots=True)
class _Lane:
    """Seconds from asking to sound, of the last lines."""

    first_audio_s: deque[float]
    first_delivered_s: deque[float]


class Ledger:
    """Keeps figures of ended utterances. For one thread.

    Args:
        engine: Asked for the moment of delivery, which is not announced.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lanes: dict[str, _Lane] = defaultdict(
            lambda: _Lane(deque(maxlen=KEPT), deque(maxlen=KEPT))
        )
        self._undelivered: set[int] = set()
        self._registry = CollectorRegistry()
        self._ended = Counter(
            "rtvc_utterances", "Lines that are over", ["lane", "state"], registry=self._registry
        )
        self._first_audio = self._histogram("first_audio", "first sound made")
        self._first_delivered = self._histogram("first_delivered", "first sound given to a player")
        self._refused = Counter(
            "rtvc_refusals", "Requests to this API refused", ["kind"], registry=self._registry
        )
        self._queued = Gauge("rtvc_queue", "Lines said and not over", registry=self._registry)
        self._held = Gauge("rtvc_held", "Lines held for a moderator", registry=self._registry)
        self._halted = Gauge("rtvc_halted", "Everything is stopped", registry=self._registry)
        self._ready = Gauge("rtvc_ready", "Sound can be made now", registry=self._registry)
        self._up = Gauge("rtvc_adapter_up", "Adapter runs", ["adapter"], registry=self._registry)

    def note(self, status: Status) -> None:
        """Take in a change of an utterance."""
        self._note_deliveries()
        if status.state not in ENDS:
            return
        self._ended.labels(status.lane, status.state.value).inc()
        waited_s = seconds_after(status.queued_at, status.first_audio_at)
        if waited_s is not None:
            self._lanes[status.lane].first_audio_s.append(waited_s)
            self._first_audio.labels(status.lane).observe(waited_s)
            self._undelivered.add(status.id)

    def note_refusal(self, kind: str) -> None:
        """Take in that a request was refused, for a reason of that kind."""
        self._refused.labels(kind).inc()

    def latency(self) -> dict[str, LatencyView]:
        """Return the figures of every lane that spoke."""
        self._note_deliveries()
        return {name: _view(lane) for name, lane in sorted(self._lanes.items())}

    def exposition(self, *, ready: bool, adapters: Sequence[AdapterStatus]) -> bytes:
        """Return everything in Prometheus's text format."""
        self._note_deliveries()
        self._ready.set(ready)
        self._queued.set(len(self._engine.queue.listed()))
        self._held.set(len(self._engine.queue.held()))
        self._halted.set(self._engine.queue.halted)
        self._up.clear()
        for adapter in adapters:
            self._up.labels(adapter.name).set(adapter.state is AdapterState.RUNNING)
        return generate_latest(self._registry)

    def _histogram(self, name: str, what: str) -> Histogram:
        return Histogram(
            f"rtvc_{name}_seconds",
            f"From asking to the {what}",
            ["lane"],
            buckets=_BUCKETS_S,
            registry=self._registry,
        )

    def _note_deliveries(self) -> None:
        """Look again at those that had ended before their player took the first sound."""
        for number in list(self._undelivered):
            try:
                status = self._engine.queue.find(number).status
            except UtteranceNotFoundError:
                self._undelivered.discard(number)
                continue
            waited_s = seconds_after(status.queued_at, status.first_delivered_at)
            if waited_s is not None:
                self._undelivered.discard(number)
                self._lanes[status.lane].first_delivered_s.append(waited_s)
                self._first_delivered.labels(status.lane).observe(waited_s)


def _view(lane: _Lane) -> LatencyView:
    return LatencyView(
        count=len(lane.first_audio_s),
        first_audio_p50_s=_percentile(lane.first_audio_s, 50),
        first_audio_p95_s=_percentile(lane.first_audio_s, 95),
        first_delivered_p50_s=_percentile(lane.first_delivered_s, 50),
        first_delivered_p95_s=_percentile(lane.first_delivered_s, 95),
    )


def _percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the nearest-rank percentile, None of nothing."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)  # rounded up
    return ordered[max(rank, 1) - 1] if ordered else None
