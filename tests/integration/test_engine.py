import logging
import os
import threading
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from rtvc_bridge.audio import FRAME_BYTES, Audio, FrameReader, joined
from rtvc_bridge.engine import Engine, State, Status
from rtvc_bridge.errors import (
    ConsentError,
    ModelError,
    QueueFullError,
    TextRejectedError,
    WorkerError,
)
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.schedule import Limits
from rtvc_bridge.testing import NAME, humming, policy, tone_voice

ALBA = tone_voice("alba", 220.0)
ENDS = {State.DONE, State.CANCELLED, State.FAILED, State.EXPIRED}
SOON_S = 20.0  # a limit on failure, not a wait
ROOMY = Limits(user=1000, lane=1000, total=1000)


class Hums:
    """The humming pipeline as a base for faulty ones."""

    name = NAME
    humming = humming()

    def embed(self, clip):
        return self.humming.embed(clip)

    def enrol(self, clips, *, name, consent):
        return self.humming.enrol(clips, name=name, consent=consent)


class Gated(Hums):
    """Asks for leave before each sentence."""

    def __init__(self):
        self._leave = threading.Semaphore(0)
        self.asked = threading.Semaphore(0)
        self.made = 0

    def let(self, sentences=1000):
        self._leave.release(sentences)

    def speak(self, text, voice, delivery, *, stop):
        for audio in self.humming.speak(text, voice, delivery, stop=stop):
            self.asked.release()
            assert self._leave.acquire(timeout=SOON_S)
            self.made += 1
            yield audio


class Raises(Hums):
    """Raises once, after the first sentence, and then hums."""

    def __init__(self, error):
        self._error = error

    def speak(self, text, voice, delivery, *, stop):
        sounds = self.humming.speak(text, voice, delivery, stop=stop)
        yield next(sounds)
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        yield from sounds


class Busy(Hums):
    """Notices being used for two things at once."""

    def __init__(self):
        self.clashes = 0
        self._in_use = threading.Lock()

    def embed(self, clip):
        self.clashes += not self._in_use.acquire(blocking=False)
        embedding = self.humming.embed(clip)
        self._in_use.release()
        return embedding

    def speak(self, text, voice, delivery, *, stop):
        self.clashes += not self._in_use.acquire(blocking=False)
        yield from self.humming.speak(text, voice, delivery, stop=stop)
        self._in_use.release()


class Clock:
    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


def history(engine):
    """Every state announced from now on, by utterance."""
    seen = defaultdict(list)
    engine.on_status(lambda status: seen[status.id].append(status.state))
    return seen


def test_every_sentence_becomes_one_sound():
    with Engine(humming(), policy()) as engine:
        sounds = list(engine.say("One. Two! Three?", ALBA, lane="a"))
    assert [round(sound.seconds, 3) for sound in sounds] == [0.04, 0.04, 0.06]


def test_a_delivery_reaches_the_pipeline():
    with Engine(humming(), policy()) as engine:
        quick = joined(engine.say("Hello there.", ALBA, lane="a", delivery=Delivery(speed=2.0)))
        usual = joined(engine.say("Hello there.", ALBA, lane="a"))
    assert quick.seconds == usual.seconds / 2


def test_reading_waits_for_nothing():
    gated = Gated()
    with Engine(gated, policy()) as engine:
        utterance = engine.say("One.", ALBA, lane="a")
        assert utterance.poll() is None
        gated.let()
        utterance.wait(SOON_S)
        assert utterance.poll() is not None
        for _ in range(2):
            with pytest.raises(EOFError):
                utterance.poll()
        assert list(utterance) == []


def test_discord_sized_frames_come_out():
    with Engine(humming(), policy()) as engine:
        utterance = engine.say("A sentence long enough to need several frames.", ALBA, lane="a")
        utterance.wait(SOON_S)
        reader = FrameReader(utterance.poll)
        frames = []
        while frame := reader.read():
            frames.append(frame)
    assert {len(frame) for frame in frames} == {FRAME_BYTES}
    assert len(frames) == 23  # 46 letters of 10 ms in frames of 20 ms


def test_a_status_carries_who_where_and_when():
    clock = Clock()
    gated = Gated()
    with Engine(gated, policy(), clock=clock) as engine:
        utterance = engine.say("One. Two.", ALBA, lane="mic", user="ann")
        gated.asked.acquire()
        clock.now_s = 1001.0
        gated.let(1)
        gated.asked.acquire()
        assert utterance.status.state is State.SPEAKING
        clock.now_s = 1002.0
        assert utterance.poll() is not None
        clock.now_s = 1003.0
        gated.let(1)
        status = utterance.wait(SOON_S)
    assert (status.id, status.lane, status.user, status.voice) == (1, "mic", "ann", "alba")
    assert (status.queued_at, status.first_audio_at) == (1000.0, 1001.0)
    assert (status.first_delivered_at, status.ended_at) == (1002.0, 1003.0)
    assert (status.state, status.reason) == (State.DONE, None)


def test_sound_that_nobody_read_was_not_delivered():
    with Engine(humming(), policy()) as engine:
        utterance = engine.say("One.", ALBA, lane="a")
        assert utterance.wait(SOON_S).first_delivered_at is None
        list(utterance)
    assert utterance.status.first_delivered_at is not None


def test_waiting_for_an_end_has_a_limit():
    gated = Gated()
    with Engine(gated, policy()) as engine:
        utterance = engine.say("One.", ALBA, lane="a")
        with pytest.raises(TimeoutError):
            utterance.wait(0.01)
        gated.let()


def test_two_hundred_lines_of_twenty_users_in_five_lanes_are_spoken_in_fair_order():
    users = [(f"lane{n % 5}", f"user{n}") for n in range(20)]
    gated = Gated()
    spoken = []
    with Engine(gated, policy(), limits=ROOMY) as engine:
        first = engine.say("First.", ALBA, lane="first")
        gated.asked.acquire()
        asked = {}
        for lane, user in sorted(users):  # lane by lane, user by user: as unfair as it gets
            for line in range(10):
                utterance = engine.say("Hi.", ALBA, lane=lane, user=user)
                asked[utterance.status.id] = (utterance, lane, user, line)
        engine.on_status(
            lambda status: spoken.append(status.id) if status.state is State.SPEAKING else None
        )
        gated.let()
        first.wait(SOON_S)
        ends = [utterance.wait(SOON_S).state for utterance, *_ in asked.values()]
    of_lane = {
        f"lane{n}": sorted(user for lane, user in users if lane == f"lane{n}") for n in range(5)
    }
    fair = [
        (lane, of_lane[lane][turn], line)
        for line in range(10)
        for turn in range(4)
        for lane in sorted(of_lane)
    ]
    assert ends == [State.DONE] * 200
    assert [asked[each][1:] for each in spoken if each in asked] == fair


@pytest.mark.parametrize(
    ("text", "says"), [("too long", "limit is 5"), ("  ", "othing to say"), ("", "othing to say")]
)
def test_text_that_cannot_be_said_is_refused_with_the_reason(text, says):
    with Engine(humming(), policy(), max_chars=5) as engine:
        seen = history(engine)
        with pytest.raises(TextRejectedError, match=says):
            engine.say(text, ALBA, lane="a")
    assert not seen


def test_a_voice_without_its_speakers_agreement_says_nothing():
    nobody = replace(ALBA, consent=replace(ALBA.consent, by=""))
    with Engine(humming(), policy()) as engine:
        seen = history(engine)
        with pytest.raises(ConsentError):
            engine.say("One.", nobody, lane="a")
    assert not seen


def test_a_full_lane_refuses_and_another_does_not():
    gated = Gated()
    with Engine(gated, policy(), limits=Limits(user=1, lane=1, total=9)) as engine:
        engine.say("Zero.", ALBA, lane="a")
        gated.asked.acquire()
        engine.say("One.", ALBA, lane="a")
        with pytest.raises(QueueFullError):
            engine.say("Two.", ALBA, lane="a")
        engine.say("Three.", ALBA, lane="b")
        gated.let()


def test_a_line_that_waited_too_long_is_not_spoken():
    clock = Clock()
    gated = Gated()
    with Engine(gated, policy(), clock=clock, expires_s=30.0) as engine:
        seen = history(engine)
        speaking = engine.say("Zero.", ALBA, lane="a")
        gated.asked.acquire()
        stale = engine.say("One.", ALBA, lane="a")
        patient = engine.say("Two.", ALBA, lane="a", expires_s=300.0)
        clock.now_s += 31.0
        gated.let()
        assert speaking.wait(SOON_S).state is State.DONE
        assert stale.wait(SOON_S).state is State.EXPIRED
        assert patient.wait(SOON_S).state is State.DONE
    assert seen[2] == [State.QUEUED, State.EXPIRED]
    assert list(stale) == []


def test_a_stale_line_makes_room_for_a_new_one():
    clock = Clock()
    gated = Gated()
    with Engine(gated, policy(), clock=clock, expires_s=30.0, limits=Limits(1, 1, 9)) as engine:
        engine.say("Zero.", ALBA, lane="a")
        gated.asked.acquire()
        stale = engine.say("One.", ALBA, lane="a")
        clock.now_s += 31.0
        engine.say("Two.", ALBA, lane="a")
        assert stale.status.state is State.EXPIRED
        gated.let()


def test_a_waiting_utterance_is_cancelled_at_once():
    gated = Gated()
    with Engine(gated, policy()) as engine:
        seen = history(engine)
        engine.say("Zero.", ALBA, lane="a")
        gated.asked.acquire()
        waiting = engine.say("One.", ALBA, lane="a")
        waiting.cancel()
        waiting.cancel()
        assert waiting.status.state is State.CANCELLED  # although the pipeline is busy
        assert list(waiting) == []
        gated.let()
    assert seen[2] == [State.QUEUED, State.CANCELLED]
    assert gated.made == 1


def test_a_cancelled_utterance_sends_no_more_sound():
    gated = Gated()
    with Engine(gated, policy()) as engine:
        seen = history(engine)
        utterance = engine.say("One. Two. Three. Four.", ALBA, lane="a")
        gated.let(2)
        for _ in range(3):
            gated.asked.acquire()
        assert utterance.poll() is not None
        utterance.cancel()
        with pytest.raises(EOFError):  # although "Two." is there to be read
            utterance.poll()
        gated.let()
        assert utterance.wait(SOON_S).state is State.CANCELLED
    assert gated.made == 3  # the one under way was the last
    assert seen[1] == [State.QUEUED, State.SPEAKING, State.CANCELLED]


def test_an_utterance_cancelled_before_its_first_sound_never_speaks():
    gated = Gated()
    with Engine(gated, policy()) as engine:
        seen = history(engine)
        utterance = engine.say("One. Two.", ALBA, lane="a")
        gated.asked.acquire()
        utterance.cancel()
        gated.let()
        status = utterance.wait(SOON_S)
    assert seen[1] == [State.QUEUED, State.CANCELLED]
    assert status.first_audio_at is None


def test_cancelling_wakes_a_reader_that_waits():
    gated = Gated()
    read: list[Audio] = []
    with Engine(gated, policy()) as engine:
        utterance = engine.say("One.", ALBA, lane="a")
        reader = threading.Thread(target=lambda: read.extend(utterance))
        reader.start()
        utterance.cancel()
        reader.join(SOON_S)
        assert not reader.is_alive()
        gated.let()
    assert read == []


def test_cancelling_after_the_end_silences_the_reader_and_changes_nothing_else():
    with Engine(humming(), policy()) as engine:
        seen = history(engine)
        utterance = engine.say("One.", ALBA, lane="a")
        utterance.wait(SOON_S)
        utterance.cancel()
        assert list(utterance) == []
    assert seen[1] == [State.QUEUED, State.SPEAKING, State.DONE]


def test_clearing_cancels_what_waits_and_not_what_is_spoken():
    gated = Gated()
    with Engine(gated, policy()) as engine:
        speaking = engine.say("Zero.", ALBA, lane="a", user="ann")
        gated.asked.acquire()
        anns = [engine.say("One.", ALBA, lane=lane, user="ann") for lane in "aab"]
        bobs = engine.say("One.", ALBA, lane="a", user="bob")
        assert engine.clear(lane="a", user="ann") == 2
        assert [each.status.state for each in anns] == ["cancelled", "cancelled", "queued"]
        assert engine.clear(user="ann") == 1
        assert engine.clear() == 1
        assert bobs.status.state is State.CANCELLED
        gated.let()
        assert speaking.wait(SOON_S).state is State.DONE


def test_a_failure_keeps_what_was_made_tells_why_and_serves_the_next():
    error = ModelError("The weights do not fit; run models pull.")
    with Engine(Raises(error), policy()) as engine:
        seen = history(engine)
        first = engine.say("One. Two.", ALBA, lane="a")
        second = engine.say("One. Two.", ALBA, lane="a")
        assert len(list(first)) == 1
        assert len(list(second)) == 2
        assert first.wait(SOON_S).reason == "The weights do not fit; run models pull."
    assert seen[1] == [State.QUEUED, State.SPEAKING, State.FAILED]
    assert seen[2] == [State.QUEUED, State.SPEAKING, State.DONE]


def test_an_unexpected_error_shows_and_logs_nobodys_words(caplog):
    with Engine(Raises(KeyError("my secret")), policy()) as engine:
        status = engine.say("My secret. Two.", ALBA, lane="a").wait(SOON_S)
    assert status.state is State.FAILED
    assert "secret" not in (status.reason or "")
    assert "KeyError at" in caplog.text
    assert "secret" not in caplog.text


def test_closing_ends_what_is_spoken_and_what_waits():
    gated = Gated()
    engine = Engine(gated, policy(), limits=ROOMY)
    seen = history(engine)
    utterances = [engine.say("One. Two.", ALBA, lane="a") for _ in range(50)]
    gated.asked.acquire()
    closing = threading.Thread(target=engine.close)
    closing.start()
    while engine.ready:  # until it is closing, which the line that is spoken holds up
        os.sched_yield()
    gated.let()
    closing.join(SOON_S)
    engine.close()
    assert {each.status.state for each in utterances[1:]} == {State.CANCELLED}
    assert all(states[-1] in ENDS for states in seen.values())
    for utterance in utterances:
        list(utterance)  # would hang if no end were sent
    with pytest.raises(QueueFullError, match="closing"):
        engine.say("Three.", ALBA, lane="a")
    with pytest.raises(WorkerError, match="closing"):
        engine.embed(joined(humming().speak("One.", ALBA, Delivery(), stop=threading.Event())))


def test_a_line_that_comes_in_while_closing_is_cancelled():
    engine = Engine(humming(), policy())
    late = threading.Event()

    def close_meanwhile(status):
        if status.state is State.QUEUED:
            engine.close()
            late.set()

    engine.on_status(close_meanwhile)
    utterance = engine.say("One.", ALBA, lane="a")
    assert late.is_set()
    assert utterance.status.state is State.CANCELLED


def test_an_utterance_goes_through_its_states_in_order_under_load_from_eight_threads():
    with Engine(humming(), policy(), limits=ROOMY) as engine:
        seen = history(engine)

        def talk(number):
            for line in range(50):
                utterance = engine.say("Hi. You.", ALBA, lane=f"lane{number % 3}", user=str(number))
                if line % 3 == 0:
                    utterance.cancel()
                elif line % 3 == 1:
                    list(utterance)

        threads = [threading.Thread(target=talk, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(seen) == 400
    queued, speaking = State.QUEUED, State.SPEAKING
    begun = [[queued, speaking, State.DONE], [queued, speaking, State.CANCELLED]]
    assert all(states in [*begun, [queued, State.CANCELLED]] for states in seen.values())


def test_every_line_that_is_read_is_announced_as_queued_speaking_done():
    with Engine(humming(), policy()) as engine:
        seen = history(engine)
        for _ in range(200):
            list(engine.say("Hi.", ALBA, lane="a"))
    assert len(seen) == 200
    assert all(states == ["queued", "speaking", "done"] for states in seen.values())


def test_a_bad_listener_is_logged_and_stops_nothing(caplog):
    def broken(status):
        raise RuntimeError("boom")

    with Engine(humming(), policy()) as engine:
        engine.on_status(broken)
        seen = history(engine)
        assert len(list(engine.say("One.", ALBA, lane="a"))) == 1
    assert seen[1] == [State.QUEUED, State.SPEAKING, State.DONE]
    assert "a status listener failed" in caplog.text


def test_a_listener_that_left_hears_nothing():
    heard: list[Status] = []
    with Engine(humming(), policy()) as engine:
        leave = engine.on_status(heard.append)
        leave()
        list(engine.say("One.", ALBA, lane="a"))
    assert heard == []


def test_a_listener_may_say_something_itself():
    replies = []
    with Engine(humming(), policy()) as engine:

        def echo(status):
            if status.id == 1 and status.state is State.QUEUED:
                replies.append(engine.say("Echo.", ALBA, lane="a"))

        engine.on_status(echo)
        list(engine.say("One.", ALBA, lane="a"))
        assert replies[0].wait(SOON_S).state is State.DONE


def test_a_guest_gets_its_turn_though_the_queue_never_empties():
    busy = Busy()
    served = threading.Event()
    with Engine(busy, policy(), limits=ROOMY) as engine:

        def go_on(status):
            if status.state is State.SPEAKING and status.id < 100_000 and not served.is_set():
                engine.say("And another.", ALBA, lane="a")

        engine.on_status(go_on)
        clip = joined(engine.say("One.", ALBA, lane="a"))
        for _ in range(3):
            engine.say("More.", ALBA, lane="a")
        embeddings = [engine.embed(clip) for _ in range(5)]
        served.set()
        last = engine.say("Last.", ALBA, lane="b").wait(SOON_S)
    assert last.id < 100_000
    assert busy.clashes == 0
    assert all(np.array_equal(embedding, embeddings[0]) for embedding in embeddings)


def test_logs_hold_no_words(caplog):
    caplog.set_level(logging.DEBUG)
    with Engine(humming(), policy()) as engine:
        list(engine.say("Confidential.", ALBA, lane="a"))
    assert "onfidential" not in caplog.text
