"""A cloned voice as a value, as one file, and the folder that keeps the files."""

from rtvc_bridge.voices.file import Summary, read_summary, read_voice, write_voice
from rtvc_bridge.voices.listing import Damaged, Listing
from rtvc_bridge.voices.names import check_name, skeleton
from rtvc_bridge.voices.statement import statement
from rtvc_bridge.voices.store import VoiceStore
from rtvc_bridge.voices.tombstones import Tombstone, Tombstones
from rtvc_bridge.voices.value import Consent, Embedding, Signature, Spoken, Tensors, Voice

__all__ = [
    "Consent",
    "Damaged",
    "Embedding",
    "Listing",
    "Signature",
    "Spoken",
    "Summary",
    "Tensors",
    "Tombstone",
    "Tombstones",
    "Voice",
    "VoiceStore",
    "check_name",
    "read_summary",
    "read_voice",
    "skeleton",
    "statement",
    "write_voice",
]
