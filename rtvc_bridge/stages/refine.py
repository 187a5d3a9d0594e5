"""From a rough likeness to a better one: gradient descent through the frozen stages.

What is searched is the style (its coefficients `z` in the tuner's space) and an offset to it at
each styled layer of the decoder, the W+ of GAN inversion (Abdal et al. 2019). Neither may go far
from where it began. Each step speaks one short sentence; what judges it is in objective.py. Now
and then two others, never trained on, are judged; the best so far wins.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rtvc_bridge.audio import Audio
from rtvc_bridge.stages.drafts import Drafts
from rtvc_bridge.stages.objective import Objective
from rtvc_bridge.stages.search import Moments, Place, Search, Target
from rtvc_bridge.stages.style import HALF
from rtvc_bridge.stages.tuner import RidgeTuner
from rtvc_bridge.stages.vocoder import N_STYLED_LAYERS
from rtvc_bridge.voices import Embedding, Tensors

SENTENCES = (
    "Please call Stella, and ask her this.",
    "The old mill burned down a year ago.",
    "She had your dark suit in greasy wash water.",
    "Would you measure the pleasure of a voyage?",
    "The boy saw the sun rise over the harbor.",
    "Rainbows turn white light into many colors.",
)
HELD_OUT = (
    "The quick brown fox jumps over the lazy dog.",
    "Thick fog hid both paths, so they chose to wait.",
)

SEARCHED = ("style", "decoder_offsets")
CHECK_EVERY = 4
CHECK_FROM = 8
"""By GE2E alone, an encoder that did not judge heard less of the speaker after 4 steps (0.61 for
0.66), and more from 8 on."""
Z_RATE = 0.12
OFFSET_RATE = 0.02
NEAR_WEIGHT = 0.003
SMALL_WEIGHT = 1.0
MOST_GRADIENT = 5.0


class Refiner:
    """Takes a voice's tensors to better ones, a step at a time. Holds networks, no state.

    Args:
        drafts: Speaks a sentence with gradients.
        objective: Judges it.
        tuner: Whose space of styles is searched.
        matched: Gives tensors the pitch of a speaker.
    """

    def __init__(
        self,
        drafts: Drafts,
        objective: Objective,
        tuner: RidgeTuner,
        matched: Callable[[Tensors, float | None], Tensors],
    ) -> None:
        self._drafts = drafts
        self._objective = objective
        self._matched = matched
        self._tuner = tuner
        self._mean = torch.from_numpy(tuner.mean)
        self._basis = torch.from_numpy(tuner.basis)

    def begun(
        self, tensors: Tensors, embedding: Embedding, clips: Sequence[Audio], *, steps: int
    ) -> Search:
        """Return the search from a voice's tensors on, nothing done yet.

        Raises:
            ModelError: If a judge cannot be had.
        """
        target = self._objective.target(embedding, clips)
        z = np.linalg.lstsq(self._tuner.basis.T, tensors["style"] - self._tuner.mean, rcond=None)[0]
        none = np.zeros((N_STYLED_LAYERS, HALF), np.float32)
        start = Place(z.astype(np.float32), tensors.get("decoder_offsets", none))
        self._drafts.adapt()
        loss = self._held_out_loss(start, target)
        return Search(
            target,
            start,
            start,
            Moments.none(start.z),
            Moments.none(start.offsets),
            best=start,
            best_loss=loss,
            first_loss=loss,
            steps=steps,
            others={name: value for name, value in tensors.items() if name not in SEARCHED},
        )

    def stepped(self, search: Search) -> Search:
        """Return the search one sentence later."""
        self._drafts.adapt()
        z_gradient, offset_gradient = self._gradients(search)
        count = search.done + 1
        z_moments, z_way = search.z_moments.stepped(z_gradient, count)
        offset_moments, offset_way = search.offset_moments.stepped(offset_gradient, count)
        search = replace(
            search,
            here=search.here.moved(-Z_RATE * z_way, -OFFSET_RATE * offset_way),
            z_moments=z_moments,
            offset_moments=offset_moments,
            done=count,
        )
        due = count >= CHECK_FROM and count % CHECK_EVERY == 0
        return self._checked(search) if due or count == search.steps else search

    def _gradients(self, search: Search) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return those of the loss for `z` and for the offsets, bounded."""
        z = torch.from_numpy(search.here.z).clone().requires_grad_()
        offsets = torch.from_numpy(search.here.offsets).clone().requires_grad_()
        sentence = SENTENCES[search.done % len(SENTENCES)]
        loss = self._loss(z, offsets, sentence, search.target, channel=search.done)
        far = (z - torch.from_numpy(search.start.z)).square().sum()
        gone = (offsets - torch.from_numpy(search.start.offsets)).square().mean()
        loss = loss + NEAR_WEIGHT * far + SMALL_WEIGHT * gone
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_([z, offsets], MOST_GRADIENT)
        return _gradient(z), _gradient(offsets)

    def _checked(self, search: Search) -> Search:
        """Return the search knowing whether it is at the best place so far."""
        loss = self._held_out_loss(search.here, search.target)
        return (
            replace(search, best=search.here, best_loss=loss) if loss < search.best_loss else search
        )

    def tensors(self, search: Search) -> Tensors:
        """Return the best so far as a voice's tensors."""
        style = self._tuner.mean + search.best.z @ self._tuner.basis
        found = {"style": style.astype(np.float32), "decoder_offsets": search.best.offsets}
        return self._matched({**search.others, **found}, search.target.f0_hz)

    def _held_out_loss(self, place: Place, target: Target) -> float:
        z, offsets = torch.from_numpy(place.z), torch.from_numpy(place.offsets)
        with torch.no_grad():
            losses = [
                self._loss(z, offsets, sentence, target, channel=-number)
                for number, sentence in enumerate(HELD_OUT, 1)
            ]
        return float(torch.stack(losses).mean())

    def _loss(
        self, z: Tensor, offsets: Tensor, sentence: str, target: Target, *, channel: int
    ) -> Tensor:
        style = self._mean + z @ self._basis
        draft = self._drafts.spoken(sentence, style, offsets, f0_hz=target.f0_hz)
        return self._objective.loss(draft, target, channel=channel)


def _gradient(of: Tensor) -> NDArray[np.float32]:
    gradient: NDArray[np.float32] = torch.zeros_like(of).numpy()
    return gradient if of.grad is None else of.grad.numpy()
