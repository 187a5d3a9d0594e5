"""The speaker's agreement: how it is recorded, and the check before a voice is made or speaks.

Levels: "attested" means that whoever enrolled stated it. A level that is shown rather than
stated (the speaker reads a sentence aloud) is checked in `check_consent` too.
"""

from datetime import UTC, datetime

from rtvc_bridge.errors import ConsentError
from rtvc_bridge.voices import Consent, Voice

LEVELS = frozenset({"attested"})
MAX_WHO_CHARS = 200


def attested(by: str) -> Consent:
    """Return the record that `by` speaks in the clips and agreed, as stated now.

    Raises:
        ConsentError: If `by` names nobody.
    """
    consent = Consent(by=by.strip(), given_at=datetime.now(UTC).isoformat(timespec="seconds"))
    check_consent(consent)
    return consent


def check(voice: Voice) -> None:
    """Pass if `voice` carries its speaker's agreement.

    Raises:
        ConsentError: If the record is missing or empty.
    """
    check_consent(voice.consent)


def check_consent(consent: Consent) -> None:
    """Pass if `consent` says who agreed, when and how.

    Raises:
        ConsentError: If it does not.
    """
    if not consent.by.strip():
        msg = "Say who is speaking in the recording and agreed to be cloned: --consent-by NAME."
        raise ConsentError(msg)
    if not consent.by.isprintable() or len(consent.by) > MAX_WHO_CHARS:
        msg = f"Name the speaker in plain text of at most {MAX_WHO_CHARS} characters."
        raise ConsentError(msg)
    if not consent.given_at.strip() or consent.level not in LEVELS:
        msg = "The record of the speaker's agreement is incomplete. Enrol the voice again."
        raise ConsentError(msg)
