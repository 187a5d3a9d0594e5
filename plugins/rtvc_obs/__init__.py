"""The adapter `obs`: voice, captions and an overlay in OBS Studio, over obs-websocket 5."""

from rtvc_obs.adapter import run
from rtvc_obs.doctor import findings
from rtvc_obs.settings import LANE, Settings

__all__ = ["LANE", "Settings", "findings", "run"]
