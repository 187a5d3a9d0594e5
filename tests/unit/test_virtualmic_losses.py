"""What the microphone does and tells while its device, or the monitor, is gone."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from rtvc_virtualmic import VirtualMic
from rtvc_virtualmic.adapter import LANE, LOST, UNHEARD, Settings, play, words
from rtvc_virtualmic.files import PacedStream
from rtvc_virtualmic.mic import Stats
from sound_server import LIMIT_S, until

from rtvc_bridge.engine import Engine, State
from rtvc_bridge.errors import DeviceError
from rtvc_bridge.levels import Levels
from rtvc_bridge.testing import humming, policy, tone_voice

WELL = Stats(
    queued_ms=0,
    latency_ms=40,
    underruns=0,
    dropped_ms=0,
    reconnects=0,
    lost=False,
    unheard=False,
    monitor_trouble="",
)


class Stream(PacedStream):
    """Goes nowhere, as long as that is there."""

    def __init__(self, form, there):
        super().__init__(form, None)
        self._there = there
        self.sounded = threading.Event()

    def write(self, samples):
        if not self._there.is_set():
            raise DeviceError("The device went away.")
        if samples.any():
            self.sounded.set()
        super().write(samples)


class Backend:
    """A device and an output that come and go."""

    device = "nothing"

    def __init__(self):
        self.there = threading.Event()
        self.there.set()
        self.output_there = threading.Event()
        self.programs: tuple[str, ...] | None = ()
        self.looked = threading.Event()
        self.streams: list[Stream] = []
        self.monitors: list[Stream] = []

    def made(self, _device, form):
        self._form = form
        return self

    def open(self, _latency_ms):
        return self._opened(self.there, self.streams)

    def open_monitor(self, _name, _latency_ms):
        return self._opened(self.output_there, self.monitors)

    def _opened(self, there, opened):
        if not there.is_set():
            raise DeviceError("There is no such device.")
        opened.append(Stream(self._form, there))
        return opened[-1]

    def listeners(self):
        self.looked.set()
        return self.programs

    def tend(self):
        return False


@pytest.fixture
def backend():
    return Backend()


def sound():
    return np.full(4800, 0.3, np.float32)


def test_a_device_that_is_gone_is_known_as_lost_until_it_is_back(backend):
    with VirtualMic(backend=backend.made) as mic:
        assert not mic.stats.lost
        backend.there.clear()
        until(lambda: mic.stats.lost)
        backend.there.set()
        until(lambda: not mic.stats.lost)
        assert mic.stats.reconnects == 1


def test_without_the_monitor_the_microphone_speaks_and_the_monitor_follows(backend):
    with VirtualMic(backend=backend.made, monitor="speaker") as mic:
        until(lambda: mic.stats.monitor_trouble)
        mic.send(sound())
        assert backend.streams[0].sounded.wait(LIMIT_S)
        backend.output_there.set()
        until(lambda: not mic.stats.monitor_trouble)
        mic.send(sound())
        assert backend.monitors[0].sounded.wait(LIMIT_S)
        assert not mic.stats.lost


def test_sound_is_not_kept_for_a_monitor_that_is_gone(backend):
    with VirtualMic(backend=backend.made, monitor="speaker") as mic:
        until(lambda: mic.stats.monitor_trouble)
        mic.send(sound())
        backend.output_there.set()
        until(lambda: not mic.stats.monitor_trouble)
        mic.clear()
        assert not backend.monitors[0].sounded.is_set()


@pytest.mark.parametrize(
    ("programs", "unheard"), [((), True), (("Chromium input",), False), (None, False)]
)
def test_it_is_known_whether_a_program_listens(backend, programs, unheard):
    backend.programs = programs
    with VirtualMic(backend=backend.made) as mic:
        assert backend.looked.wait(LIMIT_S)
    assert mic.stats.unheard == unheard


@pytest.mark.parametrize(
    ("stats", "said"),
    [
        (WELL, None),
        (replace(WELL, unheard=True), UNHEARD),
        (replace(WELL, lost=True, unheard=True, monitor_trouble="Gone."), LOST),
        (
            replace(WELL, unheard=True, monitor_trouble="Gone."),
            f"It is not heard on the monitor: Gone. {UNHEARD}",
        ),
    ],
)
def test_what_keeps_it_from_being_heard_is_put_into_words(stats, said):
    assert words(stats) == said


def test_the_lane_is_given_up_before_what_waits_in_it_is_cancelled():
    stop = threading.Event()
    voice = tone_voice("alba", 440.0)
    with Engine(humming(), policy()) as engine:
        settings = Settings(backend="null")
        adapter = threading.Thread(target=play, args=(engine, Levels(), settings, stop))
        adapter.start()
        until(lambda: LANE in engine.players)
        engine.queue.pause(LANE)  # it is not made before it can be cancelled
        waiting = engine.say("A line to be heard.", voice, lane=LANE)
        players = []

        def look(status):
            if status.id == waiting.status.id and status.state is State.CANCELLED:
                players.append(engine.players)

        engine.on_status(look)
        stop.set()
        adapter.join(LIMIT_S)
        assert players == [frozenset()]
