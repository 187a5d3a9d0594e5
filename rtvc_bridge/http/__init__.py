"""The local HTTP API, an adapter: its own verbs, and speech as OpenAI's API has it."""

from rtvc_bridge.http.serve import run
from rtvc_bridge.http.settings import Settings

__all__ = ["Settings", "run"]
