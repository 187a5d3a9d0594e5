"""What is heard when: the engine's word for it, and the phrases that follow it."""

import asyncio
from collections import deque

import numpy as np
import pytest
from rtvc_obs.phrases import phrases
from rtvc_obs.timeline import Caption, Timeline

from rtvc_bridge.audio import Audio
from rtvc_bridge.engine import Engine, Heard
from rtvc_bridge.testing import HummingPipeline, humming, policy, tone_voice

ALBA = tone_voice("Alba", 220.0)
TEXT = "Good evening to you all. And here is a second sentence."
LIMIT_S = 20


class Slow(HummingPipeline):
    """Each sentence is heard for minutes, so that a test is never too late to cut it."""

    def speak(self, text, voice, delivery, *, stop):
        for sound in super().speak(text, voice, delivery, stop=stop):
            yield Audio(np.tile(sound.samples, 1000), sound.rate_hz)


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def engine(clock):
    with Engine(humming(), policy(), clock=clock) as engine:
        yield engine


@pytest.fixture
def heard(engine):
    moments: list[Heard] = []
    engine.hearing.on_heard(moments.append)
    return moments


def told(moments):
    return [(moment.piece, round(moment.at, 3)) for moment in moments]


def said(engine, text="One. Two."):
    """Say two sentences, of 40 ms each, and wait until they are made."""
    utterance = engine.say(text, ALBA, lane="test")
    utterance.wait(LIMIT_S)
    return utterance


def test_a_piece_is_heard_when_the_one_before_is_over_however_early_it_was_taken(engine, heard):
    utterance = said(engine)
    utterance.poll()
    utterance.poll()
    with pytest.raises(EOFError):
        utterance.poll()
    assert told(heard) == [(0, 100.0), (1, 100.04), (None, 100.08)]


def test_a_piece_that_is_taken_late_is_heard_late(engine, clock, heard):
    utterance = said(engine)
    utterance.poll()
    clock.now += 1
    utterance.poll()
    assert told(heard) == [(0, 100.0), (1, 101.0)]


def test_the_next_line_of_a_lane_is_heard_after_what_the_lane_still_plays(engine, heard):
    for _ in said(engine):
        pass
    said(engine).poll()
    assert told(heard)[-1] == (0, 100.08)


def test_a_line_that_is_cancelled_falls_silent_at_once_and_once(engine, clock, heard):
    utterance = said(engine)
    utterance.poll()
    clock.now += 0.01
    utterance.cancel()
    with pytest.raises(EOFError):
        utterance.poll()
    said(engine).poll()
    assert told(heard) == [(0, 100.0), (None, 100.01), (0, 100.01)]


def test_cancelling_a_line_again_leaves_the_next_one_alone(engine, clock, heard):
    first = said(engine)
    first.poll()
    first.cancel()
    second = said(engine)
    second.poll()
    first.cancel()
    second.poll()
    assert told(heard) == [(0, 100.0), (None, 100.0), (0, 100.0), (1, 100.04)]


def test_a_line_that_was_never_heard_says_nothing(engine, heard):
    utterance = said(engine)
    utterance.cancel()
    with pytest.raises(EOFError):
        utterance.poll()
    assert not heard


def test_phrases_are_shown_in_turn_and_wiped():
    assert asyncio.run(shown(lambda utterance: deque(utterance))) == [*phrases(TEXT), None]


def test_nothing_more_is_shown_of_a_line_that_is_cut():
    seen = asyncio.run(shown(lambda utterance: utterance.cancel(), Slow()))
    assert seen == [phrases(TEXT)[0], None]


async def shown(after_first, pipeline=None):
    """Return what a timeline shows of TEXT; `after_first` is called once one phrase is."""
    news: asyncio.Queue[Caption | None] = asyncio.Queue()
    seen: list[str | None] = []
    assert len(phrases(TEXT)) == 2
    with Engine(pipeline or humming(), policy()) as engine:
        timeline = Timeline(engine, ["test"], news.put_nowait)
        utterance = engine.say(TEXT, ALBA, lane="test")
        await asyncio.to_thread(utterance.wait, LIMIT_S)
        assert utterance.poll()
        assert utterance.poll()
        async with asyncio.timeout(LIMIT_S):
            while None not in seen:
                caption = await news.get()
                seen.append(None if caption is None else caption.text)
                if len(seen) == 1:
                    after_first(utterance)
        timeline.close()
    return seen


def test_other_lanes_are_not_shown():
    async def quiet():
        with Engine(humming(), policy()) as engine:
            news: asyncio.Queue[Caption | None] = asyncio.Queue()
            timeline = Timeline(engine, ["test"], news.put_nowait)
            other = engine.say("Elsewhere.", ALBA, lane="other")
            deque(other, maxlen=0)
            deque(engine.say("Here.", ALBA, lane="test"), maxlen=0)
            first = await news.get()
            timeline.close()
            return first

    first = asyncio.run(quiet())
    assert first is not None
    assert (first.text, first.lane, first.voice) == ("Here.", "test", "Alba")
