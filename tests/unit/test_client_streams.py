"""Sound and events cut out of a stream of bytes, wherever the network cut it."""

import numpy as np
import pytest

from rtvc_bridge.audio import Audio, joined, to_pcm16
from rtvc_bridge.client.sound import pcm_audio
from rtvc_bridge.client.streams import sse_events

TONE = Audio(np.sin(np.arange(480) / 10).astype(np.float32), 24_000)


def cut(content, size):
    return [content[start : start + size] for start in range(0, len(content), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 960])
def test_pcm_becomes_the_same_sound_wherever_it_is_cut(size):
    heard = joined(pcm_audio(cut(to_pcm16(TONE), size)))
    assert heard.rate_hz == 24_000
    np.testing.assert_allclose(heard.samples, TONE.samples, atol=1 / 32767)


def test_no_bytes_are_no_sound():
    assert list(pcm_audio([])) == []
    assert list(pcm_audio([b"", b"\0"])) == []


STREAM = (
    b'event: hello\ndata: {"pid": 1}\n\n'
    b": still here\n\n"
    b'event: status\r\ndata: {"text":\r\ndata:  "two lines"}\r\n\r\n'
    b"data: []\n\n"
)


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_events_come_with_name_and_data_and_comments_do_not(size):
    assert list(sse_events(cut(STREAM, size))) == [
        ("hello", {"pid": 1}),
        ("status", {"text": "two lines"}),
        ("message", []),
    ]


def test_line_breaks_of_unicode_within_a_text_do_not_end_an_event():
    text = "one\u2028two\u0085three"
    data = f'event: status\ndata: {{"text": "{text}"}}\n\n'.encode()
    assert list(sse_events(cut(data, 3))) == [("status", {"text": text})]


def test_an_event_that_was_cut_off_is_not_given():
    assert list(sse_events([b"event: status\ndata: {}\n"])) == []
