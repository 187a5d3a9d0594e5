"""Weights in and out of files: converted once from what others published, then loaded."""

import pickle
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from rtvc_bridge.errors import ModelError, StorageError


def load_weights(
    network: torch.nn.Module, path: Path, *, called: str, assign: bool = False
) -> None:
    """Give `network` the weights that `convert_checkpoint` wrote to `path`.

    Args:
        network: Of the shape of those weights.
        path: A safetensors file.
        called: What the network is, for the message.
        assign: Whether they take the place of its tensors, as ones on "meta" need.

    Raises:
        ModelError: If the file is missing, damaged or of another shape.
    """
    try:
        network.load_state_dict(load_file(path), assign=assign)
    except (OSError, RuntimeError, SafetensorError) as error:
        msg = f"The {called} in {path} cannot be used; run: rtvc-bridge models verify"
        raise ModelError(msg) from error


def convert_checkpoint(
    source: Path,
    target: Path,
    *,
    part: str | None,
    names: Iterable[str],
    package: str,
    version: int,
) -> None:
    """Write the weights called `names` out of a PyTorch checkpoint as safetensors.

    Args:
        source: The checkpoint. No code in it is ever run.
        target: Where they are written.
        part: Under which key it keeps its state; None: it is nothing but its state.
        names: Of the tensors that are wanted.
        package: Whose checkpoint it is, for the message.
        version: Of the conversion, kept in the file.

    Raises:
        ModelError: If `source` is not that checkpoint.
        StorageError: If `target` cannot be written.
    """
    try:
        kept = torch.load(source, map_location="cpu", weights_only=True)
        state = kept if part is None else kept[part]
        weights = {name: state[name].contiguous() for name in names}
    except (pickle.UnpicklingError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        msg = f"{source} is not {package}'s checkpoint."
        raise ModelError(msg) from error
    try:
        save_file(weights, target, metadata={"conversion_version": str(version)})
    except (OSError, SafetensorError) as error:
        msg = f"{target} cannot be written: {error}"
        raise StorageError(msg) from error
