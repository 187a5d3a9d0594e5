"""A Pipeline living in its own process, so that synthesis never disturbs a player."""

from rtvc_bridge.worker.client import Worker
from rtvc_bridge.worker.process import Patience
from rtvc_bridge.worker.protocol import UNMARKED, whereabouts
from rtvc_bridge.worker.refining import refinements

__all__ = ["UNMARKED", "Patience", "Worker", "refinements", "whereabouts"]
