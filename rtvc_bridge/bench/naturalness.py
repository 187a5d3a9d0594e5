"""How natural speech sounds: DistilMOS 0.9.1 (Microsoft, MIT), where it is installed."""

import importlib.util
import sys
from types import ModuleType
from typing import Any

from rtvc_bridge.audio import Audio

PACKAGE = "distillmos"
_RATE_HZ = 16_000


def installed() -> bool:
    """Return whether the judge can be asked."""
    return importlib.util.find_spec(PACKAGE) is not None


class Judge:
    """Guesses what listeners would say, 1 (bad) to 5 (excellent)."""

    def __init__(self) -> None:
        # It imports torchaudio for its own file loading alone, which is not used here.
        sys.modules.setdefault("torchaudio", ModuleType("torchaudio"))
        module = importlib.import_module(PACKAGE)
        self._model: Any = module.ConvTransformerSQAModel().eval()

    def opinion(self, audio: Audio) -> float:
        """Return the mean opinion score it expects."""
        import torch

        with torch.inference_mode():
            samples = torch.from_numpy(audio.at(_RATE_HZ).samples)
            return float(self._model(samples[None]))
