"""Speak text in a cloned voice, from any program on this computer."""

from rtvc_bridge.audio import Audio
from rtvc_bridge.engine import Engine, State, Status, Utterance
from rtvc_bridge.errors import OperatorError, RtvcBridgeError, UserError
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.voices import Voice, VoiceStore
from rtvc_bridge.worker import Worker

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
]
