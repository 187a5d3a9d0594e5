import numpy as np
import pytest

from rtvc_bridge.audio import (
    FRAME_BYTES,
    SILENCE,
    Audio,
    FrameReader,
    Resampler,
    joined,
    resampled,
    silence,
    to_pcm16,
)


def tone(seconds, rate_hz, pitch_hz=300.0):
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return Audio((0.5 * np.sin(2 * np.pi * pitch_hz * at_s)).astype(np.float32), rate_hz)


def cut(audio, *sizes):
    """The same sound in pieces of those sizes, the last as long as it takes."""
    edges = np.cumsum(sizes)
    return [Audio(piece, audio.rate_hz) for piece in np.split(audio.samples, edges)]


def script(*steps):
    left = list(steps)

    def poll():
        step = left.pop(0)
        if step is EOFError:
            raise EOFError
        return step

    return poll


def whole(reader):
    frames = []
    while frame := reader.read():
        frames.append(frame)
    return frames


@pytest.mark.parametrize(
    "samples",
    [np.zeros(3), np.zeros((3, 1), np.float32), np.zeros(3, np.int16)],
    ids=["float64", "two dimensions", "int16"],
)
def test_sound_of_another_type_or_shape_is_refused(samples):
    with pytest.raises(TypeError, match=r"want float32 \[n\]"):
        Audio(samples, 16_000)


@pytest.mark.parametrize("rate_hz", [0, -1])
def test_a_rate_that_is_no_rate_is_refused(rate_hz):
    with pytest.raises(ValueError, match="above 0 Hz"):
        Audio(np.zeros(3, np.float32), rate_hz)


def test_a_length_is_told_in_seconds():
    assert silence(1.5, 24_000).seconds == 1.5


def test_pieces_join_end_to_end():
    sound = tone(0.1, 16_000)
    np.testing.assert_array_equal(joined(cut(sound, 100, 7)).samples, sound.samples)


def test_pieces_of_different_rates_do_not_join():
    with pytest.raises(ValueError, match=r"\[16000, 24000\]"):
        joined([silence(1, 16_000), silence(1, 24_000)])


def test_nothing_does_not_join():
    with pytest.raises(ValueError, match="one rate"):
        joined([])


def test_a_rate_that_is_already_right_costs_nothing():
    sound = tone(0.1, 24_000)
    assert sound.at(24_000) is sound


def test_a_stream_resamples_to_the_same_sound_however_it_is_cut():
    sound = tone(0.5, 24_000)
    uncut = joined(resampled([sound], 48_000))
    pieces = joined(resampled(cut(sound, 1, 479, 2400, 0, 5000), 48_000))
    np.testing.assert_allclose(pieces.samples, uncut.samples, atol=1e-6)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_a_resampled_stream_keeps_its_length(rate_hz):
    out = joined(resampled(cut(tone(0.5, 24_000), 700, 700), rate_hz))
    assert abs(len(out.samples) - rate_hz // 2) <= 1


def test_there_is_no_click_where_pieces_meet():
    out = joined(resampled(cut(tone(0.5, 24_000), 3000, 3000, 3000), 48_000)).samples
    steepest = 0.5 * 2 * np.pi * 300 / 48_000  # of a pure 300 Hz tone at this rate
    inner = out[1000:-1000]  # the tone's own start and end are edges
    assert np.abs(np.diff(inner)).max() < 1.05 * steepest


def test_joining_pieces_that_were_resampled_apart_does_click():
    pieces = cut(tone(0.5, 24_000, pitch_hz=310.0), 3010, 3010, 3010)
    out = np.concatenate([piece.at(48_000).samples for piece in pieces])
    steepest = 0.5 * 2 * np.pi * 310 / 48_000
    assert np.abs(np.diff(out[1000:-1000])).max() > 1.05 * steepest  # so the test above can fail


def test_a_stream_may_not_change_its_rate_midway():
    resampler = Resampler(48_000)
    resampler.feed(silence(0.1, 24_000))
    with pytest.raises(ValueError, match="24000 Hz and is now 16000 Hz"):
        resampler.feed(silence(0.1, 16_000))


def test_after_its_end_a_resampler_takes_a_new_stream():
    resampler = Resampler(48_000)
    first = joined([resampler.feed(tone(0.1, 24_000)), resampler.end()])
    again = joined([resampler.feed(tone(0.1, 24_000)), resampler.end()])
    np.testing.assert_array_equal(first.samples, again.samples)
    resampler.feed(silence(0.1, 16_000))


def test_a_resampler_that_was_fed_nothing_ends_with_nothing():
    assert Resampler(48_000).end().seconds == 0


def test_samples_beyond_full_scale_are_clipped_not_wrapped():
    loud = Audio(np.array([2.0, -2.0, 0.5], np.float32), 48_000)
    assert np.frombuffer(to_pcm16(loud), "<i2").tolist() == [32767, -32767, 16384]


def test_every_channel_gets_the_same_sound():
    pcm = np.frombuffer(to_pcm16(tone(0.01, 48_000), channels=2), "<i2").reshape(-1, 2)
    np.testing.assert_array_equal(pcm[:, 0], pcm[:, 1])


def test_a_starved_reader_plays_silence_then_carries_on():
    reader = FrameReader(script(None, tone(0.03, 48_000), None, EOFError))

    frames = [reader.read() for _ in range(5)]

    assert frames[0] == SILENCE
    assert frames[1] != SILENCE
    assert frames[2] == SILENCE
    assert {len(frame) for frame in frames[:4]} == {FRAME_BYTES}
    assert frames[3] != SILENCE
    assert frames[4] == b""


def test_frames_hold_the_whole_sound_and_only_the_last_is_padded():
    sound = tone(0.05, 48_000)
    frames = whole(FrameReader(script(*cut(sound, 100, 1000), EOFError)))
    pcm = to_pcm16(sound, channels=2)
    assert b"".join(frames)[: len(pcm)] == pcm
    assert b"".join(frames)[len(pcm) :] == bytes(3 * FRAME_BYTES - len(pcm))


def test_frames_of_a_cut_stream_equal_those_of_the_uncut_one():
    sound = tone(0.5, 24_000)
    uncut = np.frombuffer(b"".join(whole(FrameReader(script(sound, EOFError)))), "<i2")
    pieces = np.frombuffer(
        b"".join(whole(FrameReader(script(*cut(sound, 999, 3001), EOFError)))), "<i2"
    )
    assert np.abs(uncut.astype(int) - pieces).max() <= 1


def test_a_stream_that_ends_at_once_has_no_frames():
    assert FrameReader(script(EOFError)).read() == b""
