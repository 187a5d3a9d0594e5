"""Speak text in a cloned voice, from any program on this computer."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rtvc_bridge.audio import Audio
    from rtvc_bridge.engine import Engine, State, Status, Utterance
    from rtvc_bridge.errors import OperatorError, RtvcBridgeError, UserError
    from rtvc_bridge.pipeline import Delivery
    from rtvc_bridge.safety.installation import opened_policy
    from rtvc_bridge.voices import Voice, VoiceStore
    from rtvc_bridge.worker import Worker

_HOMES = {
    "Audio": "audio",
    "Delivery": "pipeline",
    "Engine": "engine",
    "OperatorError": "errors",
    "RtvcBridgeError": "errors",
    "State": "engine",
    "Status": "engine",
    "UserError": "errors",
    "Utterance": "engine",
    "Voice": "voices",
    "VoiceStore": "voices",
    "Worker": "worker",
    "opened_policy": "safety.installation",
}

__all__ = [
    "Audio",
    "Delivery",
    "Engine",
    "OperatorError",
    "RtvcBridgeError",
    "State",
    "Status",
    "UserError",
    "Utterance",
    "Voice",
    "VoiceStore",
    "Worker",
    "opened_policy",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: the screen needs none of them to start."""
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
