import pytest
import torch

from rtvc_bridge.errors import DeviceError
from rtvc_bridge.stages.device import Compute, CpuUse, Threads, choose_compute


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


@pytest.mark.parametrize(
    ("everybody_s", "own_s", "cores"),
    [(2.0, 2.0, 0.0), (3.0, 2.0, 0.5), (4.0, 0.0, 2.0), (1.0, 1.1, 0.0)],
)
def test_what_others_use_is_what_everybody_uses_less_our_own(everybody_s, own_s, cores):
    earlier = CpuUse(wall_s=10, everybody_s=100, own_s=50)
    later = CpuUse(wall_s=12, everybody_s=100 + everybody_s, own_s=50 + own_s)
    assert later.cores_of_others(earlier) == pytest.approx(cores)


@pytest.mark.parametrize(("busy_s", "threads"), [(0.0, 4), (1.9, 3), (4.0, 2), (20.0, 1)])
def test_threads_keep_off_the_cores_that_others_use(busy_s, threads):
    looks = iter([CpuUse(0, 0, 0), CpuUse(2, busy_s, 0)])
    before = torch.get_num_threads()
    try:
        Threads(4, look=lambda: next(looks)).adapt()
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_the_counters_are_those_of_this_machine():
    earlier = CpuUse.now()
    assert earlier.everybody_s >= earlier.own_s > 0
