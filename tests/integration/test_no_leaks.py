import gc
import os
import signal
import tempfile
import threading

import psutil
import pytest

from rtvc_bridge.engine import Engine, State
from rtvc_bridge.schedule import Limits
from rtvc_bridge.testing import policy, tone_voice
from rtvc_bridge.worker import Worker

ALBA = tone_voice("alba", 220.0)
HUMMING = "rtvc_bridge.testing:humming"
ROOMY = Limits(user=2000, lane=2000, total=2000)
SOON_S = 60.0  # a limit on failure, not a wait

pytestmark = pytest.mark.skipif(not hasattr(psutil.Process, "num_fds"), reason="counts as POSIX")


@pytest.fixture
def held(tmp_path, monkeypatch):
    """What this process and those below it hold: threads, open files, processes, temp files."""
    temp = tmp_path / "temp"
    temp.mkdir()
    monkeypatch.setenv("TMPDIR", str(temp))
    monkeypatch.setattr(tempfile, "tempdir", str(temp))

    def count():
        gc.collect()
        me = psutil.Process()
        below = me.children(recursive=True)
        return {
            "threads here": sorted(thread.name for thread in threading.enumerate()),
            "threads below": [child.num_threads() for child in below],
            "open files here": me.num_fds(),
            "open files below": [child.num_fds() for child in below],
            "processes": len(below),
            "temp files": sorted(temp.rglob("*")),
        }

    return count


def test_a_thousand_cancels_leave_nothing_behind(held, tmp_path):
    before = held()
    with (
        Worker(HUMMING, {"hold_path": str(tmp_path / "never")}) as worker,
        Engine(worker, policy(), limits=ROOMY) as engine,
    ):
        warm = engine.say("One. Two.", ALBA, lane="a")
        next(iter(warm))
        warm.cancel()
        warm.wait(SOON_S)
        running = held()
        pid = worker.pid
        ends = []
        for number in range(1000):
            utterance = engine.say("One. Two.", ALBA, lane=f"lane{number % 5}", user=str(number))
            if number % 5 == 0:
                next(iter(utterance))  # so that it is cancelled mid-sentence
            utterance.cancel()
            utterance.cancel()
            ends.append(utterance)
        states = {utterance.wait(SOON_S).state for utterance in ends}
        assert states == {State.CANCELLED}
        assert held() == running
        assert worker.pid == pid
    assert held() == before


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_workers_leave_nothing_behind(held, tmp_path):
    before = held()
    with (
        Worker(HUMMING, {"hold_path": str(tmp_path / "never")}) as worker,
        Engine(worker, policy()) as engine,
    ):
        for _ in range(2):
            utterance = engine.say("One. Two.", ALBA, lane="a")
            next(iter(utterance))
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGKILL)
            assert utterance.wait(SOON_S).state is State.FAILED
    assert held() == before


def test_engines_opened_and_closed_with_lines_waiting_leave_nothing_behind(held, tmp_path):
    before = held()
    for _ in range(2):
        with (
            Worker(HUMMING, {"hold_path": str(tmp_path / "never")}) as worker,
            Engine(worker, policy()) as engine,
        ):
            next(iter(engine.say("One. Two.", ALBA, lane="a")))
            waiting = [engine.say("Three.", ALBA, lane="a") for _ in range(5)]
        assert {utterance.status.state for utterance in waiting} == {State.CANCELLED}
    assert held() == before


def test_workers_that_never_start_leave_nothing_behind(held):
    before = held()
    for factory, options in [("nowhere:at_all", {}), (HUMMING, {"start_error": "no"})]:
        with Worker(factory, options) as worker, Engine(worker, policy()) as engine:
            assert engine.say("One.", ALBA, lane="a").wait(SOON_S).state is State.FAILED
    assert held() == before
