"""The daemon as a service of this user: it starts at sign-in and again after a crash."""

from rtvc_bridge.service.manage import Outcome, Presence, install, presence, uninstall
from rtvc_bridge.service.program import Program
from rtvc_bridge.service.systems import Manager, manager

__all__ = [
    "Manager",
    "Outcome",
    "Presence",
    "Program",
    "install",
    "manager",
    "presence",
    "uninstall",
]
