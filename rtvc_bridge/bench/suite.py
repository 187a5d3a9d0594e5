"""All the figures, in the order in which they disturb each other least."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.bench import api, clients, likeness, queueing, speed, words
from rtvc_bridge.bench.sentences import LINES, SHORT_LINES, TWELVE_WORDS
from rtvc_bridge.engine import Engine
from rtvc_bridge.enrolment import Clip
from rtvc_bridge.stages.tuner import RidgeTuner
from rtvc_bridge.voices import Consent, Voice

Opened: TypeAlias = Callable[[], AbstractContextManager[Engine]]
Figure: TypeAlias = tuple[str, Any]

RTF_LINES = 20


@dataclass(frozen=True, slots=True)
class Suite:
    """What the measurements need.

    Attributes:
        open_engine: Opens an engine on the real pipeline.
        open_humming: Opens an engine on the humming pipeline, in a process of its own.
        clip: About ten seconds of one speaker.
        consent: That speaker's agreement.
        recogniser: Folder of the speech recogniser.
        rounds: Repeats of the short measurements.
        lines: How many sentences the word test says.
    """

    open_engine: Opened
    open_humming: Opened
    clip: Clip
    consent: Consent
    recogniser: Path
    rounds: int
    lines: int

    def figures(self) -> Iterator[Figure]:
        """Yield every figure's name and value, as each is measured."""
        yield "cold_start_s", speed.cold_start(self.open_engine, self.rounds).p50
        with speed.PeakMemory() as memory, self.open_engine() as engine:
            yield from self._speed(engine)
        yield "memory_mb", round(memory.mb)
        yield "queue_fair", queueing.fair(self.open_humming)
        yield "left_by_1000_cancels", asdict(queueing.left_by_cancels(self.open_humming))
        with self.open_engine() as engine:
            yield from self._words(engine)

    def likeness(self, speech: Path, tuner: RidgeTuner, pipeline: str) -> Iterator[Figure]:
        """Yield the likeness figures over the speakers in `speech`."""
        with self.open_engine() as engine:
            rows = [
                likeness.likeness(folder, engine, tuner, pipeline, self.consent)
                for folder in likeness.speakers(speech)
            ]
        yield "speakers", [asdict(row) for row in rows]
        for column in ("stock", "clone", "real"):
            yield f"similarity_{column}", likeness.mean(rows, column)

    def _speed(self, engine: Engine) -> Iterator[Figure]:
        voice = self._voice(engine)
        speed.timed(engine, "Warming up.", voice)
        yield "enrol_s", speed.enrolment(engine, self.clip, self.consent, self.rounds).p50
        lines = [TWELVE_WORDS[n % len(TWELVE_WORDS)] for n in range(self.rounds)]
        yield "first_audio_s", asdict(speed.first_audio(engine, voice, lines))
        yield "rtf", asdict(speed.real_time_factor(engine, voice, LINES[:RTF_LINES]))

    def _words(self, engine: Engine) -> Iterator[Figure]:
        voice = self._voice(engine)
        recogniser = words.Recogniser(self.recogniser)

        def speak(line: str) -> Audio:
            return joined(engine.say(line, voice, lane=speed.LANE))

        heard = words.round_trip(LINES[: self.lines], speak, recogniser)
        yield "wer", round(words.error_rate(heard), 4)
        short = words.round_trip(SHORT_LINES, speak, recogniser)
        yield "wer_short_lines", round(words.error_rate(short), 4)
        yield "misheard", [asdict(pair) for pair in [*heard, *short] if pair.wrong]

    def _voice(self, engine: Engine) -> Voice:
        return engine.enrol([self.clip], name="bench", consent=self.consent, keep_clips=False).voice


def api_figures(
    open_engine: Opened, open_humming: Opened, clip: Clip, consent: Consent, rounds: int
) -> Iterator[Figure]:
    """Yield the figures of the local API; arguments as in `Suite`."""
    with open_engine() as engine:
        voice = engine.enrol([clip], name="bench", consent=consent, keep_clips=False).voice
        speed.timed(engine, "Warming up.", voice)
        lines = [TWELVE_WORDS[n % len(TWELVE_WORDS)] for n in range(rounds)]
        yield "first_byte_lag_s", asdict(api.first_byte_lag(engine, voice, lines))
        alone, watched = api.watched_first_byte(engine, voice, lines)
        yield "first_byte_s", asdict(alone)
        yield f"first_byte_{api.WATCHERS}_watchers_s", asdict(watched)
    yield f"{clients.CLIENTS}_clients", asdict(api.crowd(open_humming))
