"""What a viewer of OBS gets: the words, against those of the same speech here, and the captions.

Needs OBS, Xvfb, PulseAudio, the weights, and faster-whisper, in the RTVC_HOME that is set.
"""

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from obs_program import RATE_HZ, Program, desktop, until
from obs_recording import changes_s, frames_of, onsets_s, sound_of
from obs_speaker import Speaker, adapter, speaker
from rtvc_obs.phrases import phrases

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.bench.sentences import LINES
from rtvc_bridge.bench.words import Heard, Recogniser, error_rate
from rtvc_bridge.cli.assembly import fetched, opened_engine
from rtvc_bridge.cli.demo import READER, RECORDING, first_seconds
from rtvc_bridge.config import Settings
from rtvc_bridge.engine import Engine
from rtvc_bridge.enrolment import Clip, read_clip
from rtvc_bridge.safety.consent import attested
from rtvc_bridge.voices import Voice

SPOKEN = LINES[:20]
CAPTIONED = (
    "Good evening to you all. I paid $23.50 for it, and we say welcome, to the show of today!"
)
CAPTIONED_TIMES = 4
QUIET_S = 0.2
CLIP_S = 12.0
FPS = 30


@contextmanager
def running(talking: Engine | None, voice: Voice | None) -> Iterator[tuple[Program, Speaker]]:
    """Give an OBS with our sources, and what speaks into it."""
    with tempfile.TemporaryDirectory() as folder:
        kept = dict(os.environ)
        with desktop(Path(folder), os.environ.__setitem__, fps=FPS) as obs:
            obs.start()
            with (
                speaker(obs.folder, engine=talking, voice=voice) as talker,
                adapter(talker.host, obs.settings()),
            ):
                until(lambda: "RTVC Voice" in str(obs.ask("GetInputList")))
                for name in obs.ask("GetSpecialInputs").values():
                    if name:
                        obs.ask("SetInputMute", inputName=name, inputMuted=True)
                yield obs, talker
        os.environ.update(kept)


def words(engine: Engine, voice: Voice, recogniser: Recogniser) -> dict[str, object]:
    """Return the share of words that a recogniser gets wrong, here and in OBS's recording."""
    here, there = [], []
    with running(engine, voice) as (obs, talker):
        for line in SPOKEN:
            sound = joined(engine.say(line, voice, lane="bench"))
            here.append(Heard(line, recogniser.words(sound)))
            recorded = sound_of(obs.record(partial(talker.say, line)))
            there.append(Heard(line, recogniser.words(Audio(recorded, RATE_HZ))))
    return {
        "words": sum(len(line.split()) for line in SPOKEN),
        "error_rate_here": error_rate(here),
        "error_rate_obs": error_rate(there),
        "misheard_in_obs": [each.heard for each in there if error_rate([each]) > 0],
    }


def captions() -> dict[str, object]:
    """Return how far captions are from the voice in a recording; tones in the place of words."""
    with running(None, None) as (obs, talker):
        talker.say(CAPTIONED)
        file = obs.record(lambda: _repeated(talker))
        heard, read = onsets_s(sound_of(file), QUIET_S), changes_s(*frames_of(file))
    late_ms = [1000 * min((each - onset for each in read), key=abs) for onset in heard]
    return {
        "phrases": CAPTIONED_TIMES * len(phrases(CAPTIONED)),
        "phrases_heard": len(heard),
        "caption_late_median_ms": statistics.median(late_ms),
        "caption_late_min_ms": min(late_ms),
        "caption_late_max_ms": max(late_ms),
    }


def _repeated(talker: Speaker) -> None:
    for _ in range(CAPTIONED_TIMES):
        talker.say(CAPTIONED)


def figures() -> Iterator[dict[str, object]]:
    """Yield both."""
    yield captions()
    settings = Settings()
    paths: Sequence[Path] = fetched(settings, [RECORDING, "whisper-base"])
    clip = Clip.of(first_seconds(read_clip(paths[0]).audio, CLIP_S))
    with opened_engine(settings) as engine:
        consent = attested(READER)
        voice = engine.enrol([clip], name="reader", consent=consent, keep_clips=False).voice
        yield words(engine, voice, Recogniser(paths[1]))


if __name__ == "__main__":
    for found in figures():
        print(json.dumps(found), flush=True)  # noqa: T201 - its output
