"""A sentence that the running daemon says into the microphone, as it is heard there."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from rtvc_bridge.audio import PCM_RATE_HZ, Audio
from rtvc_bridge.client import Client, UtteranceView
from rtvc_bridge.errors import UserError
from rtvc_bridge.loudness import loudness_lufs
from rtvc_virtualmic.manage import recorded_source
from rtvc_virtualmic.recorder import Recorder

SENTENCE = "Hello, this is my voice, and everybody in the call can hear it now."
TWELVE = "Please leave the blue box on the chair, and then come here."
"""Of so many words."""
LANE = "mic"
SILENT = 1e-6
"""Nothing else plays into the microphone: it is digitally silent until the sentence comes."""
LOOK_S = 0.02
SOUND_LOOK_S = 0.1
"""A look for the first sound; the recorder knows when that came, however late it is seen."""
LIMIT_S = 60.0
QUIET_LUFS = -35.0


class UnheardError(UserError):
    """The daemon said a sentence, and it did not come through the microphone."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """How the sentence came through.

    Attributes:
        voice: In which it was said.
        heard_ms: From asking the daemon until a recording program had its first sound.
        after_first_audio_ms: From when the engine had made its first sound until then.
        seconds: How long it was.
        loudness_lufs: How loud, by ITU-R BS.1770.
    """

    voice: str
    heard_ms: float
    after_first_audio_ms: float
    seconds: float
    loudness_lufs: float

    @property
    def well(self) -> bool:
        """Whether there is nothing to mend."""
        return self.loudness_lufs > QUIET_LUFS


@dataclass(frozen=True, slots=True)
class FirstSound:
    """How soon a line of twelve words was heard by a recording program; medians, warm.

    Attributes:
        lines: How many were said.
        made_ms: From asking the daemon until the engine had made the first sound.
        heard_ms: From asking until it was heard.
        after_first_audio_ms: From the one to the other.
        after_first_audio_max_ms: The longest.
    """

    lines: int
    made_ms: float
    heard_ms: float
    after_first_audio_ms: float
    after_first_audio_max_ms: float


def first_sound(client: Client, device: str | None = None, *, lines: int = 10) -> FirstSound:
    """Have the daemon say TWELVE so often, and once more before, and return how soon it was heard.

    Raises:
        UnheardError: If nothing is heard of what the daemon said.
        UserError: If it says nothing: there is no voice, or nothing plays the lane.
        DeviceError: If it cannot be recorded from here.
    """
    sentence(client, device=device, text=TWELVE)
    said = [sentence(client, device=device, text=TWELVE) for _ in range(lines)]
    after_ms = [each.after_first_audio_ms for each in said]
    return FirstSound(
        lines=lines,
        made_ms=statistics.median(each.heard_ms - each.after_first_audio_ms for each in said),
        heard_ms=statistics.median(each.heard_ms for each in said),
        after_first_audio_ms=statistics.median(after_ms),
        after_first_audio_max_ms=max(after_ms),
    )


def sentence(
    client: Client, voice: str | None = None, device: str | None = None, *, text: str = SENTENCE
) -> Spoken:
    """Have the daemon say a line into its lane "mic", and return how it was heard.

    Args:
        client: The daemon.
        voice: By name; else the first there is.
        device: The microphone.
        text: The line.

    Raises:
        UnheardError: If nothing is heard of what the daemon said.
        UserError: If it says nothing: there is no voice, or nothing plays the lane.
        DeviceError: If it cannot be recorded from here.
    """
    name = voice or _any_voice(client)
    with Recorder(recorded_source(device)) as recorder:
        recorder.wait_for(0.3)
        since, asked_at = recorder.samples, time.monotonic()
        asked = client.say(text, voice=name, lane=LANE)
        heard_at = _first_sound(
            recorder, since, going_on=lambda: _listed(client, asked["id"]) is not None
        )
        made_at = _first_audio_at(_listed(client, asked["id"]) or asked)
        while _listed(client, asked["id"]) is not None:
            recorder.wait_for(LOOK_S)
        recorder.wait_for(0.2)
        sound = recorder.sound(since)
    at = np.flatnonzero(np.abs(sound) > SILENT)
    heard = Audio(sound[at[0] : at[-1] + 1], PCM_RATE_HZ)
    return Spoken(
        voice=name,
        heard_ms=1000 * (heard_at - asked_at),
        after_first_audio_ms=1000 * (heard_at - made_at),
        seconds=heard.seconds,
        loudness_lufs=loudness_lufs(heard),
    )


def words(spoken: Spoken) -> list[str]:
    """Return it as sentences."""
    said = []
    if not spoken.well:
        said.append("The voice is very quiet: raise volume_db in [adapters.virtualmic].")
    said.append(
        f'"{spoken.voice}" was heard {spoken.heard_ms:.0f} ms after it was asked '
        f"({spoken.after_first_audio_ms:.0f} ms after its first sound was made), for "
        f"{spoken.seconds:.1f} s, at {spoken.loudness_lufs:.0f} LUFS."
    )
    return said


def _any_voice(client: Client) -> str:
    for view in client.voices():
        return view["name"]
    raise UserError("There is no voice to say a sentence in. Make one: rtvc-bridge enrol NAME CLIP")


def _first_sound(recorder: Recorder, since: int, *, going_on: Callable[[], bool]) -> float:
    """Return when the recorder had the first sound after sample `since`.

    Raises:
        UnheardError: If there is none when the sentence is over.
    """
    give_up_at = time.monotonic() + LIMIT_S
    more = True
    while more and time.monotonic() < give_up_at:
        more = going_on()  # asked first: the end of a short one is looked for once more
        recorder.wait_for(SOUND_LOOK_S)
        at = np.flatnonzero(np.abs(recorder.sound(since)) > SILENT)
        if len(at):
            return recorder.came_at(since + int(at[0]))
    raise UnheardError(
        "The daemon said a sentence, and it was not heard at this microphone. Does "
        "[adapters.virtualmic] name another device? See also: rtvc-bridge status"
    )


def _listed(client: Client, number: int) -> UtteranceView | None:
    """Return the line while it waits, is spoken or is heard."""
    return next((line for line in client.queue() if line["id"] == number), None)


def _first_audio_at(line: UtteranceView) -> float:
    """Return when its first sound was made, time.monotonic() seconds."""
    queued_at = datetime.fromisoformat(line["queued_at"]).timestamp()
    return queued_at + (line["first_audio_s"] or 0.0) - (time.time() - time.monotonic())
