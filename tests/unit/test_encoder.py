"""The speaker encoder's parts that need no weights."""

import numpy as np
import pytest
import torch

from rtvc_bridge.audio import Audio
from rtvc_bridge.errors import ClipRejectedError, ModelError
from rtvc_bridge.stages.encoder import (
    GE2E,
    GE2EEncoder,
    load_encoder,
    loud_enough,
    partial_count,
)
from rtvc_bridge.stages.mel import mel_filters


@pytest.fixture(autouse=True)
def one_thread():
    """LSTMs on two threads crawl while another program computes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def encoder():
    torch.manual_seed(1)
    return GE2EEncoder(GE2E(), torch.device("cpu"))


def noise(seconds, rate_hz=16_000, rms=0.1):
    samples = np.random.default_rng(1).normal(0, rms, round(seconds * rate_hz))
    return Audio(samples.astype(np.float32), rate_hz)


def length(vector):
    return float(np.linalg.norm(vector))


@pytest.mark.parametrize(
    ("seconds", "partials"),
    # A partial is 1.6 s and starts 0.77 s after the one before; the last needs 1.2 s of sound.
    [(0.1, 1), (1.6, 1), (1.96, 1), (1.98, 2), (2.73, 2), (2.75, 3), (9.66, 11), (9.68, 12)],
)
def test_an_utterance_is_cut_into_partials_of_which_the_last_is_three_quarters_full(
    seconds, partials
):
    assert partial_count(round(seconds * 16_000)) == partials


def test_mel_filters_are_triangles_of_equal_area_over_the_whole_band():
    filters = mel_filters(16_000, 16_000, 40)  # bins of 1 Hz
    assert filters.shape == (40, 8001)
    assert filters.dtype == np.float32
    np.testing.assert_allclose(filters.sum(axis=1), 1, atol=2e-3)
    peaks_hz = filters.argmax(axis=1)
    low_gaps_hz = np.diff(peaks_hz[peaks_hz < 1000])
    assert np.ptp(low_gaps_hz) <= 1, "evenly spaced below 1 kHz"
    high_ratios = peaks_hz[-5:] / peaks_hz[-6:-1]
    np.testing.assert_allclose(high_ratios, high_ratios[0], rtol=1e-2)


@pytest.mark.parametrize("seconds", [0.01, 0.5, 1.6, 3, 70])
@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_any_length_and_rate_gives_a_vector_of_unit_length(encoder, seconds, rate_hz):
    vector = encoder.embed(noise(seconds, rate_hz))
    assert vector.shape == (encoder.embedding_size,)
    assert vector.dtype == np.float32
    assert length(vector) == pytest.approx(1, abs=1e-5)
    assert vector.min() >= 0


def test_soft_clips_are_raised_and_loud_ones_left_alone():
    soft, loud = noise(1, rms=0.001).samples, noise(1, rms=0.1).samples
    rms = np.sqrt(np.mean(np.square(loud_enough(soft))))
    assert 20 * np.log10(rms) == pytest.approx(-30, abs=0.01)
    np.testing.assert_array_equal(loud_enough(loud), loud)


def test_how_softly_it_was_recorded_does_not_change_the_vector(encoder):
    soft, softer = noise(2, rms=0.01), noise(2, rms=0.0001)
    np.testing.assert_allclose(encoder.embed(soft), encoder.embed(softer), atol=1e-5)


def test_embedding_leaves_torchs_threads_as_they_were(encoder):
    torch.set_num_threads(2)
    encoder.embed(noise(1))
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(
    "samples",
    [[], [0] * 16_000, [0.1, np.nan] * 8_000, [0.1, np.inf] * 8_000],
    ids=["empty", "silent", "nan", "infinite"],
)
def test_what_cannot_be_heard_is_refused(encoder, samples):
    with pytest.raises(ClipRejectedError):
        encoder.embed(Audio(np.array(samples, np.float32), 16_000))


def test_blocks_of_partials_give_what_one_pass_over_all_gives(encoder):
    samples = torch.from_numpy(noise(60).samples)
    network = encoder.network
    starts = [12_320 * index for index in range(partial_count(len(samples)))]
    padded = torch.nn.functional.pad(samples, (200, 30_000))
    partials = torch.stack([padded[start : start + 25_840] for start in starts])
    assert len(partials) > 64
    mean = network(network.mels(partials)).mean(0)
    torch.testing.assert_close(network.utterance(samples), mean / mean.norm())


def test_the_sound_gets_a_gradient_from_the_vector():
    torch.manual_seed(1)
    network = GE2E().requires_grad_(requires_grad=False)
    samples = torch.from_numpy(noise(2).samples).requires_grad_()
    network.utterance(samples)[:128].sum().backward()
    assert samples.grad is not None
    assert torch.isfinite(samples.grad).all()
    assert samples.grad[:25_000].abs().max() > 0


@pytest.mark.parametrize("content", [None, b"", b"no tensors at all"])
def test_weights_that_are_missing_or_damaged_are_an_error(tmp_path, content):
    path = tmp_path / "ge2e.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match="models verify"):
        load_encoder(path)
