"""A voice's tensors as the two halves of its style, checked at the door."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rtvc_bridge.errors import VoiceFileError
from rtvc_bridge.voices import Tensors

STYLE_SIZE = 256
HALF = STYLE_SIZE // 2

_Floats: TypeAlias = NDArray[np.float32]


def prosody_style(tensors: Tensors) -> _Floats:
    """Return float32 [128]: the last half of "style", which the synthesizer reads.

    Raises:
        VoiceFileError: If "style" is missing or not 256 finite numbers.
    """
    return _style(tensors)[HALF:]


def vocoder_styles(tensors: Tensors, n_layers: int) -> _Floats:
    """Return float32 [n_layers, 128]: the first half of "style", plus "decoder_offsets" if any.

    Raises:
        VoiceFileError: If a tensor is missing, of the wrong shape or not finite.
    """
    shared = np.broadcast_to(_style(tensors)[:HALF], (n_layers, HALF))
    if "decoder_offsets" not in tensors:
        return shared.copy()
    return shared + _checked(tensors, "decoder_offsets", (n_layers, HALF))


def _style(tensors: Tensors) -> _Floats:
    return _checked(tensors, "style", (STYLE_SIZE,))


def _checked(tensors: Tensors, name: str, shape: tuple[int, ...]) -> _Floats:
    value = tensors.get(name)
    if value is None:
        raise VoiceFileError(f'The voice has no "{name}"; enrol it again.')
    if value.dtype != np.float32 or value.shape != shape or not np.isfinite(value).all():
        raise VoiceFileError(
            f'The voice\'s "{name}" must be finite float32 {list(shape)}, '
            f"not {value.dtype} {list(value.shape)}; enrol it again."
        )
    return value
