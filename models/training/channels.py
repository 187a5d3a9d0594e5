"""What microphones, rooms and lines do to speech, drawn at random."""

import io

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from rtvc_bridge.audio import Audio
from rtvc_bridge.bench.handling import telephone
from rtvc_bridge.stages.drafts import LEVEL
from rtvc_bridge.stages.objective import through_channel

RATE_HZ = 16_000
CLEAN, REVERB, TELEPHONE, CODEC = 0.3, 0.25, 0.15, 0.25
"""How often: nothing at all; else each of these, besides an equaliser and noise."""

Floats = NDArray[np.float32]
Drawn = np.random.Generator


def coloured(samples: Floats, rng: Drawn) -> Floats:
    """Return [n] samples of speech at 16 kHz as they came over a channel that `rng` draws."""
    sound = samples * np.float32(LEVEL / (np.sqrt(np.square(samples).mean()) + 1e-6))
    if rng.random() < CLEAN:
        return sound
    if rng.random() < REVERB:
        sound = reverberant(sound, rng)
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    sound = through_channel(torch.from_numpy(sound), generator).numpy()
    if rng.random() < TELEPHONE:
        sound = telephone(Audio(sound, RATE_HZ)).samples
    return opus(sound) if rng.random() < CODEC else sound


def reverberant(samples: Floats, rng: Drawn) -> Floats:
    """Return them in a room: noise that decays by 60 dB in 0.1 to 0.4 s."""
    count = round(rng.uniform(0.1, 0.4) * RATE_HZ)
    tail = rng.normal(size=count) * np.exp(-6.9 * np.linspace(0, 1, count))
    response = np.concatenate([[1.0], rng.uniform(0.02, 0.08) * tail])
    return np.convolve(samples, response)[: len(samples)].astype(np.float32)


def opus(samples: Floats) -> Floats:
    """Return them after Opus at the encoder's own rate."""
    file = io.BytesIO()
    soundfile.write(file, samples, RATE_HZ, format="OGG", subtype="OPUS")
    file.seek(0)
    decoded: Floats = soundfile.read(file, dtype="float32")[0]
    return decoded
