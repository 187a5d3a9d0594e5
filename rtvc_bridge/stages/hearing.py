"""Speech to text, with Whisper base (Radford et al. 2022, arXiv 2212.04356) through CTranslate2.

It needs one more package, `rtvc-bridge[consent]`, and the manifest's artifact `whisper-base`.
"""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from rtvc_bridge.audio import Audio, joined, silence
from rtvc_bridge.errors import ModelError

PACKAGE = "faster_whisper"
WHISPER = "whisper-base"
RATE_HZ = 16_000
PADDING_S = 0.3
"""Of silence at both ends: sound that starts at once loses its first word."""


class Recogniser:
    """Whisper on the CPU.

    Args:
        folder: The model's files, as the manifest's `whisper-base` gives them.
        threads: How many cores it may use; 0 for all.

    Raises:
        ModelError: If the package is not installed, or the files are damaged.
    """

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        check_installed()
        from faster_whisper import WhisperModel

        try:
            self._model: Any = WhisperModel(
                str(folder),
                device="cpu",
                compute_type="int8",
                cpu_threads=threads,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            msg = (
                f"The speech recogniser in {folder} cannot be used; "
                f"run: rtvc-bridge models verify {WHISPER}"
            )
            raise ModelError(msg) from error

    def words(self, audio: Audio, *, language: str = "en") -> str:
        """Return what is understood; "" if nothing is."""
        at_rate = audio.at(RATE_HZ)
        pad = silence(PADDING_S, RATE_HZ)
        samples = joined([pad, at_rate, pad]).samples.astype(np.float32)
        segments, _ = self._model.transcribe(
            samples, language=language, beam_size=5, condition_on_previous_text=False
        )
        return " ".join(segment.text.strip() for segment in segments)


def check_installed() -> None:
    """Pass if the recogniser's package is there.

    Raises:
        ModelError: If it is not.
    """
    if importlib.util.find_spec(PACKAGE) is None:
        msg = 'Understanding speech takes one more package: pip install "rtvc-bridge[consent]"'
        raise ModelError(msg)
