"""The speaker's agreement: how it is written down.

Levels: "attested" means that whoever enrolled stated it, "spoken" that the speaker read a sentence
aloud that was made for this once. Whether a voice may speak is decided by `safety.trust`.
"""

from datetime import UTC, datetime, timedelta

from rtvc_bridge.errors import ConsentError
from rtvc_bridge.safety.asker import HERE_NAME
from rtvc_bridge.voices import Consent, Spoken

ATTESTED = "attested"
SPOKEN = "spoken"
LEVELS = frozenset({ATTESTED, SPOKEN})
MAX_WHO_CHARS = 200


def attested(by: str, *, owner: str = HERE_NAME, valid_days: int = 0) -> Consent:
    """Return the record that `by` speaks in the clips and agreed, as stated now.

    Args:
        by: The speaker, as they are called.
        owner: Who decides over the voice, as `safety.asker` names them.
        valid_days: For how long; 0 until it is revoked.

    Raises:
        ConsentError: If `by` names nobody.
    """
    return _given(by, ATTESTED, None, owner=owner, valid_days=valid_days)


def spoken(by: str, shown: Spoken, *, owner: str = HERE_NAME, valid_days: int = 0) -> Consent:
    """Return the record that `by` read a sentence aloud, which was judged as `shown` says.

    Args:
        by: The speaker, as they are called.
        shown: What `safety.spoken` found.
        owner: Who decides over the voice, as `safety.asker` names them.
        valid_days: For how long; 0 until it is revoked.

    Raises:
        ConsentError: If `by` names nobody.
    """
    return _given(by, SPOKEN, shown, owner=owner, valid_days=valid_days)


def _given(by: str, level: str, shown: Spoken | None, *, owner: str, valid_days: int) -> Consent:
    now = datetime.now(UTC)
    consent = Consent(
        by=by.strip(),
        given_at=_written(now),
        level=level,
        spoken=shown,
        owner=owner,
        expires_at=_written(now + timedelta(days=valid_days)) if valid_days else "",
    )
    check_consent(consent)
    return consent


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


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
    whole = consent.level in LEVELS and (consent.level == SPOKEN) == (consent.spoken is not None)
    if not consent.given_at.strip() or not consent.owner.strip() or not whole:
        msg = "The record of the speaker's agreement is incomplete. Enrol the voice again."
        raise ConsentError(msg)
