"""The adapter `speaker`: what is said into the lane "speaker" comes out of a sound output."""

from rtvc_speaker.adapter import LANE, Settings, devices, run

__all__ = ["LANE", "Settings", "devices", "run"]
