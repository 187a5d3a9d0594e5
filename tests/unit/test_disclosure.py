import io
import struct
from datetime import date

import numpy as np
import pytest
import soundfile

from rtvc_bridge.audio import Audio, to_pcm16, wav_header
from rtvc_bridge.cli.output import FORMATS, FileSink
from rtvc_bridge.config import DisclosureSettings
from rtvc_bridge.safety import tags
from rtvc_bridge.safety.disclosure import Label, SpokenTag, Told, tagged

pytestmark = pytest.mark.trust

LABEL = Label("Zoë 声", date(2026, 3, 4))
COMMENT = "Synthetic speech in the cloned voice Zoë 声, made by rtvc-bridge"
TAG = "Synthetic voice."


def sound(seconds=0.5):
    at_s = np.arange(round(seconds * 24_000)) / 24_000
    return Audio((0.3 * np.sin(2 * np.pi * 220 * at_s)).astype(np.float32), 24_000)


def written(path):
    sink = FileSink(path, LABEL)
    sink.write(sound())
    sink.finish()
    return path


def frames(data):
    """The frames of an ID3v2.4 tag at the start of `data`, and how long the tag is."""

    def size(four):
        return sum(byte << shift for byte, shift in zip(four, (21, 14, 7, 0), strict=True))

    assert data[:6] == b"ID3\x04\x00\x00"
    end, at, found = 10 + size(data[6:10]), 10, {}
    while at < end:
        length = size(data[at + 4 : at + 8])
        found[data[at : at + 4].decode()] = data[at + 10 : at + 10 + length]
        at += 10 + length
    return found, end


@pytest.mark.parametrize("ending", [each for each in FORMATS if each != ".mp3"])
def test_a_file_says_that_it_is_synthetic_and_in_whose_voice(tmp_path, ending):
    with soundfile.SoundFile(written(tmp_path / f"said{ending}")) as file:
        said = file.copy_metadata()
        assert file.frames == pytest.approx(12_000, abs=10)
    assert said["comment"] == COMMENT
    assert said["title"] == "Synthetic speech"
    assert said["artist"] == "Zoë 声 (synthetic voice)"
    assert said["date"] == "2026-03-04"
    assert said["software"].startswith("rtvc-bridge")


def test_an_mp3_file_says_so_in_one_tag_and_still_plays(tmp_path):
    data = written(tmp_path / "said.mp3").read_bytes()
    found, end = frames(data)
    assert found["COMM"] == b"\x03eng\0" + COMMENT.encode()
    assert found["TIT2"] == b"\x03Synthetic speech"
    assert found["TPE1"] == "\x03Zoë 声 (synthetic voice)".encode()
    assert found["TSSE"] == b"\x03rtvc-bridge"
    assert found["TDRC"] == b"\x032026-03-04"
    assert data[end] == 0xFF
    assert data.count(b"ID3") == 1
    samples, rate_hz = soundfile.read(tmp_path / "said.mp3")
    assert len(samples) / rate_hz == pytest.approx(0.5, abs=0.1)


def test_a_wav_streams_header_names_the_voice_before_the_sound():
    stream = tags.labelled_wav_header(wav_header(24_000), LABEL) + to_pcm16(sound())
    with soundfile.SoundFile(io.BytesIO(stream)) as file:
        assert file.copy_metadata()["comment"] == COMMENT
        assert file.copy_metadata()["artist"] == "Zoë 声 (synthetic voice)"
        assert np.abs(file.read() - sound().samples).max() < 1e-3


@pytest.mark.parametrize("name", ["A", "Al"])
def test_chunks_of_a_wav_header_begin_at_even_places(name):
    header = tags.labelled_wav_header(wav_header(24_000), Label(name, date(2026, 3, 4)))
    assert len(header) % 2 == 0
    place = header.index(b"LIST")
    (size,) = struct.unpack("<I", header[place + 4 : place + 8])
    assert header[place + 8 + size : place + 12 + size] == b"data"


def test_a_voice_without_a_name_is_called_none():
    label = Label("", date(2026, 3, 4))
    assert label.comment == "Synthetic speech in a cloned voice, made by rtvc-bridge"
    assert label.artist == "Synthetic voice"


def test_the_tag_comes_before_a_first_line():
    said = tagged("Hello!", TAG, last=None, voice_id="a", now=5.0, again_s=60.0)
    assert said == ("Synthetic voice. Hello!", Told("a", 5.0))


def test_the_tag_is_not_said_twice_in_a_row():
    last = Told("a", 5.0)
    assert tagged("Hi.", TAG, last=last, voice_id="a", now=64.9, again_s=60.0) == ("Hi.", last)


@pytest.mark.parametrize(("voice_id", "now"), [("b", 6.0), ("a", 65.0)])
def test_the_tag_is_said_again_for_another_voice_and_after_a_while(voice_id, now):
    text, told = tagged("Hi.", TAG, last=Told("a", 5.0), voice_id=voice_id, now=now, again_s=60.0)
    assert (text, told) == ("Synthetic voice. Hi.", Told(voice_id, now))


@pytest.mark.parametrize("tag", ["", "  "])
def test_without_a_tag_a_line_stays_as_it_is(tag):
    assert tagged("Hi.", tag, last=None, voice_id="a", now=0.0, again_s=60.0) == ("Hi.", None)


def test_a_tag_is_a_sentence_of_its_own():
    assert tagged("Hi.", "Synthetic", last=None, voice_id="a", now=0.0, again_s=9.0)[0] == (
        "Synthetic. Hi."
    )


def test_each_lane_is_told_for_itself():
    tag = SpokenTag(TAG, again_s=60.0)

    def said(lane, voice_id, now):
        return tag.before("Hi.", lane=lane, voice_id=voice_id, now=now) != "Hi."

    assert [said("mic", "a", 0.0), said("mic", "a", 1.0)] == [True, False]
    assert [said("obs", "a", 2.0), said("mic", "a", 3.0)] == [True, False]
    assert [said("mic", "b", 4.0), said("mic", "a", 5.0)] == [True, True]


def test_a_tag_that_was_cut_off_is_said_again():
    tag = SpokenTag(TAG, again_s=60.0)
    tag.before("Hi.", lane="mic", voice_id="a", now=0.0)
    tag.unsaid("mic")
    assert tag.before("Hi.", lane="mic", voice_id="a", now=1.0) == "Synthetic voice. Hi."


def test_no_tag_is_said_unless_the_settings_name_one():
    settings = DisclosureSettings()
    tag = SpokenTag(settings.spoken_tag, again_s=settings.again_min * 60)
    assert tag.before("Hi.", lane="mic", voice_id="a", now=0.0) == "Hi."
