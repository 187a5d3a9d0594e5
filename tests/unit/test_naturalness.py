import pytest
import torch
from safetensors.torch import save_file

from rtvc_bridge.errors import ModelError
from rtvc_bridge.stages.naturalness import (
    SEGMENT_SAMPLES,
    Naturalness,
    distilmos_safetensors,
    load_naturalness,
)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return Naturalness().eval().requires_grad_(requires_grad=False)


def sound(samples):
    return 0.1 * torch.randn(samples, generator=torch.Generator().manual_seed(1))


def test_an_opinion_is_between_1_and_5_at_any_length(network):
    for samples in (4_000, 40_000, SEGMENT_SAMPLES):
        assert 1 <= float(network(sound(samples))) <= 5


def test_silence_after_the_sound_is_worth_what_padding_is(network):
    short = sound(30_000)
    whole = torch.nn.functional.pad(short, (0, SEGMENT_SAMPLES - len(short)))
    assert float(network(short)) == pytest.approx(float(network(whole)), abs=2e-3)


def test_loudness_does_not_change_the_opinion(network):
    assert float(network(sound(20_000))) == pytest.approx(
        float(network(sound(20_000) * 0.1)), abs=1e-4
    )


def test_gradients_reach_the_sound_even_where_it_is_digital_silence(network):
    samples = sound(16_000)
    samples[4_000:9_000] = 0
    samples.requires_grad_()
    network(samples).backward()
    assert samples.grad.isfinite().all()
    assert samples.grad.abs().max() > 0


def test_the_checkpoint_is_converted_and_read_back(network, tmp_path):
    source, target = tmp_path / "source.pt", tmp_path / "target.safetensors"
    torch.save({"model": network.state_dict(), "more": 1}, source)
    distilmos_safetensors(source, target)
    again = load_naturalness(target)
    assert float(again(sound(8_000))) == float(network(sound(8_000)))


def test_another_checkpoint_is_refused(tmp_path):
    source = tmp_path / "source.pt"
    torch.save({"model": {"cnn.weight": torch.zeros(1)}}, source)
    with pytest.raises(ModelError, match="is not distillmos's checkpoint"):
        distilmos_safetensors(source, tmp_path / "target.safetensors")


def test_weights_of_another_shape_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_file({"cnn.weight": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match="models verify"):
        load_naturalness(path)
