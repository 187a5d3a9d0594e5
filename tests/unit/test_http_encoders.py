import io
from datetime import date

import av
import numpy as np
import pytest
import soundfile

from rtvc_bridge.audio import Audio, silence, to_pcm16
from rtvc_bridge.http import encoders
from rtvc_bridge.http.encoders import RATE_HZ, Format
from rtvc_bridge.safety.disclosure import Label

pytestmark = pytest.mark.http

LOSSLESS = [Format.WAV, Format.PCM, Format.FLAC]
LABEL = Label("Zoë Ωμέγα", date(2026, 3, 4))


def encoder(kind):
    return encoders.encoder(kind, LABEL)


def tone(seconds=2.0, rate_hz=RATE_HZ, pitch_hz=440.0):
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return Audio((0.5 * np.sin(2 * np.pi * pitch_hz * at_s)).astype(np.float32), rate_hz)


def pieces_of(audio, count):
    return [Audio(part, audio.rate_hz) for part in np.array_split(audio.samples, count)]


def encoded(kind, pieces):
    chosen = encoder(kind)
    chunks = [chosen.feed(piece) for piece in pieces]
    return [*chunks, chosen.finish()]


def decoded(kind, data):
    if kind is Format.PCM:
        return np.frombuffer(data, "<i2") / 32768
    if kind is Format.FLAC:  # libsndfile does not read FLAC whose length is unknown; FFmpeg does
        with av.open(io.BytesIO(data), "r") as container:
            frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        return np.concatenate(frames) / 32768
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert (file.samplerate, file.channels) == (RATE_HZ, 1)
        blocks = []
        while len(block := file.read(4096)):
            blocks.append(block)
    return np.concatenate(blocks)


@pytest.mark.parametrize("kind", Format)
@pytest.mark.parametrize("count", [1, 7])
def test_what_is_streamed_decodes_to_what_was_fed(kind, count):
    sound = tone()
    heard = decoded(kind, b"".join(encoded(kind, pieces_of(sound, count))))
    room = 0 if kind in LOSSLESS else 0.1 * RATE_HZ  # mp3 adds up to two frames of silence
    assert abs(len(heard) - len(sound.samples)) <= room
    middle = heard[RATE_HZ // 2 : RATE_HZ]
    strengths = np.abs(np.fft.rfft(middle))
    assert np.fft.rfftfreq(len(middle), 1 / RATE_HZ)[strengths.argmax()] == 440.0
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_formats_keep_every_sample(kind):
    sound = tone()
    heard = decoded(kind, b"".join(encoded(kind, pieces_of(sound, 5))))
    assert np.abs(heard - sound.samples).max() < 1e-4


@pytest.mark.parametrize("kind", Format)
def test_sound_of_another_rate_is_brought_to_24_khz(kind):
    heard = decoded(kind, b"".join(encoded(kind, pieces_of(tone(rate_hz=16_000), 5))))
    assert len(heard) == pytest.approx(2 * RATE_HZ, abs=0.1 * RATE_HZ)


@pytest.mark.parametrize("kind", Format)
def test_most_of_it_is_sent_before_the_end(kind):
    chunks = encoded(kind, pieces_of(tone(6.0), 6))
    assert sum(map(len, chunks[:-1])) > 0.7 * sum(map(len, chunks))


@pytest.mark.parametrize("kind", [Format.WAV, Format.PCM])
def test_plain_formats_send_the_first_piece_at_once(kind):
    assert len(encoder(kind).feed(tone(0.1))) >= 0.1 * RATE_HZ * 2


@pytest.mark.parametrize("kind", Format)
def test_nothing_at_all_and_very_short_sound_end_well(kind):
    encoded(kind, [])
    short = encoded(kind, [silence(0, RATE_HZ), tone(0.01), silence(0, RATE_HZ)])
    assert b"".join(short)


@pytest.mark.parametrize("kind", Format)
def test_giving_up_midway_and_twice_is_fine(kind):
    chosen = encoder(kind)
    chosen.feed(tone(0.5))
    chosen.close()
    chosen.close()


@pytest.mark.parametrize("kind", [each for each in Format if each is not Format.PCM])
def test_every_container_says_that_the_sound_is_synthetic_and_in_whose_voice(kind):
    data = b"".join(encoded(kind, pieces_of(tone(), 3)))
    with av.open(io.BytesIO(data), "r") as container:
        written = {**container.metadata, **container.streams.audio[0].metadata}
    said = {name.lower(): words for name, words in written.items()}
    assert said["comment"] == "Synthetic speech in the cloned voice Zoë Ωμέγα, made by rtvc-bridge"
    assert said["title"] == "Synthetic speech"
    assert said["artist"] == "Zoë Ωμέγα (synthetic voice)"
    assert said["date"] == "2026-03-04"
    assert "rtvc-bridge" in said.get("encoder", said.get("software", ""))


def test_plain_samples_carry_nothing_else():
    sound = tone(0.1)
    assert b"".join(encoded(Format.PCM, [sound])) == to_pcm16(sound)
