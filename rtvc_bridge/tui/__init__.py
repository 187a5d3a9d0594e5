"""The terminal screen: a client of the daemon, so closing it stops nothing."""

from rtvc_bridge.tui.app import BridgeApp
from rtvc_bridge.tui.plain import Plain

__all__ = ["BridgeApp", "Plain"]
