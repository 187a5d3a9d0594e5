"""A cloned voice as a value, as one file, and the folder that keeps the files."""

from rtvc_bridge.voices.file import Summary, read_summary, read_voice, write_voice
from rtvc_bridge.voices.names import check_name, skeleton
from rtvc_bridge.voices.store import Damaged, Listing, VoiceStore
from rtvc_bridge.voices.value import Consent, Embedding, Tensors, Voice

__all__ = [
    "Consent",
    "Damaged",
    "Embedding",
    "Listing",
    "Summary",
    "Tensors",
    "Voice",
    "VoiceStore",
    "check_name",
    "read_summary",
    "read_voice",
    "skeleton",
    "write_voice",
]
