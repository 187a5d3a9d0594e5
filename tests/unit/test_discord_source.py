import asyncio
import gc
import threading
import weakref

import numpy as np
import pytest
from rtvc_discord.outcomes import STALE, Kind, Outcomes
from rtvc_discord.source import GAP_MS, LEAD_IN_MS, TAIL_MS, Speech

from rtvc_bridge.audio import FRAME_BYTES, FRAME_MS, SILENCE
from rtvc_bridge.engine import Engine
from rtvc_bridge.playing import Lineup, Reading
from rtvc_bridge.testing import humming, policy, tone_voice

ALBA = tone_voice("alba", 440.0)
LANE = "discord:1"
SOON_S = 20.0  # a limit on failure, not a wait
LINE = "A line of some length."
LINE_FRAMES = len(LINE) / 2  # 10 ms per letter


class Stand:
    """A lane, its lineup and its outcomes, read by hand."""

    def __init__(self, engine):
        self.engine = engine
        self.lineup, self.outcomes = Lineup(), Outcomes()
        self.changes = threading.Event()
        self.speech = Speech(self.lineup, self.outcomes, reading=Reading, changed=self.changes.set)
        engine.play_lane(LANE, self._add)

    def _add(self, utterance):
        self.outcomes.add(utterance)
        self.lineup.add(utterance)

    def said(self, text, **options):
        utterance = self.engine.say(text, ALBA, lane=LANE, **options)
        utterance.wait(SOON_S)
        return utterance

    def send(self, most=1000):
        """Read and send up to `most` frames, as discord.py does."""
        frames: list[bytes] = []
        while len(frames) < most and (frame := self.speech.read()):
            frames.append(frame)
            self.speech.sent()
        return frames

    def outcome(self, utterance):
        entry = self.outcomes.entry(utterance)
        assert entry is not None
        return asyncio.run(asyncio.wait_for(self.outcomes.of(entry), SOON_S))


@pytest.fixture
def stand():
    with Engine(humming(), policy()) as engine:
        yield Stand(engine)


def sounding(frames):
    return [frame for frame in frames if np.any(np.frombuffer(frame, "<i2"))]


def test_every_frame_is_20_ms_of_stereo(stand):
    stand.said(LINE)
    stand.said(LINE)
    assert stand.speech.begin()
    assert {len(frame) for frame in stand.send()} == {FRAME_BYTES}


def test_a_run_begins_and_ends_in_silence(stand):
    stand.said(LINE)
    stand.speech.begin()
    frames = stand.send()
    lead_in = LEAD_IN_MS // FRAME_MS
    assert frames[:lead_in] == [SILENCE] * lead_in
    assert frames[-TAIL_MS // FRAME_MS :] == [SILENCE] * (TAIL_MS // FRAME_MS)
    assert len(sounding(frames)) == pytest.approx(LINE_FRAMES, abs=1)
    assert stand.speech.over


def test_without_anything_to_say_there_is_nothing_to_begin(stand):
    assert not stand.speech.begin()


def test_a_frame_is_given_until_it_was_sent(stand):
    stand.said(LINE)
    stand.speech.begin()
    stand.send(LEAD_IN_MS // FRAME_MS)
    first = stand.speech.read()
    assert np.any(np.frombuffer(first, "<i2"))
    assert {stand.speech.read() for _ in range(50)} == {first}
    assert sounding(stand.send())[0] == first


def test_lines_follow_each_other_without_silence(stand):
    lines = [stand.said(LINE) for _ in range(3)]
    stand.speech.begin()
    frames = stand.send()
    assert len(sounding(frames)) == pytest.approx(3 * LINE_FRAMES, abs=3)
    body = frames[LEAD_IN_MS // FRAME_MS : -TAIL_MS // FRAME_MS]
    assert SILENCE not in body
    assert {stand.outcome(line).kind for line in lines} == {Kind.SPOKEN}


def test_a_run_waits_for_a_line_that_is_still_being_made(tmp_path):
    release = tmp_path / "release"
    with Engine(humming(hold_path=str(release)), policy()) as engine:
        stand = Stand(engine)
        line = engine.say(f"{LINE} {LINE}", ALBA, lane=LANE)
        while not stand.speech.begin():
            pass
        before = [SILENCE]
        while not sounding(before):
            before = stand.send(1)
        before += stand.send(199)
        release.touch()
        line.wait(SOON_S)
        after = stand.send()
    assert len(before) == 200
    assert len(sounding(before)) == pytest.approx(LINE_FRAMES, abs=3)
    assert len(sounding(after)) == pytest.approx(LINE_FRAMES, abs=3)


def test_a_run_does_not_wait_for_ever(stand):
    stand.said(LINE)
    stand.engine.queue.pause()
    stand.engine.say(LINE, ALBA, lane=LANE)
    stand.speech.begin()
    frames = stand.send()
    assert len(frames) - len(sounding(frames)) >= GAP_MS // FRAME_MS
    assert stand.speech.over


def test_a_cancelled_line_is_cut_off_where_it_was(stand):
    line, other = stand.said(LINE), stand.said("Other.")
    stand.speech.begin()
    stand.send(LEAD_IN_MS // FRAME_MS + 4)
    line.cancel()
    stand.send()
    outcome = stand.outcome(line)
    assert outcome.kind is Kind.CUT_OFF
    assert 0.08 <= outcome.seconds <= 0.1  # four frames, and one in which it fades
    assert stand.outcome(other).kind is Kind.SPOKEN


def test_an_abandoned_run_cuts_its_line_off(stand):
    line = stand.said(LINE)
    stand.speech.begin()
    stand.send(LEAD_IN_MS // FRAME_MS + 4)
    stand.speech.abandon()
    assert stand.outcome(line).kind is Kind.CUT_OFF
    assert not line.audible
    assert stand.speech.over


def test_a_line_cancelled_before_its_turn_is_skipped(stand):
    first, second = stand.said(LINE), stand.said(LINE)
    second.cancel()
    stand.speech.begin()
    stand.send()
    assert stand.outcome(first).kind is Kind.SPOKEN
    skipped = stand.outcome(second)
    assert (skipped.kind, skipped.seconds) == (Kind.SKIPPED, 0.0)


def test_a_stale_line_is_skipped_and_says_so(stand):
    stand.engine.queue.pause()
    stale = stand.engine.say(LINE, ALBA, lane=LANE, expires_s=0.0)
    stand.engine.say(LINE, ALBA, lane=LANE)  # whatever is said sorts out what is stale
    stale.wait(SOON_S)
    outcome = stand.outcome(stale)
    assert (outcome.kind, outcome.reason) == (Kind.SKIPPED, STALE)


def test_a_line_that_fails_midway_says_why_and_how_far_it_came():
    with Engine(humming(fail_on="bad"), policy()) as engine:
        stand = Stand(engine)
        line = stand.said("A good sentence. A bad one.")
        stand.speech.begin()
        stand.send()
        outcome = stand.outcome(line)
    assert outcome.kind is Kind.FAILED
    assert outcome.seconds == pytest.approx(0.16, abs=0.03)
    assert outcome.reason


def test_outcomes_are_forgotten_in_time(stand):
    first = stand.said("One.")
    first.cancel()
    for _ in range(150):
        stand.said("More.").cancel()
        stand.outcomes.settle()
    assert stand.outcomes.entry(first) is None
    assert not stand.outcomes.open


def test_a_line_that_has_ended_is_let_go_and_its_outcome_is_not():
    outcomes = Outcomes()
    with Engine(humming(), policy()) as engine:
        line = engine.say(LINE, ALBA, lane=LANE)
        line.wait(SOON_S)
    line.cancel()
    entry, gone = outcomes.add(line), weakref.ref(line)
    outcomes.settle()
    assert outcomes.entry(line) is entry
    del line, engine
    gc.collect()
    assert gone() is None
    assert entry.outcome is not None
    assert entry.outcome.kind is Kind.SKIPPED


def test_a_line_cancelled_while_it_is_still_made_has_ended(tmp_path):
    with Engine(humming(hold_path=str(tmp_path / "never")), policy()) as engine:
        stand = Stand(engine)
        line = engine.say(f"{LINE} {LINE}", ALBA, lane=LANE)

        entry = stand.outcomes.entry(line)
        assert entry is not None

        async def left():
            waiting = asyncio.create_task(stand.outcomes.of(entry))
            await asyncio.sleep(0)  # until it waits
            line.cancel()
            stand.outcomes.settle("I left.")
            return await asyncio.wait_for(waiting, SOON_S)

        outcome = asyncio.run(left())
    assert (outcome.kind, outcome.reason) == (Kind.SKIPPED, "I left.")
