import pickle
import subprocess
import sys

import numpy as np

from rtvc_bridge.stages.search import Moments, Place


def test_adam_finds_the_bottom_of_a_bowl():
    here, moments = np.array([3.0, -2.0], np.float32), Moments.none(np.zeros(2, np.float32))
    for count in range(1, 200):
        moments, way = moments.stepped(2 * here, count)
        here = here - np.float32(0.1) * way
    assert np.abs(here).max() < 0.05


def test_the_first_step_is_one_rate_long_whatever_the_gradient():
    gradient = np.array([1e-3, -50.0], np.float32)
    _, way = Moments.none(gradient).stepped(gradient, 1)
    np.testing.assert_allclose(way, [1, -1], rtol=1e-3)


def test_a_place_stays_float32_when_it_moves_and_crosses_processes():
    place = Place(np.zeros(3, np.float32), np.zeros((2, 4), np.float32))
    moved = pickle.loads(
        pickle.dumps(place.moved(np.ones(3, np.float32), np.full((2, 4), 2.0, np.float32)))
    )
    assert moved.z.dtype == moved.offsets.dtype == np.float32
    assert moved.z.tolist() == [1, 1, 1]
    assert (moved.offsets == 2).all()


def test_holding_a_search_loads_no_torch():
    code = "import rtvc_bridge.stages.search, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
