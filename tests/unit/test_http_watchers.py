import asyncio
import json
from contextlib import ExitStack

import pytest

from rtvc_bridge.engine import Engine, State
from rtvc_bridge.errors import QueueFullError
from rtvc_bridge.http.ledger import KEPT, Ledger
from rtvc_bridge.http.watchers import DROPPED, HEARTBEAT, Watcher, Watchers, event, events_of
from rtvc_bridge.testing import humming, policy, tone_voice

pytestmark = pytest.mark.http

ALBA = tone_voice("alba", 220.0)
SOON_S = 20.0  # a limit on failure, not a wait


@pytest.fixture
def engine():
    with Engine(humming(), policy()) as engine:
        yield engine


def taken(watcher, **options):
    """Everything until its end."""

    async def take():
        return [data async for data in events_of(watcher, **options)]

    return asyncio.run(take())


def test_an_event_is_two_lines_and_an_empty_one():
    assert event("status", '{"id":1}') == b'event: status\ndata: {"id":1}\n\n'


def test_events_that_wait_are_taken_in_one_piece_in_their_order():
    watcher = Watcher()
    watcher.put(b"a")
    watcher.put(b"b", b"c")
    watcher.end()
    assert taken(watcher) == [b"abc"]


def test_one_who_reads_too_slowly_is_told_and_dropped():
    watcher = Watcher(kept=3)
    for _ in range(3):
        watcher.put(b"kept")
    assert not watcher.over
    watcher.put(b"too much")
    watcher.put(b"too late")
    watcher.end()
    assert taken(watcher) == [DROPPED]
    assert b"event: dropped" in DROPPED


def test_a_quiet_stream_shows_that_it_lives():
    async def first():
        quiet = events_of(Watcher(), heartbeat_s=0.001)
        return await anext(quiet)

    assert asyncio.run(first()) == HEARTBEAT
    assert HEARTBEAT.startswith(b":")


def test_every_watcher_gets_every_change_and_the_slow_one_holds_up_nobody(engine):
    def changed(status, text):
        return event("status", json.dumps([status.id, status.state, text]))

    async def watch():
        watchers = Watchers(engine, limit=200, changed=changed)
        with ExitStack() as stack:
            several = [stack.enter_context(watchers.watcher()) for _ in range(200)]
            several[0].kept = 1  # and nobody takes its events
            reading = [asyncio.create_task(collect(each)) for each in several[1:]]
            utterance = engine.say("One. Two.", ALBA, lane="test")
            await asyncio.to_thread(utterance.wait, SOON_S)
            watchers.close()
            heard = await asyncio.gather(*reading)
            assert several[0].over
            assert list(several[0].events) == [DROPPED]
        assert len(watchers) == 0
        return heard

    async def collect(watcher):
        return b"".join([data async for data in events_of(watcher)])

    expected = b"".join(
        event("status", json.dumps([1, state, "One. Two."]))
        for state in (State.QUEUED, State.SPEAKING, State.DONE)
    )
    assert asyncio.run(watch()) == [expected] * 199


def test_only_so_many_may_watch(engine):
    async def watch():
        watchers = Watchers(engine, limit=1, changed=lambda status, text: b"")
        with watchers.watcher(), pytest.raises(QueueFullError, match="max_watchers"):
            stack.enter_context(watchers.watcher())
        with watchers.watcher():
            pass
        watchers.close()

    with ExitStack() as stack:
        asyncio.run(watch())


def test_nothing_reaches_the_event_loop_once_closed(engine, caplog):
    async def watch():
        watchers = Watchers(engine, limit=1, changed=lambda status, text: b"")
        watchers.close()
        with watchers.watcher() as late:
            assert late.over

    asyncio.run(watch())
    engine.say("One.", ALBA, lane="test").wait(SOON_S)
    assert "listener failed" not in caplog.text


def spoken(engine, ledger, count, *, lane="test", read=True):
    for _ in range(count):
        utterance = engine.say("Oh.", ALBA, lane=lane)
        if read:
            assert list(utterance)
        ledger.note(utterance.wait(SOON_S))


def test_the_ledger_keeps_the_last_lines_of_each_lane(engine):
    ledger = Ledger(engine)
    spoken(engine, ledger, KEPT + 5)
    spoken(engine, ledger, 1, lane="other")
    latency = ledger.latency()
    assert (latency["test"].count, latency["other"].count) == (KEPT, 1)


def test_a_delivery_after_the_end_is_counted_when_it_comes(engine):
    ledger = Ledger(engine)
    utterance = engine.say("Oh.", ALBA, lane="test")
    ledger.note(utterance.wait(SOON_S))
    assert ledger.latency()["test"].first_delivered_p50_s is None
    assert list(utterance)
    assert ledger.latency()["test"].first_delivered_p50_s is not None


def test_whoever_waits_for_a_watcher_waits_until_there_is_one(engine):
    async def follow():
        watchers = Watchers(engine, limit=1, changed=lambda status, text: b"")
        waiting = asyncio.create_task(watchers.wait_for_one())
        await asyncio.sleep(0)
        assert not waiting.done()
        with watchers.watcher():
            await waiting
        again = asyncio.create_task(watchers.wait_for_one())
        await asyncio.sleep(0)
        assert not again.done()
        again.cancel()
        watchers.close()

    asyncio.run(follow())


def test_percentiles_are_of_the_times_from_asking_to_sound():
    now = 0.0
    with Engine(humming(), policy(), clock=lambda: now) as engine:
        ledger = Ledger(engine)
        for wait_s in (1, 2, 3, 4):
            engine.queue.pause()
            utterance = engine.say("Oh.", ALBA, lane="test")
            now += wait_s
            engine.queue.resume()
            assert list(utterance)
            ledger.note(utterance.wait(SOON_S))
        figures = ledger.latency()["test"]
    assert (figures.first_audio_p50_s, figures.first_audio_p95_s) == (2, 4)
    assert (figures.first_delivered_p50_s, figures.first_delivered_p95_s) == (2, 4)


def test_lines_that_made_no_sound_count_by_their_end_alone(engine):
    ledger = Ledger(engine)
    engine.queue.pause()
    utterance = engine.say("Oh.", ALBA, lane="test")
    utterance.cancel()
    ledger.note(utterance.wait(SOON_S))
    assert ledger.latency() == {}
    text = ledger.exposition(ready=False, adapters=()).decode()
    assert 'rtvc_utterances_total{lane="test",state="cancelled"} 1.0' in text
    assert "rtvc_ready 0.0" in text
