"""A recording as a Clip: mono, at most 24 kHz, at most ten minutes of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.audio import Audio, Resampler, joined
from rtvc_bridge.enrolment import decode
from rtvc_bridge.enrolment.decode import Blocks
from rtvc_bridge.errors import ClipRejectedError

MAX_RATE_HZ = 24_000
MAX_SECONDS = 600.0
_CANCELLED = 0.4  # equal channels mix to 1.0 of one's energy, unlike ones to 0.5
_NEAR_PEAK = 0.99
_LEAST_PEAK = 0.05  # quieter sound has few levels in 8 bit, many of them at its peak


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording, and what mixing and resampling would hide about it.

    Attributes:
        audio: Mono, at most MAX_RATE_HZ.
        source_rate_hz: The file's own rate.
        source_seconds: The file's own length; `audio` is shorter when it passes MAX_SECONDS.
        near_peak: Share 0..1 of samples within 1 % of the loudest; clipping flattens peaks.
    """

    audio: Audio
    source_rate_hz: int
    source_seconds: float
    near_peak: float

    @classmethod
    def of(cls, audio: Audio) -> "Clip":
        """Return sound that is already mono as a clip, cut and resampled like a file's.

        Raises:
            ClipRejectedError: If it is empty or holds NaN or infinity.
        """
        block = audio.samples[: int(MAX_SECONDS * audio.rate_hz), None]
        survey = _Survey.of(iter([(block, audio.rate_hz)]), "The recording")
        return _clip(iter([(block, audio.rate_hz)]), survey, audio.seconds)


@dataclass(frozen=True, slots=True)
class _Survey:
    """What a first pass learns.

    Attributes:
        rate_hz: The file's own rate.
        peaks: Per channel, the largest magnitude.
        offsets: Per channel, the mean: what a faulty microphone input adds to every sample.
        energies: Per channel, the sum of squares without the offset.
        mixed_energy: That of the channels' mean.
    """

    rate_hz: int
    peaks: NDArray[np.float64]
    offsets: NDArray[np.float64]
    energies: NDArray[np.float64]
    mixed_energy: float

    @classmethod
    def of(cls, blocks: Blocks, label: str) -> "_Survey":
        rate_hz = total = 0
        peaks = sums = squares = np.zeros(1)
        mixed_squares = 0.0
        for block, block_rate_hz in blocks:
            if not np.isfinite(block).all():
                msg = (
                    f"{label} holds values that are not numbers (NaN or infinity). Export it again."
                )
                raise ClipRejectedError(msg)
            rate_hz = block_rate_hz
            total += len(block)
            wide = block.astype(np.float64)
            peaks = np.maximum(peaks, np.abs(wide).max(axis=0, initial=0))
            sums = sums + wide.sum(axis=0)
            squares = squares + (wide**2).sum(axis=0)
            mixed_squares += float((wide.mean(axis=1) ** 2).sum())
        if not total:
            msg = f"{label} holds no sound."
            raise ClipRejectedError(msg)
        offsets = sums / total
        energies = squares - total * offsets**2
        return cls(
            rate_hz, peaks, offsets, energies, mixed_squares - total * float(offsets.mean()) ** 2
        )


def read_clip(path: Path) -> Clip:
    """Return the recording at `path`, mono.

    Read are WAV, FLAC, MP3, Ogg (Vorbis, Opus) and the rest of libsndfile's list, and with the
    extra "m4a" M4A, AAC, MP4 and WebM. Channels are averaged, unless they cancel each other or
    all but a few are silent: then the loudest is taken. Two passes in blocks of at most a
    second, so memory is bounded by MAX_SECONDS at MAX_RATE_HZ.

    Raises:
        ClipRejectedError: If the file cannot be read as sound; the message says what to do.
    """
    source = decode.opened(path)
    survey = _Survey.of(source.blocks(MAX_SECONDS), path.name)
    return _clip(source.blocks(MAX_SECONDS), survey, source.seconds)


def _clip(blocks: Blocks, survey: _Survey, source_seconds: float) -> Clip:
    loudest = int(survey.energies.argmax())
    mixable = survey.mixed_energy >= _CANCELLED * survey.energies[loudest]
    offset = float(survey.offsets.mean() if mixable else survey.offsets[loudest])
    # Floats above full scale are not clipped.
    scale = 1 / max(1.0, float(survey.peaks.max()) + abs(offset))
    resampler = Resampler(min(survey.rate_hz, MAX_RATE_HZ))
    parts, near, total = [], np.zeros(len(survey.peaks)), 0
    for block, _ in blocks:
        near = near + (np.abs(block) >= _NEAR_PEAK * np.maximum(survey.peaks, _LEAST_PEAK)).sum(
            axis=0
        )
        total += len(block)
        mono = block.mean(axis=1) if mixable else block[:, loudest]
        parts.append(
            resampler.feed(Audio(((mono - offset) * scale).astype(np.float32), survey.rate_hz))
        )
    audio = joined([*parts, resampler.end()])
    return Clip(
        audio=audio,
        source_rate_hz=survey.rate_hz,
        source_seconds=max(audio.seconds, source_seconds),
        near_peak=float(near[loudest]) / total if total else 0.0,
    )
