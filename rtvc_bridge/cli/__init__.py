"""The command line; the only place where objects are put together."""

from rtvc_bridge.cli.app import main

__all__ = ["main"]
