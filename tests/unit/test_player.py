"""A lane's lines as a stream of sound, without a device: what is handed over, and when."""

import contextlib
import weakref
from collections import deque

import numpy as np
import pytest

from rtvc_bridge.audio import PCM_RATE_HZ, Audio, joined, silence
from rtvc_bridge.engine import Engine, State
from rtvc_bridge.engine.directory import KEPT
from rtvc_bridge.levels import Levels
from rtvc_bridge.playing import CUSHION_S, PIECE_S, Cushion, Player, Reading
from rtvc_bridge.testing import LOUDNESS, humming, policy, tone_voice

SOON_S = 20.0
ALBA = tone_voice("alba", 220.0)
BERT = tone_voice("bert", 330.0)
CARA = tone_voice("cara", 440.0)


@pytest.fixture
def engine():
    with Engine(humming(), policy()) as engine:
        yield engine


@pytest.fixture
def player(engine):
    """A player of the lane "speaker"."""
    player = Player()
    engine.play_lane("speaker", player.add)
    return player


def said(engine, text, voice, user=""):
    """Say it, and return the utterance once all of its sound is made."""
    utterance = engine.say(text, voice, lane="speaker", user=user)
    utterance.wait(SOON_S)
    return utterance


def heard(player, seconds, size=1920):
    """What a device hears that asks for `size` bytes at a time: float [n], one channel."""
    pcm = b"".join(player.take(size) for _ in range(round(seconds * PCM_RATE_HZ * 4 / size)))
    left, right = np.frombuffer(pcm, "<i2").reshape(-1, 2).T / 32767
    assert np.array_equal(left, right)
    return left


def loud_s(samples):
    """How long it sounds, gaps included."""
    loud = np.flatnonzero(np.abs(samples) > 0.05)
    return (loud[-1] - loud[0]) / PCM_RATE_HZ if len(loud) else 0.0


def pitches_hz(samples, part_s=0.3):
    """The pitch in the middle of each part of `part_s`."""
    part = round(part_s * PCM_RATE_HZ)
    middles = [
        samples[start + part // 4 : start + 3 * part // 4]
        for start in range(0, len(samples) - part + 1, part)
    ]
    hz_per_bin = PCM_RATE_HZ / (part // 2)
    return [round(float(np.argmax(np.abs(np.fft.rfft(each))) * hz_per_bin)) for each in middles]


def test_a_line_is_played_whole(engine, player):
    said(engine, "A line of thirty letters, good", ALBA)
    sound = heard(player, 1.0)
    assert loud_s(sound) == pytest.approx(0.30, abs=0.02)
    assert pitches_hz(sound[: PCM_RATE_HZ * 3 // 10]) == [pytest.approx(220, abs=7)]
    assert np.abs(sound).max() == pytest.approx(LOUDNESS, abs=0.02)


def test_any_size_of_request_gives_the_same_sound(engine):
    sounds = []
    for size in (64, 1280, 3840, 4 * 4800):
        player = Player()
        end = engine.play_lane("speaker", player.add)
        said(engine, "The same line, whatever the device asks for.", ALBA)
        sounds.append(heard(player, 0.8, size))
        end()
    assert all(np.array_equal(sounds[0], each) for each in sounds[1:])


def test_nothing_said_is_silence(player):
    assert not np.any(heard(player, 0.2))


def test_lines_play_in_the_order_in_which_the_engine_makes_them(engine, player):
    engine.queue.pause()
    line = "x" * 29 + "."
    first = engine.say(line, ALBA, lane="speaker", user="one")
    engine.say(line, ALBA, lane="speaker", user="one")
    other = engine.say(line, BERT, lane="speaker", user="two")
    last = engine.say(line, CARA, lane="speaker", user="two")
    engine.queue.move(last.status.id, before=other.status.id)
    engine.queue.resume()
    for utterance in (first, other):
        utterance.wait(SOON_S)
    hz = pitches_hz(heard(player, 1.2))
    assert hz == pytest.approx([220, 440, 220, 330], abs=7)


def test_a_starved_line_leaves_silence_and_goes_on(tmp_path):
    go_on = tmp_path / "go on"
    with Engine(humming(hold_path=str(go_on)), policy()) as engine:
        player = Player()
        engine.play_lane("speaker", player.add)
        utterance = engine.say("Twenty letters here. Twenty letters more.", ALBA, lane="speaker")
        first = np.zeros(0)
        while not loud_s(first) > 0.15:  # it is made on another thread
            first = np.append(first, heard(player, 0.02))
        assert not np.any(heard(player, 1.0)[PCM_RATE_HZ // 10 :])
        go_on.touch()
        utterance.wait(SOON_S)
        assert loud_s(heard(player, 1.0)) == pytest.approx(0.2, abs=0.03)


def test_a_cancelled_line_is_silent_at_once_and_the_next_one_plays(engine, player):
    spoken = said(engine, "A long line " * 20, ALBA)
    said(engine, "The next one is spoken.", BERT)
    assert loud_s(heard(player, 0.1)) > 0.05
    spoken.cancel()
    after = heard(player, 0.5)
    assert not np.any(after[PCM_RATE_HZ * 5 // 1000 : PCM_RATE_HZ * 20 // 1000])
    assert pitches_hz(after[PCM_RATE_HZ // 50 :], 0.2)[0] == pytest.approx(330, abs=11)


def test_a_reading_tells_whether_it_was_cut_off(engine):
    whole, cut = (Reading(said(engine, "All of it.", ALBA)) for _ in range(2))
    while whole.frame():
        pass
    assert not whole.cancelled
    cut.frame()
    cut.utterance.cancel()
    while cut.frame():
        pass
    assert cut.cancelled


def test_a_cancel_fades_so_that_it_does_not_click(engine, player):
    spoken = said(engine, "A long line " * 20, ALBA)
    before = heard(player, 0.1)
    spoken.cancel()
    joint = np.concatenate([before[-100:], heard(player, 0.1)])
    steepest = 2 * np.pi * 220 / PCM_RATE_HZ * LOUDNESS
    assert np.abs(np.diff(joint)).max() < 1.5 * steepest


def test_skip_silences_the_line_that_is_heard(engine, player):
    said(engine, "A long line " * 20, ALBA)
    heard(player, 0.1)
    assert engine.queue.skip(lane="speaker") == 1
    heard(player, 0.02)
    assert not np.any(heard(player, 0.5))


def test_lines_that_fail_or_are_withdrawn_are_passed_over():
    with Engine(humming(fail_on="bad"), policy()) as engine:
        player = Player()
        engine.play_lane("speaker", player.add)
        assert said(engine, "A bad line.", ALBA).status.state is State.FAILED
        engine.queue.pause()
        engine.say("Withdrawn.", ALBA, lane="speaker").cancel()
        engine.queue.resume()
        said(engine, "A good line that is spoken.", BERT)
        assert pitches_hz(heard(player, 0.2), 0.2) == [pytest.approx(330, abs=11)]


def test_a_line_that_never_sounds_is_not_kept(engine, player):
    def withdrawn():
        utterance = engine.say("Withdrawn.", ALBA, lane="speaker")
        utterance.cancel()
        return weakref.ref(utterance)

    engine.queue.pause()
    first = withdrawn()
    for _ in range(KEPT):
        withdrawn()
    heard(player, 0.1)
    assert first() is None


def test_close_cancels_what_was_not_played(engine, player):
    utterances = [said(engine, "A long line " * 20, ALBA) for _ in range(3)]
    heard(player, 0.1)
    engine.queue.pause()
    waiting = engine.say("Later.", ALBA, lane="speaker")
    player.close()
    assert not any(each.audible for each in utterances)
    assert waiting.status.state is State.CANCELLED
    assert engine.queue.listed() == ()


def test_the_volume_is_a_factor_and_clips(engine):
    for gain, peak in ((0.5, LOUDNESS / 2), (4.0, 1.0)):
        player = Player(gain=gain)
        end = engine.play_lane("speaker", player.add)
        said(engine, "A line of some length.", ALBA)
        assert np.abs(heard(player, 0.3)).max() == pytest.approx(peak, abs=0.02)
        end()


class Script:
    """A stream that gives what it is told."""

    def __init__(self, *steps):
        self._steps = deque(steps)

    def poll(self):
        if not self._steps:
            raise EOFError
        return self._steps.popleft()


def tone(seconds):
    return Audio(np.full(round(seconds * 1000), 0.5, np.float32), 1000)


def test_a_cushion_gives_nothing_until_there_is_enough():
    short = tone(CUSHION_S / 2)
    cushion = Cushion(Script(short, None, short, None).poll)
    assert cushion.poll() is None
    assert cushion.poll() is not None


def test_a_cushion_gives_a_stream_that_ends_early():
    cushion = Cushion(Script(tone(CUSHION_S / 5)).poll)
    piece = cushion.poll()
    assert piece is not None
    assert piece.seconds == pytest.approx(CUSHION_S / 5)
    with pytest.raises(EOFError):
        cushion.poll()


def test_a_cushion_fills_again_after_a_gap():
    short, whole = tone(CUSHION_S / 2), tone(CUSHION_S)
    cushion = Cushion(Script(whole, None, short, None, short).poll)
    assert cushion.poll() is not None
    assert cushion.poll() is None
    assert cushion.poll() is None
    assert cushion.poll() is not None


def test_a_cushion_gives_all_in_short_pieces():
    cushion = Cushion(Script(tone(1.03), None, silence(0, 1000), tone(0.2)).poll)
    pieces = []
    with contextlib.suppress(EOFError):
        while True:
            pieces.append(cushion.poll() or silence(0, 1000))
    assert joined(pieces).seconds == pytest.approx(1.23)
    assert max(piece.seconds for piece in pieces) <= PIECE_S


def test_a_player_tells_how_loud_its_lane_is_while_it_sounds(engine):
    levels = Levels(clock=lambda: 0.0)
    player = Player(gain=0.5, levels=levels)
    engine.play_lane("speaker", player.add)
    said(engine, "A line of some length.", ALBA)
    heard(player, 0.1)
    assert levels.read() == {"speaker": pytest.approx(20 * np.log10(LOUDNESS / 2), abs=0.5)}
