"""What decides over voices and words on this installation, put together as the settings say."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rtvc_bridge.config import Settings
from rtvc_bridge.safety.audit.log import FILE as AUDIT_FILE
from rtvc_bridge.safety.audit.log import Audit
from rtvc_bridge.safety.disclosure import SpokenTag
from rtvc_bridge.safety.keys import KEY_FILE, Key
from rtvc_bridge.safety.moderation import Moderation
from rtvc_bridge.safety.policy import Policy
from rtvc_bridge.safety.trust import Trust
from rtvc_bridge.voices import VoiceStore


@contextmanager
def opened_policy(
    settings: Settings, voices: VoiceStore, data: Path, *, audited: bool = True
) -> Iterator[Policy]:
    """Give the policy of the installation whose files are in the folder `data`.

    Args:
        settings: As read.
        voices: Knows which voices were revoked.
        data: Keeps the key and the audit; made if it is missing.
        audited: Whether what is done is written down, if the settings say so.

    Raises:
        ConfigError: If a list of words or patterns is wrong.
        StorageError: If the key or the audit cannot be read or made.
    """
    key = Key.opened(data / KEY_FILE)
    trust = Trust(
        key,
        revoked=voices.tombstones.has,
        current=voices.known,
        trusted_keys=settings.consent.trusted_keys,
    )
    with ExitStack() as ends:
        audit = None
        if audited and settings.audit.enabled:
            audit = ends.enter_context(Audit.opened(data / AUDIT_FILE, key, settings.audit))
        told = settings.disclosure
        yield Policy(
            trust,
            moderator=Moderation(settings.moderation),
            journal=audit,
            tag=SpokenTag(told.spoken_tag, again_s=60 * told.again_min),
        )
