"""Error rates of the speaker check, on trials whose answer is known."""

from typing import Any

import numpy as np
import pytest

from rtvc_bridge.audio import Audio
from rtvc_bridge.bench.trials import Rates, rates, sexes, speaker_figures

pytestmark = pytest.mark.trust

RATE_HZ = 1000


def test_the_rates_count_both_kinds_of_error_at_the_threshold():
    found = rates([0.9, 0.8, 0.7, 0.4], [0.1, 0.2, 0.3, 0.75], least=0.72)
    assert found.false_reject == 0.5
    assert found.false_accept == 0.25
    assert (found.genuine, found.impostors) == (4, 4)


def test_the_equal_error_is_where_both_errors_are_alike():
    found = rates([0.9, 0.8, 0.7, 0.4], [0.1, 0.2, 0.3, 0.75], least=0.0)
    assert (found.equal_error, found.equal_at) == (0.25, 0.7)


def test_sides_that_do_not_overlap_have_no_error_between_them():
    found = rates([0.8, 0.9], [0.1, 0.2], least=0.5)
    assert (found.false_reject, found.false_accept, found.equal_error) == (0.0, 0.0, 0.0)


def embed(sound):
    """Return a vector that tells speakers apart by the value of their samples."""
    vector = np.zeros(256, np.float32)
    vector[int(sound.samples.mean())] = 1.0
    return vector


def test_everybody_tries_to_pass_as_everybody_else_and_as_themselves():
    people = {str(n): [Audio(np.full(20 * RATE_HZ, n, np.float32), RATE_HZ)] for n in range(1, 5)}
    sex = {"1": "F", "2": "F", "3": "M"}
    figures: dict[str, Any] = dict(speaker_figures(people, embed, 0.5, sex))
    everybody = Rates(**figures["speaker_same_recording"])
    assert (everybody.genuine, everybody.impostors) == (4, 12)
    assert (everybody.false_reject, everybody.false_accept) == (0.0, 0.0)
    assert figures["speaker_same_recording_same_sex"]["impostors"] == 2


def test_a_list_of_readers_is_read_without_its_comments(tmp_path):
    (tmp_path / "SPEAKERS.TXT").write_text("; a|comment|\n14   | F | clean | 25 | A\n", "utf-8")
    assert sexes(tmp_path) == {"14": "F"}
    assert sexes(tmp_path / "nowhere") == {}
