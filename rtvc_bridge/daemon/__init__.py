"""One warm engine and its adapters, supervised, until told to stop."""

from rtvc_bridge.daemon.serve import Daemon, adapter_settings, serve
from rtvc_bridge.daemon.state import DaemonState, held_state

__all__ = ["Daemon", "DaemonState", "adapter_settings", "held_state", "serve"]
