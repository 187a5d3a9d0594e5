import contextlib
import importlib
import logging
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial

import numpy as np
import psutil
import pytest

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.engine import Engine, State
from rtvc_bridge.enrolment import Clip
from rtvc_bridge.errors import ClipRejectedError, ModelError, VoiceFileError, WorkerError
from rtvc_bridge.pipeline import Delivery, Pipeline
from rtvc_bridge.testing import NAME, humming, policy, tone_voice
from rtvc_bridge.worker import Patience, Worker

ALBA = tone_voice("alba", 220.0)
PLAIN = Delivery()
HUMMING = "rtvc_bridge.testing:humming"
SOON_S = 30.0  # a limit on failure, not a wait

sigkill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
needs_fifo = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


class Clock:
    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


def hum(worker, text, voice=ALBA):
    return list(worker.speak(text, voice, PLAIN, stop=threading.Event()))


def pid_of(worker):
    assert worker.pid is not None
    return worker.pid


def is_gone(pid):
    """Whether that process ends in time; a zombie that nobody collects has ended."""
    try:
        process = psutil.Process(pid)
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(SOON_S)
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


JOBS = """
import atexit, logging, os, pathlib, sys, threading

def where(pipeline):
    return os.getpid()

def add(pipeline, *, number):
    return pipeline.name + str(number)

def chatter(pipeline):
    print("printed", flush=True)
    os.write(1, b"written to 1\\n")
    os.system("echo echoed")
    print(f"stdin says {sys.stdin.read()!r}", flush=True)

def logs(pipeline):
    logging.getLogger("jobs").warning("mind the gap")
    logging.getLogger("jobs").debug("all is well")

def unsendable(pipeline):
    return lambda: None

def leave(pipeline):
    os._exit(7)

def tell_and_hang(pipeline, *, path):
    pathlib.Path(path).write_text("hanging")
    threading.Event().wait()

def tidy_up_at_exit(pipeline, *, path):
    atexit.register(pathlib.Path(path).touch)
"""


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """A module that both this process and a worker started after it can import."""
    folder = tmp_path / "importable"
    folder.mkdir()
    (folder / "jobs.py").write_text(JOBS)
    monkeypatch.syspath_prepend(folder)
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path.rstrip(os.pathsep))
    yield importlib.import_module("jobs")
    del sys.modules["jobs"]


@pytest.fixture(scope="module")
def shared():
    """A worker for tests that do it no harm."""
    with Worker(HUMMING, {"fail_on": "fail"}) as worker:
        yield worker


def test_a_worker_is_a_pipeline(shared):
    pipeline: Pipeline = shared
    here = humming()
    spoken = hum(pipeline, "One. Two words.")
    expected = list(here.speak("One. Two words.", ALBA, PLAIN, stop=threading.Event()))
    assert [sound.rate_hz for sound in spoken] == [sound.rate_hz for sound in expected]
    for got, want in zip(spoken, expected, strict=True):
        np.testing.assert_array_equal(got.samples, want.samples)
    np.testing.assert_array_equal(pipeline.embed(spoken[0]), here.embed(spoken[0]))
    enrolled = pipeline.enrol(spoken, name="copy", consent=ALBA.consent)
    assert enrolled.name == "copy"
    assert enrolled.tensors[NAME]["pitch_hz"] == pytest.approx(220.0, abs=10)
    assert pipeline.name == NAME


def test_a_worker_tells_its_process_and_how_long_it_took_to_start(shared):
    shared.wait_ready()
    assert shared.pid not in (None, os.getpid())
    assert psutil.Process(shared.pid).ppid() == os.getpid()
    assert 0 < shared.cold_start_s < SOON_S


def test_any_work_can_be_done_where_the_pipeline_lives(jobs):
    with Worker(HUMMING, {}) as worker:
        assert worker.run(jobs.where) == worker.pid
        assert worker.run(partial(jobs.add, number=2)) == "humming2"


def test_stray_prints_end_in_the_log_and_not_among_the_messages(jobs, caplog):
    caplog.set_level(logging.DEBUG, "rtvc_bridge")
    with Worker(HUMMING, {}) as worker:
        worker.run(jobs.chatter)
        assert len(hum(worker, "One.")) == 1
    for noise in ("printed", "written to 1", "echoed", "stdin says ''"):
        assert noise in caplog.text


def test_what_the_process_logs_keeps_its_level(jobs, caplog):
    caplog.set_level(logging.DEBUG, "rtvc_bridge")
    with Worker(HUMMING, {}) as worker:
        worker.run(jobs.logs)
    levels = {record.message.partition(": ")[2]: record.levelno for record in caplog.records}
    assert levels["WARNING:jobs:mind the gap"] == logging.WARNING
    assert levels["DEBUG:jobs:all is well"] == logging.DEBUG


def test_errors_of_ours_arrive_as_themselves(shared):
    stranger = replace(ALBA, tensors={})
    with pytest.raises(VoiceFileError, match="not enrolled for humming"):
        hum(shared, "One.", stranger)
    assert len(hum(shared, "One.")) == 1


def test_enrolling_goes_through_the_process_and_its_refusal_comes_back(shared):
    clip = Clip.of(Audio(np.tile(joined(hum(shared, "Hummm.")).samples, 100), 16_000))
    with Engine(shared, policy()) as engine:
        with pytest.raises(ClipRejectedError):
            engine.enrol([clip], name="hum", consent=ALBA.consent, keep_clips=False)
        assert len(list(engine.say("One.", ALBA, lane="a"))) == 1


def test_other_errors_arrive_by_name_and_nobodys_words_are_logged(caplog):
    caplog.set_level(logging.DEBUG)
    with Worker(HUMMING, {"fail_on": "secret"}) as worker:
        with pytest.raises(WorkerError, match=r"\(RuntimeError\)"):
            hum(worker, "A secret.")
        assert len(hum(worker, "One.")) == 1
    assert "RuntimeError at" in caplog.text
    assert "secret" not in caplog.text


def test_a_result_that_cannot_be_sent_is_an_error_and_not_the_end(jobs):
    with Worker(HUMMING, {}) as worker:
        with pytest.raises(WorkerError, match="unexpected error"):
            worker.run(jobs.unsendable)
        assert worker.run(jobs.where) == worker.pid


@pytest.mark.parametrize(
    ("factory", "options", "kind", "says"),
    [
        (HUMMING, {"start_error": "Run: models pull"}, ModelError, "^Run: models pull$"),
        (HUMMING, {"no_such": 1}, WorkerError, "TypeError: .*no_such"),
        ("rtvc_bridge.nowhere:humming", {}, ModelError, "cannot be loaded.*nowhere"),
        ("rtvc_bridge.testing:nothing", {}, ModelError, "cannot be loaded.*nothing"),
    ],
)
def test_a_pipeline_that_cannot_start_says_why_at_every_call(factory, options, kind, says):
    with Worker(factory, options) as worker:
        with pytest.raises(kind, match=says):
            worker.wait_ready()
        with pytest.raises(kind, match=says):
            hum(worker, "One.")


def test_a_process_that_is_not_ready_in_time_is_given_up():
    with (
        Worker("signal:pause", {}, patience=Patience(start_s=0.1)) as worker,
        pytest.raises(WorkerError, match=r"not ready within 0\.1 s"),
    ):
        worker.wait_ready()


def test_a_call_that_is_stopped_while_the_process_starts_does_not_wait_for_it():
    stop = threading.Event()
    stop.set()
    with Worker("signal:pause", {}) as worker:
        assert list(worker.speak("One.", ALBA, PLAIN, stop=stop)) == []


def test_cancelling_stops_the_process_within_one_chunk(tmp_path):
    hold, log = tmp_path / "hold", tmp_path / "log"
    options = {"hold_path": str(hold), "log_path": str(log)}
    with Worker(HUMMING, options) as worker, Engine(worker, policy()) as engine:
        utterance = engine.say("One. Two. Three. Four.", ALBA, lane="a")
        next(iter(utterance))
        pid = pid_of(worker)
        utterance.cancel()
        with pytest.raises(EOFError):
            utterance.poll()
        assert utterance.wait(SOON_S).state is State.CANCELLED
        hold.touch()
        assert len(list(engine.say("Five. Six.", ALBA, lane="a"))) == 2
        assert worker.pid == pid
    assert log.read_text().split() == ["1", "1", "2"]


def test_a_reader_that_goes_away_midway_leaves_the_worker_fit_for_the_next(tmp_path):
    hold = tmp_path / "hold"
    with Worker(HUMMING, {"hold_path": str(hold)}) as worker:
        sounds = worker.speak("One. Two. Three.", ALBA, PLAIN, stop=threading.Event())
        next(sounds)
        del sounds
        hold.touch()
        assert [sound.seconds for sound in hum(worker, "Fourth. Six.")] == [0.07, 0.04]


@sigkill
def test_a_process_killed_mid_sentence_fails_that_line_and_serves_those_behind_it(tmp_path):
    hold = tmp_path / "hold"
    with Worker(HUMMING, {"hold_path": str(hold)}) as worker, Engine(worker, policy()) as engine:
        first = engine.say("One. Two.", ALBA, lane="a")
        second = engine.say("Three. Four.", ALBA, lane="a")
        sounds = iter(first)
        next(sounds)
        killed = pid_of(worker)
        os.kill(killed, signal.SIGKILL)
        assert list(sounds) == []
        status = first.wait(SOON_S)
        assert status.state is State.FAILED
        assert status.reason == "The synthesis process was killed by signal 9."
        hold.touch()
        assert len(list(second)) == 2
        assert second.wait(SOON_S).state is State.DONE
        assert worker.pid != killed
    assert is_gone(killed)


def test_a_process_that_dies_is_started_again_before_anyone_asks(jobs):
    with Worker(HUMMING, {}) as worker:
        with pytest.raises(WorkerError, match="exit code 7"):
            worker.run(jobs.leave)
        assert worker.pid is not None
        assert worker.run(jobs.where) == worker.pid


def test_a_process_deaf_to_cancel_is_killed_and_the_next_line_served(tmp_path):
    log, patience = tmp_path / "log", Patience(cancel_s=0.1)
    options = {"hang_on": "hang", "log_path": str(log)}
    with Worker(HUMMING, options, patience=patience) as worker, Engine(worker, policy()) as engine:
        hung = engine.say("One. hang.", ALBA, lane="a")
        following = engine.say("Two.", ALBA, lane="a")
        next(iter(hung))
        while log.read_text().split() != ["1", "2"]:  # it is deaf from then on
            threading.Event().wait(0.01)
        deaf = pid_of(worker)
        hung.cancel()
        status = hung.wait(SOON_S)
        assert status.state is State.FAILED
        assert "did not stop within 0.1 s" in str(status.reason)
        assert len(list(following)) == 1
    assert is_gone(deaf)


def test_a_process_that_falls_silent_is_killed():
    patience = Patience(silence_s=0.5)
    with Worker(HUMMING, {"hang_on": "hang"}, patience=patience) as worker:
        with pytest.raises(WorkerError, match=r"made no sound for 0\.5 s"):
            hum(worker, "hang.")
        worker.wait_ready()


def test_work_that_is_stopped_says_so(jobs):
    stop = threading.Event()
    with Worker(HUMMING, {}, patience=Patience(cancel_s=0.1)) as worker:
        worker.wait_ready()
        stop.set()
        with pytest.raises(WorkerError, match="stopped before it was done"):
            worker.run(jobs.where, stop=stop)


@sigkill
def test_a_process_that_keeps_dying_gets_a_pause_instead_of_being_started_for_ever():
    clock = Clock()
    pids = set()
    options, patience = {"crash_on": "crash"}, Patience(back_off_s=10.0)
    with Worker(HUMMING, options, patience=patience, clock=clock) as worker:

        def crash():
            worker.wait_ready()
            pids.add(worker.pid)
            with pytest.raises(WorkerError, match="killed by signal 9"):
                hum(worker, "crash")

        crash()
        crash()
        assert len(hum(worker, "One.")) == 1  # a call that succeeds forgets the deaths
        for _ in range(3):
            crash()
        for _ in range(3):
            with pytest.raises(WorkerError, match=r"failed 3 times in a row.*in 10 s.*signal 9"):
                hum(worker, "One.")
        assert worker.pid is None
        clock.now_s += 10.0
        crash()
        with pytest.raises(WorkerError, match=r"failed 4 times in a row.*in 20 s"):
            hum(worker, "One.")
        clock.now_s += 20.0
        assert len(hum(worker, "One.")) == 1
    assert len(pids) == 6


def test_ctrl_c_is_left_to_the_parent(shared):
    shared.wait_ready()
    pid = shared.pid
    os.kill(pid, signal.SIGINT)
    assert len(hum(shared, "One.")) == 1
    assert shared.pid == pid


def test_closing_reaps_the_process_and_refuses_what_comes_later():
    with Worker(HUMMING, {}) as worker:
        worker.wait_ready()
        pid = pid_of(worker)
    worker.close()
    assert not psutil.pid_exists(pid)
    with pytest.raises(WorkerError, match="closed"):
        hum(worker, "One.")


def test_closing_lets_the_process_tidy_up_behind_itself(jobs, tmp_path):
    tidied = tmp_path / "tidied"
    with Worker(HUMMING, {}, patience=Patience(close_s=SOON_S)) as worker:
        worker.run(partial(jobs.tidy_up_at_exit, path=str(tidied)))
    assert tidied.exists()


def test_closing_mid_sentence_does_not_pass_half_a_line_off_as_a_whole_one(tmp_path):
    with Worker(HUMMING, {"hold_path": str(tmp_path / "hold")}) as worker:
        sounds = worker.speak("One. Two.", ALBA, PLAIN, stop=threading.Event())
        next(sounds)
        worker.close()
        with pytest.raises(WorkerError, match=r"closed|killed by"):
            next(sounds)


@needs_fifo
def test_closing_ends_a_process_that_does_not_listen(jobs, tmp_path):
    here = tmp_path / "here"
    os.mkfifo(here)
    errors: list[WorkerError] = []

    def hang():
        try:
            worker.run(partial(jobs.tell_and_hang, path=str(here)))
        except WorkerError as error:
            errors.append(error)

    with Worker(HUMMING, {}, patience=Patience(close_s=0.1)) as worker:
        caller = threading.Thread(target=hang)
        caller.start()
        assert here.read_text() == "hanging"
        pid = pid_of(worker)
    caller.join(SOON_S)
    assert not psutil.pid_exists(pid)
    assert len(errors) == 1


def test_closing_while_the_process_still_starts_ends_it():
    with Worker("signal:pause", {}) as worker:
        pid = pid_of(worker)
    assert not psutil.pid_exists(pid)


PARENT = """
import os, sys, threading
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.testing import tone_voice
from rtvc_bridge.worker import Worker
options, ending = {options!r}, {ending!r}
worker = Worker("rtvc_bridge.testing:humming", options)
voice = tone_voice("alba", 220.0)
sounds = worker.speak("One. Two.", voice, Delivery(), stop=threading.Event())
next(sounds)
print(worker.pid, flush=True)
sys.stdin.read(1)
exec(ending)
"""


@sigkill
@pytest.mark.parametrize(
    ("options", "ending"),
    [
        ({"hang_on": "Two"}, "os.kill(os.getpid(), 9)"),
        ({"hold_path": "nowhere"}, "os.kill(os.getpid(), 9)"),
        ({"hold_path": "nowhere"}, "os._exit(0)"),
        ({"hold_path": "nowhere"}, "sys.exit(0)"),
        ({"hold_path": "nowhere"}, "raise RuntimeError"),
        ({"hold_path": "nowhere"}, "os.kill(os.getpid(), 15)"),
    ],
)
def test_a_parent_that_goes_away_mid_sentence_leaves_no_orphan(options, ending):
    script = PARENT.format(options=options, ending=ending)
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.stdin.write(b"\n")
        parent.stdin.flush()
        try:
            parent.wait(SOON_S)
            assert is_gone(pid)
        finally:
            parent.kill()
