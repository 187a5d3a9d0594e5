"""Whether a voice may speak: checked before every utterance, whoever asks and wherever it goes."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime

from rtvc_bridge.errors import ConsentError
from rtvc_bridge.safety.asker import EVERYONE, Asker
from rtvc_bridge.safety.consent import check_consent
from rtvc_bridge.safety.keys import Key, verified
from rtvc_bridge.voices import Consent, Signature, Summary, Voice, statement

AGAIN = "Give it again: rtvc-bridge voice consent {name!r} (on Discord: /voice consent)."


def _now() -> datetime:
    return datetime.now(UTC)


class Trust:
    """Signs what was agreed here, and checks it. For any thread.

    Args:
        key: Of this installation.
        revoked: Whether the voice of that id was revoked.
        current: What is kept now of the voice of that id, None if it is not kept: a line may
            have been asked for before its voice was changed or deleted.
        trusted_keys: Public keys of other installations whose word is taken.
        now: The time, aware of its zone.
    """

    def __init__(
        self,
        key: Key,
        *,
        revoked: Callable[[str], bool],
        current: Callable[[str], Summary | None] = lambda _: None,
        trusted_keys: Collection[str] = (),
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._key = key
        self._revoked = revoked
        self._current = current
        self._met: set[str] = set()
        self._keys = frozenset({key.public, *(each.lower() for each in trusted_keys)})
        self._now = now

    @property
    def public(self) -> str:
        """The public half of this installation's key, 64 hex digits."""
        return self._key.public

    def sign(self, voice: Voice) -> Voice:
        """Return `voice` with this installation's word for it.

        Raises:
            ConsentError: If its record is incomplete.
        """
        check_consent(voice.consent)
        signature = Signature(self._key.public, self._key.sign(statement(voice)))
        return replace(voice, signature=signature)

    def vouched(self, voice: Voice | Summary) -> bool:
        """Whether this installation's own signature is on it, unaltered, expired or not."""
        mark = voice.signature
        if mark is None or mark.key != self._key.public:
            return False
        return verified(mark.key, statement(voice), mark.value)

    def check(self, voice: Voice | Summary, asker: Asker, lane: str) -> None:
        """Pass if `asker` may have `voice` speak in `lane` now.

        Raises:
            ConsentError: Saying what is missing: an agreement that is signed here, unaltered,
                neither revoked nor expired, and that covers this use by this asker.
            VoiceFileError: If the file of the voice was damaged meanwhile.
        """
        self.check_record(voice)
        kept = self._current(voice.id)
        if kept is not None:
            self._met.add(voice.id)
            self.check_record(kept)
        elif voice.id in self._met:
            raise ConsentError(f"The voice {voice.name!r} is not here any more.")
        check_lane(kept or voice, lane)
        check_asker(kept or voice, asker)

    def check_record(self, voice: Voice | Summary) -> None:
        """Pass if the agreement that `voice` carries is good, whoever uses it.

        Raises:
            ConsentError: If it is missing, expired, altered, another installation's or revoked.
        """
        name = voice.name
        if self._revoked(voice.id):
            msg = f"The speaker of {name!r} took the agreement back; nobody may use this voice."
            raise ConsentError(msg)
        check_consent(voice.consent)
        if voice.signature is None:
            msg = f"The voice {name!r} carries no signed agreement of its speaker."
            raise ConsentError(f"{msg} {AGAIN.format(name=name)}")
        if voice.signature.key not in self._keys:
            msg = (
                f"The agreement for {name!r} was given on another installation "
                f"(key {voice.signature.key[:16]})."
            )
            raise ConsentError(f"{msg} {AGAIN.format(name=name)}")
        if not verified(voice.signature.key, statement(voice), voice.signature.value):
            msg = f"The agreement for {name!r} was altered after it was given; it counts no more."
            raise ConsentError(f"{msg} {AGAIN.format(name=name)}")
        if _over(voice.consent, self._now()):
            msg = f"The agreement for {name!r} ended on {voice.consent.expires_at[:10]}."
            raise ConsentError(f"{msg} {AGAIN.format(name=name)}")


def may_use(consent: Consent, asker: Asker) -> bool:
    """Whether `asker` owns the voice or was granted it."""
    allowed = {consent.owner, *consent.grants}
    return EVERYONE in allowed or bool(allowed & asker.names)


def check_asker(voice: Voice | Summary, asker: Asker) -> None:
    """Pass if `asker` owns the voice or was granted it.

    Raises:
        ConsentError: If not.
    """
    if not may_use(voice.consent, asker):
        msg = f"The voice {voice.name!r} is {voice.consent.by}'s, who has not granted it to you."
        raise ConsentError(msg)


def check_lane(voice: Voice | Summary, lane: str) -> None:
    """Pass if the agreement covers sound in `lane`.

    Raises:
        ConsentError: If not.
    """
    uses, kind = voice.consent.uses, lane.partition(":")[0]
    if uses and kind not in uses:
        covered = ", ".join(uses)
        msg = f"The agreement for {voice.name!r} covers {covered}, and not {kind!r}."
        raise ConsentError(msg)


def _over(consent: Consent, now: datetime) -> bool:
    if not consent.expires_at:
        return False
    try:
        end = datetime.fromisoformat(consent.expires_at)
    except ValueError:  # signed by a program that writes what cannot be read
        return True
    return now >= (end if end.tzinfo else end.replace(tzinfo=UTC))
