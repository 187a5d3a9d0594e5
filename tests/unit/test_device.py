import pytest
import torch

from rtvc_bridge.errors import DeviceError
from rtvc_bridge.stages.device import Compute, choose_compute


def test_an_argument_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("RTVC_DEVICE", "nonsense")
    assert choose_compute("cpu").device == torch.device("cpu")


@pytest.mark.parametrize("name", ["nonsense", "cuda:99"])
def test_a_device_that_is_not_there_is_an_error_that_says_how_to_mend_it(monkeypatch, name):
    monkeypatch.setenv("RTVC_DEVICE", name)
    with pytest.raises(DeviceError, match="RTVC_DEVICE"):
        choose_compute()


def test_float32_is_not_autocast_and_bfloat16_is():
    cpu, ones = torch.device("cpu"), torch.ones(2, 2)
    with Compute(cpu).autocast():
        assert (ones @ ones).dtype == torch.float32
    with Compute(cpu, torch.bfloat16).autocast():
        assert (ones @ ones).dtype == torch.bfloat16
