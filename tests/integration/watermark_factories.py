"""Pipelines that a synthesis process under test is told to make."""

from dataclasses import dataclass

import numpy as np

from rtvc_bridge.audio import Audio
from rtvc_bridge.testing import HummingPipeline, humming


@dataclass(frozen=True, slots=True)
class Faulty(HummingPipeline):
    """Hums one good second, then one that cannot be marked."""

    def speak(self, text, voice, delivery, *, stop):
        wave = 0.1 * np.sin(np.arange(16_000) / 16)
        yield Audio(wave.astype(np.float32), 16_000)
        yield Audio(np.full(16_000, np.nan, np.float32), 16_000)


def plugged_in():
    """Return a pipeline as a plug-in would bring it."""
    return humming()


def faulty():
    return Faulty()
