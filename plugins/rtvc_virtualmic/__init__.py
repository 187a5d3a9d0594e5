"""A microphone that other programs can pick: `VirtualMic`, and the adapter of the lane "mic"."""

from rtvc_virtualmic.adapter import LANE, Settings, devices, findings, run
from rtvc_virtualmic.mic import Stats, VirtualMic

__all__ = ["LANE", "Settings", "Stats", "VirtualMic", "devices", "findings", "run"]
