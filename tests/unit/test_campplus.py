import numpy as np
import pytest
import torch

from rtvc_bridge.errors import ModelError
from rtvc_bridge.stages.campplus import (
    SIZE,
    CamPlusPlus,
    KaldiFbank,
    campplus_safetensors,
    load_campplus,
)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return CamPlusPlus().eval().requires_grad_(requires_grad=False)


def sound(samples):
    return 0.1 * torch.randn(samples, generator=torch.Generator().manual_seed(1))


def test_energies_are_those_of_kaldi_written_out_frame_by_frame():
    samples = sound(2_000).numpy().astype(np.float64)
    edges_mel = np.linspace(1127 * np.log1p(20 / 700), 1127 * np.log1p(8_000 / 700), 82)
    edges_hz = 700 * (np.exp(edges_mel / 1127) - 1)
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 399)) ** 0.85
    rows = []
    for start in range(0, 1_601, 160):
        frame = samples[start : start + 400] - samples[start : start + 400].mean()
        emphasised = frame - 0.97 * np.array([frame[0], *frame[:-1]])
        power = np.abs(np.fft.rfft(emphasised * window, 512)) ** 2
        row = []
        for low, centre, high in zip(edges_hz, edges_hz[1:], edges_hz[2:], strict=False):
            mels = [1127 * np.log1p(hz / 700) for hz in (low, centre, high)]
            energy = 0.0
            for place in range(256):
                mel = 1127 * np.log1p(place * 31.25 / 700)
                rising = (mel - mels[0]) / (mels[1] - mels[0])
                falling = (mels[2] - mel) / (mels[2] - mels[1])
                energy += power[place] * max(0.0, min(rising, falling))
            row.append(np.log(max(energy, 2.0**-23)))
        rows.append(row)
    expected = np.array(rows) - np.mean(rows, axis=0)
    heard = KaldiFbank()(torch.from_numpy(samples.astype(np.float32)))
    np.testing.assert_allclose(heard.numpy(), expected, atol=2e-3)


def test_a_speaker_is_a_unit_vector_at_any_length(network):
    for samples in (720, 8_000, 40_001):
        vector = network(sound(samples))
        assert vector.shape == (SIZE,)
        assert float(vector.norm()) == pytest.approx(1)


def test_loudness_does_not_change_the_vector(network):
    np.testing.assert_allclose(network(sound(20_000)), network(0.1 * sound(20_000)), atol=1e-4)


def test_gradients_reach_the_sound_even_where_it_is_digital_silence(network):
    samples = sound(16_000)
    samples[4_000:9_000] = 0
    samples.requires_grad_()
    network(samples)[0].backward()
    assert samples.grad.isfinite().all()
    assert samples.grad.abs().max() > 0


def test_the_checkpoint_is_converted_and_read_back(network, tmp_path):
    source, target = tmp_path / "source.pt", tmp_path / "target.safetensors"
    torch.save(network.state_dict(), source)
    campplus_safetensors(source, target)
    assert torch.equal(load_campplus(target)(sound(8_000)), network(sound(8_000)))


def test_another_checkpoint_is_refused(tmp_path):
    source = tmp_path / "source.pt"
    torch.save({"head.conv1.weight": torch.zeros(1)}, source)
    with pytest.raises(ModelError, match=r"is not CAM\+\+'s checkpoint"):
        campplus_safetensors(source, tmp_path / "target.safetensors")
