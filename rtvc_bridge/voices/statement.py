"""What an installation puts its signature to, byte for byte."""

import json
from dataclasses import asdict

from rtvc_bridge.voices.file import Summary, contents_sha256
from rtvc_bridge.voices.value import Consent, Voice

_CONTEXT = "rtvc-bridge voice 2"


def statement(voice: Voice | Summary) -> bytes:
    """Return who a voice is, what was agreed and what it sounds like; its name may change.

    Of a Summary the digest is taken as its header says; that of a Voice is made here.
    """
    contents = contents_sha256(voice) if isinstance(voice, Voice) else voice.contents_sha256
    return _written(voice.id, voice.created_at, contents, voice.consent)


def _written(voice_id: str, created_at: str, contents: str, consent: Consent) -> bytes:
    said = [_CONTEXT, voice_id, created_at, contents, asdict(consent)]
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
