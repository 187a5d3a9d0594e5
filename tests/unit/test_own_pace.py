import numpy as np
import pytest

from rtvc_bridge.errors import VoiceFileError
from rtvc_bridge.pipeline import SPEED_RANGE, Delivery, paced
from rtvc_bridge.pipeline.stages import pace


def test_the_speed_asked_for_is_counted_from_the_voices_own_pace():
    assert paced(Delivery(), own_pace=0.8) == pytest.approx(0.8)
    assert paced(Delivery(speed=1.25), own_pace=0.8) == pytest.approx(1.0)


def test_both_together_stay_within_what_the_synthesizer_takes():
    slowest, fastest = SPEED_RANGE
    assert paced(Delivery(speed=slowest), own_pace=0.8) == slowest
    assert paced(Delivery(speed=fastest), own_pace=1.2) == fastest


def test_a_voice_enrolled_before_pace_was_kept_speaks_as_it_did():
    assert paced(Delivery(speed=1.5), own_pace=pace({})) == 1.5


@pytest.mark.parametrize("kept", [[np.nan], [np.inf], [0.0], [-1.0], [1.0, 1.0], []])
def test_a_damaged_pace_is_refused(kept):
    with pytest.raises(VoiceFileError, match="pace"):
        pace({"pace": np.array(kept, np.float32)})
