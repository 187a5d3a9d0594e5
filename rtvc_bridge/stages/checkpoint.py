"""Networks filled from the converted weights, without a second copy in memory."""

from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from rtvc_bridge.errors import ModelError
from rtvc_bridge.stages.conversion import CONVERSION_VERSION

_Network = TypeVar("_Network", bound=nn.Module)


def filled(network: _Network, path: Path, *, prefix: str = "") -> _Network:
    """Return `network` with every weight read from `path`, frozen and ready to run.

    The file is mapped, not read: pages come in as layers are used.

    Args:
        network: Best made under `torch.device("meta")`, so that it holds no memory yet.
        path: What `kokoro_safetensors` wrote.
        prefix: Of the weights' names in the file.

    Raises:
        ModelError: If the file is damaged, of another version, or lacks a weight.
    """
    wanted = [prefix + name for name in network.state_dict()]
    try:
        weights = {name.removeprefix(prefix): value for name, value in _read(path, wanted)}
        network.load_state_dict(weights, assign=True)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ModelError(f"{path} does not fit: {error}. Run: rtvc-bridge models pull") from error
    return network.eval().requires_grad_(requires_grad=False)


def _read(path: Path, names: list[str]) -> list[tuple[str, Tensor]]:
    with safe_open(path, "pt") as file:
        version = (file.metadata() or {}).get("conversion_version")
        if version != str(CONVERSION_VERSION):
            raise ModelError(
                f"{path} was converted by version {version}, this program reads version "
                f"{CONVERSION_VERSION}. Run: rtvc-bridge models pull"
            )
        return [(name, file.get_tensor(name)) for name in names]
