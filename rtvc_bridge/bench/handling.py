"""What happens to sound on its way: codecs, rates, noise, cuts; for the watermark's figures."""

import io
from collections.abc import Callable
from functools import partial
from typing import Literal, TypeAlias

import av
import numpy as np

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.stages.line import PASSED_HZ

Handling: TypeAlias = Callable[[Audio], Audio]

CUTS_S = (1.0, 2.0, 5.0)
NOISE_DB = 6.0
_CODEC_HZ = 48_000
_SEED = 7


def coded(
    audio: Audio, codec: Literal["libopus", "libmp3lame"], container: str, kbit_s: int
) -> Audio:
    """Return the sound after encoding to that constant bit rate, mono at 48 kHz, and decoding."""
    file = io.BytesIO()
    frame = av.AudioFrame.from_ndarray(
        audio.at(_CODEC_HZ).samples[None], format="fltp", layout="mono"
    )
    frame.sample_rate = _CODEC_HZ
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=_CODEC_HZ, layout="mono")
        stream.bit_rate = kbit_s * 1000
        stream.codec_context.open()
        fitting = av.AudioResampler(stream.format, "mono", _CODEC_HZ, stream.frame_size)
        for piece in [*fitting.resample(frame), *fitting.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    file.seek(0)
    return _decoded(file)


def noisy(audio: Audio, snr_db: float) -> Audio:
    """Return the sound under white noise `snr_db` below it."""
    noise = np.random.default_rng(_SEED).standard_normal(len(audio.samples))
    level = float(np.sqrt(np.mean(np.square(audio.samples)))) * 10 ** (-snr_db / 20)
    return Audio((audio.samples + level * noise).astype(np.float32), audio.rate_hz)


def telephone(audio: Audio) -> Audio:
    """Return what a telephone line lets through."""
    spectrum = np.fft.rfft(audio.samples)
    hz = np.linspace(0, audio.rate_hz / 2, len(spectrum))
    kept = np.fft.irfft(spectrum * ((hz > PASSED_HZ[0]) & (hz < PASSED_HZ[1])), len(audio.samples))
    return Audio(kept.astype(np.float32), audio.rate_hz)


def cut(audio: Audio, seconds: float) -> Audio:
    """Return the middle `seconds` of the sound, or all of it if it is shorter."""
    length = round(seconds * audio.rate_hz)
    start = max(0, (len(audio.samples) - length) // 2)
    return Audio(audio.samples[start : start + length], audio.rate_hz)


def unchanged(audio: Audio) -> Audio:
    """Return the sound."""
    return audio


HANDLINGS: dict[str, Handling] = {
    "unchanged": unchanged,
    "opus_24": partial(coded, codec="libopus", container="ogg", kbit_s=24),
    "opus_48": partial(coded, codec="libopus", container="ogg", kbit_s=48),
    "opus_64": partial(coded, codec="libopus", container="ogg", kbit_s=64),
    "mp3_64": partial(coded, codec="libmp3lame", container="mp3", kbit_s=64),
    "16_khz": partial(Audio.at, rate_hz=16_000),
    "44.1_khz": partial(Audio.at, rate_hz=44_100),
    "48_khz": partial(Audio.at, rate_hz=48_000),
    "noise_6_db": partial(noisy, snr_db=NOISE_DB),
    **{f"cut_{seconds:g}_s": partial(cut, seconds=seconds) for seconds in CUTS_S},
}
"""By name, what the watermark ought to survive."""


def _decoded(file: io.BytesIO) -> Audio:
    planar = av.AudioResampler(format="fltp", layout="mono", rate=_CODEC_HZ)
    with av.open(file, "r") as container:
        return joined(
            Audio(np.asarray(frame.to_ndarray()[0], np.float32), frame.sample_rate)
            for decoded in container.decode(audio=0)
            for frame in planar.resample(decoded)
        )
