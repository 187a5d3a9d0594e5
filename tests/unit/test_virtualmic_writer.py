"""What the writer does with a stream that is late."""

import os
import sys
import threading

import numpy as np
import pytest
from rtvc_virtualmic.backend import Format
from rtvc_virtualmic.files import PacedStream
from rtvc_virtualmic.latency import Latency
from rtvc_virtualmic.queue import SoundQueue
from rtvc_virtualmic.writer import NICE, REST_AFTER_S, Writer
from sound_server import until

from rtvc_bridge.audio import Audio

RATE_HZ = 48_000
USUAL_MS = 40
SOUND_S = 0.2


class LateStream(PacedStream):
    """Goes nowhere, and keeps whoever writes the second sound waiting for too long."""

    def __init__(self, latency_ms, *, grows):
        super().__init__(Format(RATE_HZ, 1), None)
        self.latency_ms = latency_ms
        self._grows = grows
        self._sounds = 0
        self.written = np.zeros(0, np.float32)

    def write(self, samples):
        self._sounds += bool(samples.any())
        if self._sounds == 2:
            threading.Event().wait(USUAL_MS / 1000)
        super().write(samples)
        self.written = np.concatenate([self.written, samples])

    def hand_ahead(self, latency_ms):
        if self._grows:
            self.latency_ms = latency_ms
        return self._grows


@pytest.fixture(params=[True, False], ids=["grows at once", "must be opened anew"])
def streams(request):
    """The streams that a writer opens, which says a short sound into the first, late."""
    opened = []

    def open_stream(latency_ms):
        opened.append(LateStream(latency_ms, grows=request.param))
        return opened[-1]

    queue = SoundQueue(RATE_HZ, clock=lambda: 0.0)
    queue.put(Audio(np.full(round(SOUND_S * RATE_HZ), 0.5, np.float32), RATE_HZ))
    writer = Writer(queue, RATE_HZ, open_stream=open_stream, latency=Latency(USUAL_MS))
    writer.start()
    yield opened
    until(lambda: writer.underruns)
    writer.close()


def test_a_stream_that_keeps_the_writer_waiting_is_handed_more(streams):
    until(lambda: streams[-1].latency_ms > USUAL_MS)
    if len(streams) > 1:  # opened anew for that: only once its last sound is surely played
        sounding = np.flatnonzero(streams[0].written)
        assert len(sounding) == SOUND_S * RATE_HZ
        assert len(streams[0].written) - sounding[-1] > REST_AFTER_S * RATE_HZ / 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives one thread a niceness")
def test_only_the_thread_that_feeds_goes_before_others_where_that_is_allowed(streams):
    until(lambda: streams[0].written.any())
    (thread,) = [each for each in threading.enumerate() if each.name == "rtvc-mic"]
    wanted = NICE if os.geteuid() == 0 else os.nice(0)
    assert thread.native_id is not None
    assert os.getpriority(os.PRIO_PROCESS, thread.native_id) == wanted
    assert os.nice(0) == os.getpriority(os.PRIO_PROCESS, os.getpid()) != NICE
