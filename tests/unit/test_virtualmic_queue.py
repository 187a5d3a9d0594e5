"""Sound that waits for the microphone, and what it goes through."""

import threading

import numpy as np
import pytest
from rtvc_virtualmic.latency import CALM_S, MAX_MS, Latency
from rtvc_virtualmic.limiter import CEILING_DB, Limiter
from rtvc_virtualmic.queue import CUSHION_S, MAX_S, SoundQueue

from rtvc_bridge.audio import Audio

RATE_HZ = 48_000
LIMIT_S = 60.0  # a limit on failure, not a wait


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def queue(clock):
    return SoundQueue(RATE_HZ, clock=clock)


def tone(seconds, rate_hz=RATE_HZ, hz=997.0):
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return Audio((0.4 * np.sin(2 * np.pi * hz * at_s)).astype(np.float32), rate_hz)


def all_of(queue):
    blocks = []
    while True:
        block, has_sound = queue.take(480)
        blocks.append(block)
        if not has_sound:
            return np.concatenate(blocks)


def test_what_is_put_in_comes_out_whole(queue):
    queue.put(tone(0.5))
    heard = all_of(queue)
    assert np.array_equal(heard[: RATE_HZ // 2], tone(0.5).samples)
    assert not heard[RATE_HZ // 2 :].any()


def test_sound_of_another_rate_is_converted_without_losing_its_end(queue):
    queue.put(tone(0.5, 24_000))
    heard = all_of(queue)[: RATE_HZ // 2]
    assert np.abs(heard - tone(0.5).samples)[480:-480].max() < 0.01
    assert np.abs(heard[-200:]).max() > 0.3


def test_the_rate_may_change_from_piece_to_piece(queue):
    queue.put(tone(0.25, 24_000))
    queue.put(tone(0.25, 16_000))
    assert np.flatnonzero(np.abs(all_of(queue)) > 0.1)[-1] == pytest.approx(0.5 * RATE_HZ, abs=50)


def test_an_empty_queue_gives_silence(queue):
    block, has_sound = queue.take(480)
    assert not has_sound
    assert block.shape == (480,)
    assert not block.any()


def test_a_trickle_is_held_back_until_the_cushion_is_full(queue):
    queue.put(tone(CUSHION_S / 3))
    assert not queue.take(480)[1]
    queue.put(tone(CUSHION_S))
    assert queue.take(480)[1]


def test_a_lone_short_sound_is_held_back_no_longer_than_the_cushion(queue, clock):
    queue.put(tone(CUSHION_S / 3))
    assert not queue.take(480)[1]
    clock.now += CUSHION_S
    assert queue.take(480)[1]


def test_a_wait_ends_once_there_is_sound_to_take(queue):
    waiting = threading.Thread(target=queue.wait, args=(LIMIT_S,))
    waiting.start()
    queue.put(tone(CUSHION_S))
    waiting.join(LIMIT_S / 2)
    assert not waiting.is_alive()
    assert queue.take(480)[1]


def test_a_wake_ends_a_wait_or_the_next(queue):
    for wake_first in (False, True):
        waiting = threading.Thread(target=queue.wait, args=(LIMIT_S,))
        if wake_first:
            queue.wake()
        waiting.start()
        if not wake_first:
            queue.wake()
        waiting.join(LIMIT_S / 2)
        assert not waiting.is_alive()


def test_what_finds_no_room_is_dropped_and_counted(queue):
    assert queue.put(tone(MAX_S + 1)) == MAX_S * RATE_HZ
    assert queue.dropped_s == pytest.approx(1)
    assert queue.put(tone(1)) == 0
    assert queue.dropped_s == pytest.approx(2)


def test_clearing_fades_what_is_read_and_drops_the_rest(queue):
    queue.put(Audio(np.full(RATE_HZ, 0.5, np.float32), RATE_HZ))
    queue.take(480)
    queue.clear()
    block, _ = queue.take(480)
    assert block[0] == pytest.approx(0.5)
    assert np.abs(np.diff(block)).max() < 0.01
    assert not queue.take(480)[0].any()
    assert queue.queued_s == 0


def test_the_sender_may_reuse_its_buffer(queue):
    sound = tone(0.5)
    queue.put(sound)
    sound.samples[:] = 0
    assert np.abs(queue.take(480)[0]).max() > 0.3


def test_latency_grows_when_it_runs_dry_up_to_a_limit_and_comes_back():
    latency = Latency(40)
    grown = []
    for _ in range(4):
        latency.ran_dry(0.0)
        grown.append(latency.ms)
    assert grown == [60, 90, MAX_MS, MAX_MS]
    assert latency.look(CALM_S - 1) == MAX_MS
    for step in range(1, 5):
        latency.look(step * CALM_S)
    assert latency.ms == 40


def test_the_limiter_keeps_loud_sound_whole_and_quiet_sound_as_it_is():
    quiet, loud = tone(0.02).samples, 3 * tone(0.02).samples
    limiter = Limiter()
    assert np.array_equal(limiter.limited(quiet, RATE_HZ), quiet)
    first = limiter.limited(loud, RATE_HZ)
    second = limiter.limited(loud, RATE_HZ)
    assert np.abs(np.concatenate([first, second])).max() <= 10 ** (CEILING_DB / 20) + 1e-6
    clipped = np.count_nonzero(np.abs(second) > 0.99 * 10 ** (CEILING_DB / 20)) / len(second)
    assert clipped < 0.2  # a sine that is cut off stays at the ceiling for longer
