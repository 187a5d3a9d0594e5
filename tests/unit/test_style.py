import numpy as np
import pytest

from rtvc_bridge.errors import VoiceFileError
from rtvc_bridge.stages.style import prosody_style, vocoder_styles

STYLE = np.arange(256, dtype=np.float32)


def test_the_vocoder_reads_the_first_half_and_prosody_the_last():
    assert prosody_style({"style": STYLE}).tolist() == list(range(128, 256))
    assert (vocoder_styles({"style": STYLE}, 3) == np.arange(128)).all()


def test_each_layer_adds_its_own_offset():
    offsets = np.zeros((3, 128), np.float32)
    offsets[1, 5] = 0.5
    styles = vocoder_styles({"style": STYLE, "decoder_offsets": offsets}, 3)
    assert styles[0, 5] == 5
    assert styles[1, 5] == 5.5


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"style": STYLE[:255]},
        {"style": STYLE.astype(np.float64)},
        {"style": np.full(256, np.nan, np.float32)},
        {"style": STYLE, "decoder_offsets": np.zeros((2, 128), np.float32)},
        {"style": STYLE, "decoder_offsets": np.full((3, 128), np.inf, np.float32)},
    ],
    ids=["missing", "short", "float64", "nan", "wrong rows", "infinite offsets"],
)
def test_tensors_that_do_not_fit_are_refused(tensors):
    with pytest.raises(VoiceFileError):
        vocoder_styles(tensors, 3)
