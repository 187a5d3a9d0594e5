import numpy as np
import pytest
import soundfile

from rtvc_bridge.audio import Audio
from rtvc_bridge.cli.aloud import read_aloud
from rtvc_bridge.cli.consent import speaker
from rtvc_bridge.client import SentenceView
from rtvc_bridge.errors import ConsentError, DeviceError

pytestmark = pytest.mark.trust

SENTENCE: SentenceView = {
    "id": "x",
    "sentence": "I agree, and my words are: one, two.",
    "seconds": 120.0,
}
SOUND = Audio(np.full(48_000, 0.25, np.float32), 48_000)


class Recording:
    """A second of sound, from a microphone that counts how often it was let go."""

    def __init__(self):
        self.stops = 0

    def level_db(self):
        return 0.0

    def stop(self):
        self.stops += 1
        return SOUND


class Person:
    """Presses Enter as often as told, and notes for how long each time was waited."""

    def __init__(self, presses):
        self.presses = presses
        self.waited_s = []

    def __call__(self, seconds):
        self.waited_s.append(seconds)
        self.presses -= 1
        return self.presses >= 0


@pytest.fixture
def recording():
    return Recording()


def test_the_sentence_is_shown_and_recorded_between_two_presses_of_enter(
    tmp_path, capsys, recording
):
    person = Person(2)
    file = read_aloud(SENTENCE, None, tmp_path, entered=person, record=lambda: recording)
    assert SENTENCE["sentence"] in capsys.readouterr().err
    samples, rate_hz = soundfile.read(file)
    assert (len(samples), rate_hz, recording.stops) == (48_000, 48_000, 1)
    assert sum(person.waited_s) < SENTENCE["seconds"]  # the rest is for handing it in


def test_whoever_does_not_press_enter_again_is_recorded_until_the_time_is_over(tmp_path, recording):
    file = read_aloud(SENTENCE, None, tmp_path, entered=Person(1), record=lambda: recording)
    assert file.exists()
    assert recording.stops == 1


def test_nothing_is_recorded_when_nobody_begins_in_time(tmp_path, recording):
    with pytest.raises(ConsentError, match="time to read the sentence is over"):
        read_aloud(SENTENCE, None, tmp_path, entered=Person(0), record=lambda: recording)
    assert recording.stops == 0
    assert list(tmp_path.iterdir()) == []


def test_a_recording_made_elsewhere_is_waited_for(tmp_path, capsys, recording):
    theirs = tmp_path / "theirs.wav"
    person = Person(1)
    assert read_aloud(SENTENCE, theirs, tmp_path, entered=person) == theirs
    assert person.waited_s == [120.0]
    assert "theirs.wav" in capsys.readouterr().err.replace("\n", "")
    with pytest.raises(ConsentError, match="time to read"):
        read_aloud(SENTENCE, theirs, tmp_path, entered=Person(0))


def test_without_a_microphone_it_says_so(tmp_path):
    def broken():
        raise DeviceError("There is no microphone.")

    with pytest.raises(DeviceError, match="no microphone"):
        read_aloud(SENTENCE, None, tmp_path, entered=Person(2), record=broken)


def test_who_reads_is_asked_where_somebody_can_be_asked():
    assert speaker("Cara C.") == "Cara C."
    asked = speaker(None, interactive=lambda: True, ask=lambda question: f"to {question}")
    assert asked == "to Whose voice is this?"
    with pytest.raises(ConsentError, match="--consent-by"):
        speaker(None, interactive=lambda: False)
