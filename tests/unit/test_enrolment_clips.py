"""Reading recordings, good and bad."""

import struct
import subprocess
import sys

import av
import numpy as np
import pytest
import soundfile

from rtvc_bridge.audio import Audio
from rtvc_bridge.enrolment import Clip, read_clip
from rtvc_bridge.errors import ClipRejectedError


def tone(seconds=1.0, rate_hz=16_000, hz=440.0, peak=0.5):
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (peak * np.sin(2 * np.pi * hz * at_s)).astype(np.float32)


def written(path, samples, rate_hz=16_000, **how):
    soundfile.write(path, samples, rate_hz, **how)
    return path


def encoded(path, samples, *, codec, container, rate_hz=44_100):
    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate_hz)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = rate_hz, 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            file.mux(packet)
    return path


def rms(samples):
    return float(np.sqrt(np.mean(samples**2)))


def assert_is_the_tone(clip, *, seconds=1.0):
    assert clip.audio.seconds == pytest.approx(seconds, abs=0.1)
    assert rms(clip.audio.samples) == pytest.approx(0.354, rel=0.15)
    strengths = np.abs(np.fft.rfft(clip.audio.samples))
    assert np.argmax(strengths) / clip.audio.seconds == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [
        ("wav", "PCM_U8"),
        ("wav", "PCM_16"),
        ("wav", "PCM_24"),
        ("wav", "FLOAT"),
        ("wav", "ULAW"),
        ("flac", "PCM_16"),
        ("mp3", "MPEG_LAYER_III"),
        ("ogg", "VORBIS"),
        ("ogg", "OPUS"),
        ("aiff", "PCM_16"),
    ],
)
def test_the_usual_formats_are_read(tmp_path, suffix, subtype):
    assert_is_the_tone(read_clip(written(tmp_path / f"a.{suffix}", tone(), subtype=subtype)))


@pytest.mark.parametrize(
    ("name", "codec", "container"),
    [("a.m4a", "aac", "ipod"), ("a.aac", "aac", "adts"), ("misnamed.wav", "aac", "mp4")],
)
def test_what_phones_record_is_read(tmp_path, name, codec, container):
    path = encoded(tmp_path / name, tone(rate_hz=44_100), codec=codec, container=container)
    assert_is_the_tone(read_clip(path))


def test_without_the_extra_package_a_phone_recording_says_what_to_install(tmp_path, monkeypatch):
    path = encoded(tmp_path / "a.m4a", tone(rate_hz=44_100), codec="aac", container="ipod")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ClipRejectedError, match=r"pip install 'rtvc-bridge\[m4a\]'"):
        read_clip(path)


@pytest.mark.parametrize(
    ("rate_hz", "kept_hz"), [(8_000, 8_000), (16_000, 16_000), (44_100, 24_000), (96_000, 24_000)]
)
def test_a_rate_above_24_khz_is_brought_down_and_others_are_kept(tmp_path, rate_hz, kept_hz):
    clip = read_clip(written(tmp_path / "a.wav", tone(rate_hz=rate_hz), rate_hz))
    assert (clip.audio.rate_hz, clip.source_rate_hz) == (kept_hz, rate_hz)
    assert_is_the_tone(clip)


def test_surround_sound_at_96_khz_gives_the_channel_that_speaks(tmp_path):
    channels = np.zeros((96_000, 6), np.float32)
    channels[:, 2] = tone(rate_hz=96_000)
    assert_is_the_tone(read_clip(written(tmp_path / "a.wav", channels, 96_000)))


def test_channels_that_would_cancel_each_other_are_not_mixed(tmp_path):
    channels = np.stack([tone(), -tone()], axis=1)
    assert_is_the_tone(read_clip(written(tmp_path / "a.wav", channels)))


def test_channels_that_agree_are_mixed(tmp_path):
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, (16_000, 2)).astype(np.float32)
    clip = read_clip(written(tmp_path / "a.wav", tone()[:, None] + noise, subtype="FLOAT"))
    assert rms(clip.audio.samples - tone()) == pytest.approx(0.1 / np.sqrt(2), rel=0.05)


def test_a_constant_offset_from_the_microphone_is_taken_off(tmp_path):
    assert_is_the_tone(read_clip(written(tmp_path / "a.wav", tone() - np.float32(0.3))))


def test_a_channel_that_is_only_an_offset_is_not_the_loudest(tmp_path):
    channels = np.stack([np.full(16_000, 0.9, np.float32), tone()], axis=1)
    assert_is_the_tone(read_clip(written(tmp_path / "a.wav", channels)))


def test_floats_above_full_scale_are_scaled_not_clipped(tmp_path):
    clip = read_clip(written(tmp_path / "a.wav", tone(peak=20_000.0), subtype="FLOAT"))
    assert rms(clip.audio.samples) == pytest.approx(0.707, rel=0.01)
    assert np.abs(clip.audio.samples).max() <= 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_refused(tmp_path, bad):
    samples = tone()
    samples[5_000] = bad
    path = written(tmp_path / "a.wav", samples, subtype="FLOAT")
    with pytest.raises(ClipRejectedError, match="not numbers"):
        read_clip(path)
    with pytest.raises(ClipRejectedError, match="not numbers"):
        Clip.of(Audio(samples, 16_000))


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.wav", b"", "is empty"),
        ("a.wav", b"To be, or not to be, that is the question.", "not a sound file"),
        ("a.raw", b"no header, no rate, nothing to go by", "not a sound file"),
        ("a.mp3", b"\x00" * 5_000, "not a sound file"),
        ("a.m4a", b"\x00\x00\x00\x20ftypM4A " + bytes(3_000), "not a sound file"),
        ("a.aac", b"\xff\xf1" + bytes(3_000), "no sound"),
        ("a.m4a", b"#EXTM3U\n#EXTINF:1,\nother.wav\n", "not a sound file"),
    ],
)
def test_what_is_no_sound_is_refused(tmp_path, name, content, why):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ClipRejectedError, match=why):
        read_clip(tmp_path / name)


@pytest.mark.parametrize("name", ["missing.wav", "."])
def test_a_path_that_is_no_file_is_refused(tmp_path, name):
    with pytest.raises(ClipRejectedError, match="Cannot read"):
        read_clip(tmp_path / name)


def test_a_file_without_samples_is_refused(tmp_path):
    path = written(tmp_path / "a.wav", np.zeros(0, np.float32))
    with pytest.raises(ClipRejectedError, match="holds no sound"):
        read_clip(path)


def test_sound_without_samples_is_refused():
    with pytest.raises(ClipRejectedError, match="holds no sound"):
        Clip.of(Audio(np.zeros(0, np.float32), 16_000))


def test_a_recording_cut_short_by_a_crash_is_read_as_far_as_it_goes(tmp_path):
    path = written(tmp_path / "a.wav", tone(2.0))
    path.write_bytes(path.read_bytes()[:32_044])
    assert_is_the_tone(read_clip(path))


@pytest.mark.parametrize("rate_hz", [1, 100, 2_000_000])
def test_a_rate_that_no_recorder_has_is_refused(tmp_path, rate_hz):
    path = written(tmp_path / "a.wav", tone(), rate_hz)
    with pytest.raises(ClipRejectedError, match="samples per second"):
        read_clip(path)


@pytest.mark.parametrize(("boost", "least", "most"), [(1.0, 0, 0.1), (4.0, 0.5, 1)])
def test_flattened_peaks_are_counted(boost, least, most):
    clip = Clip.of(Audio(np.clip(boost * tone(), -0.5, 0.5), 16_000))
    assert least < clip.near_peak < most


_LONG = """
import resource, sys
from pathlib import Path
from rtvc_bridge.enrolment import read_clip
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
clip = read_clip(Path(sys.argv[1]))
assert (clip.audio.seconds, clip.source_seconds) == (600.0, 7200.0), clip
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_a_recording_of_two_hours_takes_the_memory_of_ten_minutes(tmp_path):
    data_bytes = 2 * 3600 * 16_000 * 2
    head = struct.pack("<4sI4s4sI", b"RIFF", 36 + data_bytes, b"WAVE", b"fmt ", 16)
    head += struct.pack("<HHIIHH4sI", 1, 1, 16_000, 32_000, 2, 16, b"data", data_bytes)
    with (tmp_path / "long.wav").open("wb") as sparse:
        sparse.write(head)
        sparse.truncate(len(head) + data_bytes)
    code = [sys.executable, "-c", _LONG, str(tmp_path / "long.wav")]
    run = subprocess.run(code, capture_output=True, check=True)
    assert int(run.stdout) < 150  # MB; as floats ten minutes are 38 and two hours 461
