"""The queue, and the sound that comes out of it. Threads meet in this package only."""

from rtvc_bridge.engine.engine import Engine
from rtvc_bridge.engine.hearing import Heard
from rtvc_bridge.engine.utterance import State, Status, Utterance

__all__ = ["Engine", "Heard", "State", "Status", "Utterance"]
