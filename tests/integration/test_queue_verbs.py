"""The verbs on the engine's queue, on a pipeline that speaks sentence by sentence when let."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from rtvc_bridge.engine import Engine, State, Utterance
from rtvc_bridge.errors import UtteranceNotFoundError, VoiceFileError, WorkerError
from rtvc_bridge.schedule import Limits
from rtvc_bridge.testing import NAME, humming, policy, tone_voice

ALBA = tone_voice("alba", 220.0)
SOON_S = 20.0


class Gated:
    """The humming pipeline; every sentence waits to be let."""

    name = NAME

    def __init__(self):
        self._humming = humming()
        self._leave = threading.Semaphore(0)
        self.asked = threading.Semaphore(0)

    def let(self, sentences=1000):
        self._leave.release(sentences)

    def embed(self, clip):
        return self._humming.embed(clip)

    def enrol(self, clips, *, name, consent):
        return self._humming.enrol(clips, name=name, consent=consent)

    def speak(self, text, voice, delivery, *, stop):
        for audio in self._humming.speak(text, voice, delivery, stop=stop):
            self.asked.release()
            assert self._leave.acquire(timeout=SOON_S)
            yield audio


@contextmanager
def gated() -> Iterator[tuple[Engine, Gated]]:
    pipeline = Gated()
    with Engine(pipeline, policy()) as engine:
        yield engine, pipeline
        pipeline.let()


@pytest.fixture
def busy():
    """An engine that is speaking "first" in lane a, and its gate."""
    with gated() as (engine, pipeline):
        first = engine.say("First.", ALBA, lane="a", user="ann")
        assert pipeline.asked.acquire(timeout=SOON_S)
        yield engine, pipeline, first


def texts(utterances):
    return [utterance.text for utterance in utterances]


def test_what_is_spoken_is_listed_before_what_waits(busy):
    engine, _, first = busy
    for text, user in (("Second.", "ann"), ("Third.", "bob")):
        engine.say(text, ALBA, lane="a", user=user)
    assert texts(engine.queue.listed()) == ["First.", "Second.", "Third."]
    assert texts(engine.queue.listed(user="bob")) == ["Third."]
    assert engine.queue.listed(lane="b") == ()
    assert engine.queue.find(first.status.id) is first


def test_a_line_that_is_made_and_not_yet_heard_to_its_end_is_still_listed():
    with Engine(humming(), policy()) as engine:
        utterance = engine.say("Made before it is heard.", ALBA, lane="a")
        assert utterance.wait(SOON_S).state is State.DONE
        assert engine.queue.listed() == (utterance,)
        list(utterance)
        assert engine.queue.listed() == ()


def test_skipping_silences_what_is_heard_and_lets_the_next_speak(busy):
    engine, pipeline, first = busy
    second = engine.say("Second.", ALBA, lane="a", user="bob")
    assert engine.queue.skip(user="bob") == 0
    assert engine.queue.skip(lane="a") == 1
    pipeline.let()
    assert list(first) == []
    assert first.wait(SOON_S).state is State.CANCELLED
    assert second.wait(SOON_S).state is State.DONE


def test_a_paused_lane_waits_and_the_others_speak(busy):
    engine, pipeline, first = busy
    engine.queue.pause("a")
    held = engine.say("Held.", ALBA, lane="a")
    free = engine.say("Free.", ALBA, lane="b")
    pipeline.let()
    assert first.wait(SOON_S).state is State.DONE
    assert free.wait(SOON_S).state is State.DONE
    assert held.status.state is State.QUEUED
    assert engine.queue.paused == {"a"}
    engine.queue.resume("a")
    assert held.wait(SOON_S).state is State.DONE


def test_a_pause_of_everything_ends_with_a_resume_of_everything(busy):
    engine, pipeline, first = busy
    engine.queue.pause()
    held = engine.say("Held.", ALBA, lane="b")
    pipeline.let()
    assert first.wait(SOON_S).state is State.DONE
    assert held.status.state is State.QUEUED
    engine.queue.resume()
    assert engine.queue.paused == frozenset()
    assert held.wait(SOON_S).state is State.DONE


def test_a_line_is_spoken_where_it_was_moved_to(busy):
    engine, pipeline, _ = busy
    ended = []
    engine.on_status(lambda status: ended.append(status.id) if status.ended_at else None)
    second = engine.say("Second.", ALBA, lane="a", user="ann")
    third = engine.say("Third.", ALBA, lane="a", user="ann")
    engine.queue.move(third.status.id, before=second.status.id)
    pipeline.let()
    assert second.wait(SOON_S).state is State.DONE
    assert ended.index(third.status.id) < ended.index(second.status.id)


def test_a_line_is_moved_among_its_users_waiting_lines_only(busy):
    engine, _, first = busy
    waiting = engine.say("Second.", ALBA, lane="a", user="ann")
    other = engine.say("Third.", ALBA, lane="a", user="bob")
    with pytest.raises(UtteranceNotFoundError, match="number 1 does not wait any more"):
        engine.queue.move(first.status.id, before=None)
    for before in (first, other):
        with pytest.raises(UtteranceNotFoundError, match=f"number {before.status.id} does not"):
            engine.queue.move(waiting.status.id, before=before.status.id)


def test_a_line_cancelled_while_it_is_announced_counts_no_more():
    with Engine(humming(), policy(), limits=Limits(1, 1, 1)) as engine:
        engine.queue.pause()
        end = engine.on_status(lambda status: engine.queue.find(status.id).cancel())
        first = engine.say("Never mind.", ALBA, lane="a")
        end()
        assert first.status.state is State.CANCELLED
        assert engine.queue.listed() == ()
        assert engine.say("Room again.", ALBA, lane="a").status.state is State.QUEUED


def test_a_line_that_failed_tells_what_was_raised():
    stranger = policy().trust.sign(replace(ALBA, tensors={}))
    with Engine(humming(fail_on="Fail"), policy()) as engine:
        refused = engine.say("Hello.", stranger, lane="a").wait(SOON_S)
        broken = engine.say("Fail.", ALBA, lane="a").wait(SOON_S)
        done = engine.say("Hello.", ALBA, lane="a").wait(SOON_S)
    assert refused.error == "VoiceFileError"
    assert isinstance(refused.failure, VoiceFileError)
    assert (
        str(refused.failure) == refused.reason == "The voice 'alba' was not enrolled for humming."
    )
    assert isinstance(broken.failure, WorkerError)
    assert (done.failure, done.error) == (None, None)


def test_a_replayed_line_is_said_again_by_the_same_user_in_the_same_lane():
    with Engine(humming(), policy()) as engine:
        first = engine.say("Once more.", ALBA, lane="a", user="ann")
        sound = list(first)
        again = engine.queue.replay(first.status.id)
        assert (again.text, again.status.lane, again.status.user) == ("Once more.", "a", "ann")
        assert again.status.id != first.status.id
        assert [audio.samples.tolist() for audio in again] == [a.samples.tolist() for a in sound]


def test_a_replayed_line_is_said_in_another_lane_when_one_is_named():
    with Engine(humming(), policy()) as engine:
        first = engine.say("Once more.", ALBA, lane="http", user="ann")
        again = engine.queue.replay(first.status.id, lane="speaker")
        assert (again.text, again.status.lane, again.status.user) == (
            "Once more.",
            "speaker",
            "ann",
        )


def test_lines_that_are_long_over_are_forgotten():
    with Engine(humming(), policy()) as engine:
        first = engine.say("One.", ALBA, lane="a")
        for _ in range(60):
            list(engine.say("Another.", ALBA, lane="a"))
        with pytest.raises(UtteranceNotFoundError, match="number 1 "):
            engine.queue.find(first.status.id)


def test_the_player_of_a_lane_is_given_every_line_of_it_and_no_other():
    with Engine(humming(), policy()) as engine:
        given: list[Utterance] = []
        end = engine.play_lane("mic", given.append)
        with pytest.raises(ValueError, match="has a player"):
            engine.play_lane("mic", given.append)
        assert engine.players == {"mic"}
        one = engine.say("One.", ALBA, lane="mic")
        engine.say("Elsewhere.", ALBA, lane="http")
        end()
        engine.say("Too late.", ALBA, lane="mic")
        assert given == [one]
        assert engine.players == frozenset()
