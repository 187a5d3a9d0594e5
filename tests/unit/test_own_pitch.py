import numpy as np
import pytest

from rtvc_bridge.errors import VoiceFileError
from rtvc_bridge.pipeline import Delivery, Frames, delivered
from rtvc_bridge.pipeline.stages import pitch_semitones

FRAMES = Frames(
    features=np.zeros((512, 3), np.float32),
    f0_hz=np.array([0, 0, 100, 110, 120, 110], np.float32),
    energy=np.zeros(6, np.float32),
    durations=np.ones(3, np.int64),
)


def test_a_voice_is_spoken_at_its_own_pitch_and_silence_stays_unvoiced():
    shaped = delivered(FRAMES, Delivery(), own_semitones=12.0)
    np.testing.assert_allclose(shaped.f0_hz, FRAMES.f0_hz * 2, rtol=1e-6)


def test_the_pitch_asked_for_is_counted_from_the_voices_own():
    shaped = delivered(FRAMES, Delivery(pitch_semitones=-5.0), own_semitones=5.0)
    np.testing.assert_allclose(shaped.f0_hz, FRAMES.f0_hz, rtol=1e-6)


def test_a_voice_enrolled_before_pitch_was_kept_speaks_as_it_did():
    assert pitch_semitones({"style": np.zeros(256, np.float32)}) == 0
    assert delivered(FRAMES, Delivery()) is FRAMES


@pytest.mark.parametrize("kept", [[np.nan], [1.0, 2.0], []])
def test_a_damaged_pitch_is_refused(kept):
    with pytest.raises(VoiceFileError, match="pitch_semitones"):
        pitch_semitones({"pitch_semitones": np.array(kept, np.float32)})
