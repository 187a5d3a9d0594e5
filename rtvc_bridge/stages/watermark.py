"""The mark that tells synthetic sound from recordings: written into a stream, read from a clip.

The Perth implicit watermark (stages/perth.py). The package brings every sound to 32 kHz and
back. Here the window and the step last as long at any rate, so that the lowest bands are the
same frequencies, and sound is marked and read at its own rate: above 2 kHz it stays as it was.
"""

import copy
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rtvc_bridge.audio import Audio, joined, silence
from rtvc_bridge.errors import ClipRejectedError, ModelError
from rtvc_bridge.safety.verdict import THRESHOLD, Verdict
from rtvc_bridge.stages import perth
from rtvc_bridge.stages.assemble import WATERMARK
from rtvc_bridge.stages.perth import Perth, Reader, Writer
from rtvc_bridge.stages.weights import Library

LEAST_RATE_HZ = 8_000
LEAST_PIECE_S = 0.1
"""Shorter pieces are kept until they are this long together: below 0.04 s the mark fades."""
FADE_S = 0.01
"""Over which the mark comes and goes where pieces meet, so that nothing clicks."""
CONTEXT_S = perth.REACH_FRAMES * perth.HOP_S + perth.WINDOW_S / 2
"""Of the sound before a piece that its mark depends on."""
LEAST_READ_S = 2 * perth.HOP_S
READ_S = 5.0
STEP_S = 2.5
LOUD_DB = 25.0
"""Frames are read if they are no further below the loudest; pauses tell nothing."""

_TEST_S = 1.0
_TEST_HZ = 24_000
_LEAST_TEST_SCORE = 0.9


class Marker:
    """Puts the mark into streams.

    Args:
        writer: With its weights.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def marked(self, pieces: Iterable[Audio]) -> Iterator[Audio]:
        """Yield the stream with the mark in it, each piece as soon as it comes.

        Pieces shorter than LEAST_PIECE_S wait for the next ones. What lies ahead is unknown,
        so a piece is marked with its past alone.

        Raises:
            ModelError: If a piece cannot be marked; it is not yielded then.
            ValueError: If the rate changes midway.
        """
        waiting: list[Audio] = []
        past: Audio | None = None
        for piece in pieces:
            waiting.append(piece)
            if sum(each.seconds for each in waiting) >= LEAST_PIECE_S:
                marked, past = self._next(past, joined(waiting))
                waiting = []
                yield marked
        if waiting:
            yield self._next(past, joined(waiting))[0]

    def _next(self, past: Audio | None, piece: Audio) -> tuple[Audio, Audio]:
        """Return the piece, marked, and the sound that the next piece's mark depends on."""
        before = past or silence(0, piece.rate_hz)
        whole = joined([before, piece])
        mark = self._mark(whole)[len(before.samples) :]
        fade = min(round(FADE_S * piece.rate_hz), len(mark) // 2)
        ramp = np.linspace(0, 1, fade, endpoint=False, dtype=np.float32)
        if past is not None:
            mark[:fade] *= ramp
        mark[len(mark) - fade :] *= ramp[::-1]
        return Audio(piece.samples + mark, piece.rate_hz), _end(whole, CONTEXT_S)

    def _mark(self, audio: Audio) -> NDArray[np.float32]:
        """Return what to add to the sound, sample by sample."""
        if audio.rate_hz < LEAST_RATE_HZ:
            msg = f"Sound of {audio.rate_hz} Hz cannot carry the watermark, so none is let out."
            raise ModelError(msg)
        try:
            with torch.inference_mode():
                mark: NDArray[np.float32] = self._change(audio).numpy()
        except RuntimeError as error:
            msg = "The watermark could not be written, so no sound is let out."
            raise ModelError(msg) from error
        if not np.isfinite(mark).all():
            msg = "The watermark came out as something else than numbers; no sound is let out."
            raise ModelError(msg)
        return mark

    def _change(self, audio: Audio) -> Tensor:
        form = _Form.of(audio.rate_hz)
        spectrum = form.spectrum(torch.from_numpy(audio.samples))
        levels = form.levels(spectrum)
        low = spectrum[:, : perth.BANDS]
        marked = perth.magnitudes(levels[:, : perth.BANDS] + self._writer(levels)) / form.scale
        change = torch.zeros_like(spectrum)
        change[:, : perth.BANDS] = torch.polar(marked - low.abs(), low.angle())
        return form.sound(change, len(audio.samples))


class Detector:
    """Reads the mark.

    Args:
        reader: With its weights.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def verdict(self, audio: Audio) -> Verdict:
        """Return what the mark says of the sound.

        Raises:
            ClipRejectedError: If there is no sound in it, or none that could be examined.
        """
        short = audio.seconds < LEAST_READ_S
        if short or audio.rate_hz < LEAST_RATE_HZ or not np.isfinite(audio.samples).all():
            msg = (
                f"Only sound of {LEAST_RATE_HZ} Hz or more, of finite numbers and at least "
                f"{LEAST_READ_S} s long, can be examined."
            )
            raise ClipRejectedError(msg)
        scores = [self._window(window) for window in _windows(audio) if window.samples.any()]
        if not scores:
            msg = "There is no sound in the recording."
            raise ClipRejectedError(msg)
        return Verdict(min(1.0, max(0.0, *scores)), audio.seconds)

    def _window(self, audio: Audio) -> float:
        form = _Form.of(audio.rate_hz)
        with torch.inference_mode():
            spectrum = form.spectrum(torch.from_numpy(audio.samples))
            levels = form.levels(spectrum)
            power = spectrum[:, : perth.BANDS].abs().square().sum(dim=1, keepdim=True)
            loud = power >= power.amax() * 10 ** (-LOUD_DB / 10)
            return float(self._reader(levels, loud.float())[0])


@dataclass(frozen=True, slots=True)
class _Form:
    """How sound of one rate becomes the networks' spectrogram."""

    window: Tensor
    hop: int

    @classmethod
    def of(cls, rate_hz: int) -> "_Form":
        samples = round(perth.WINDOW_S * rate_hz)
        return cls(torch.hann_window(samples), round(perth.HOP_S * rate_hz))

    @property
    def scale(self) -> float:
        """From magnitudes at this rate to those that the networks know."""
        return perth.REFERENCE_SAMPLES / len(self.window)

    def spectrum(self, samples: Tensor) -> Tensor:
        """Return the complex spectrogram, [1, frequencies, frames]."""
        return torch.stft(
            samples[None],
            len(self.window),
            self.hop,
            window=self.window,
            pad_mode="constant",
            return_complex=True,
        )

    def sound(self, spectrum: Tensor, length: int) -> Tensor:
        """Return the [length] samples of a spectrogram."""
        return torch.istft(spectrum, len(self.window), self.hop, window=self.window, length=length)[
            0
        ]

    def levels(self, spectrum: Tensor) -> Tensor:
        """Return the spectrogram as the networks take it."""
        return perth.normalised(spectrum.abs() * self.scale)


def load_watermark(path: Path) -> tuple[Marker, Detector]:
    """Return what writes the mark and what reads it, tried on each other.

    Raises:
        ModelError: If the weights are missing or damaged, or the mark cannot be read back.
    """
    networks: Perth = perth.load_perth(path)
    # A copy, because whoever keeps the marker alone shall not keep the whole file mapped: 30 MB.
    marker, detector = Marker(copy.deepcopy(networks.encoder)), Detector(networks.decoder)
    plain = _test_sound()
    before, after = (
        detector.verdict(sound).score for sound in (plain, joined(marker.marked([plain])))
    )
    if before >= THRESHOLD or after < _LEAST_TEST_SCORE:
        msg = (
            f"The watermark does not work: its own test scores {before:.2f} without the mark and "
            f"{after:.2f} with it. Run: rtvc-bridge models verify {WATERMARK}"
        )
        raise ModelError(msg)
    return marker, detector


def make_marker() -> Marker:
    """Return the marker, its weights from this user's cache, where they are fetched to if need be.

    Raises:
        ModelError: If the weights are missing or damaged, or the mark cannot be read back.
        StorageError: If weights must be fetched and the cache cannot be written.
    """
    return load_watermark(Library.default().path(WATERMARK))[0]


def _windows(audio: Audio) -> Iterator[Audio]:
    """Yield stretches of READ_S, one each STEP_S, that cover the sound."""
    size, step = round(READ_S * audio.rate_hz), round(STEP_S * audio.rate_hz)
    count = max(0, math.ceil((len(audio.samples) - size) / step)) + 1
    for start in (step * number for number in range(count)):
        yield Audio(audio.samples[start : start + size], audio.rate_hz)


def _end(audio: Audio, seconds: float) -> Audio:
    kept = round(seconds * audio.rate_hz)
    return Audio(audio.samples[max(0, len(audio.samples) - kept) :], audio.rate_hz)


def _test_sound() -> Audio:
    """Return a hum with overtones that falls in pitch: enough like a vowel to carry the mark."""
    at_s = np.arange(round(_TEST_S * _TEST_HZ)) / _TEST_HZ
    phase = 2 * np.pi * (160 * at_s - 30 * at_s**2)
    harmonics = np.arange(1, 20)[:, None]
    wave = (np.sin(harmonics * phase) / harmonics).sum(axis=0)
    return Audio((0.1 * wave).astype(np.float32), _TEST_HZ)
