import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from rtvc_bridge.errors import ModelError
from rtvc_bridge.stages.checkpoint import filled
from rtvc_bridge.stages.conversion import CONVERSION_VERSION

WEIGHTS = {"net.weight": torch.ones(1, 2), "net.bias": torch.full((1,), 3.0)}
METADATA = {"conversion_version": str(CONVERSION_VERSION)}


@pytest.fixture
def network():
    with torch.device("meta"):
        return nn.Linear(2, 1)


def test_weights_are_found_under_their_prefix_and_frozen(tmp_path, network):
    save_file(WEIGHTS, tmp_path / "w.safetensors", METADATA)
    net = filled(network, tmp_path / "w.safetensors", prefix="net.")
    assert net(torch.ones(2)).tolist() == [5.0]
    assert not net.weight.requires_grad


@pytest.mark.parametrize(
    ("weights", "metadata"),
    [
        (WEIGHTS, None),
        (WEIGHTS, {"conversion_version": "999"}),
        ({"net.weight": torch.ones(1, 2)}, METADATA),
        (WEIGHTS | {"net.bias": torch.ones(2)}, METADATA),
    ],
    ids=["no version", "other version", "a weight missing", "wrong shape"],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, network, weights, metadata):
    save_file(weights, tmp_path / "w.safetensors", metadata)
    with pytest.raises(ModelError, match="models pull"):
        filled(network, tmp_path / "w.safetensors", prefix="net.")


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickled"], ids=["empty", "pickle"])
def test_a_file_that_is_not_safetensors_is_refused(tmp_path, network, content):
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="models pull"):
        filled(network, tmp_path / "w.safetensors")
