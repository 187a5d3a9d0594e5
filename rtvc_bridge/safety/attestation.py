"""What a program of this computer's user states about an agreement, signed with the user's key.

Only this user's programs can read the key, so that whoever else can reach the API cannot state
anything in the user's name.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from rtvc_bridge import paths
from rtvc_bridge.errors import ConsentError
from rtvc_bridge.safety.keys import KEY_FILE, Key, verified

GOOD_FOR_S = 300.0
SKEW_S = 5.0
"""How far two clocks of one computer may seem apart: one may be read in whole seconds."""

_CONTEXT = "rtvc-bridge attestation 1"
_AGAIN = "State it again."


@dataclass(frozen=True, slots=True)
class Attestation:
    """That somebody here states that a speaker agreed.

    Attributes:
        at: When, ISO 8601 in UTC.
        signature: Over `statement_of`, 128 hex digits.
    """

    at: str
    signature: str


def _now() -> datetime:
    return datetime.now(UTC)


def statement_of(name: str, by: str, at: str) -> bytes:
    """Return what is signed: that `by` agreed to the voice `name`, as stated at that time."""
    return json.dumps([_CONTEXT, name, by, at], separators=(",", ":")).encode("ascii")


def made(key: Key, name: str, by: str, *, now: Callable[[], datetime] = _now) -> Attestation:
    """Return the attestation, made with `key` now, that `by` agreed to the voice `name`."""
    at = now().isoformat(timespec="seconds")
    return Attestation(at, key.sign(statement_of(name, by, at)))


def made_here(name: str, by: str) -> Attestation | None:
    """Return the attestation made with this user's key; None if there is none to be read.

    Raises:
        StorageError: If there is one, and others can read it or it is damaged.
    """
    file = paths.data_dir() / KEY_FILE
    return made(Key.opened(file), name, by) if os.access(file, os.R_OK) else None


def check(
    public: str, attestation: Attestation, name: str, by: str, *, now: Callable[[], datetime] = _now
) -> None:
    """Pass if `attestation` says that `by` agreed to the voice `name`, and is of the last minutes.

    Args:
        public: The public half of this installation's key.
        attestation: As it was handed in.
        name: Of the voice.
        by: The speaker.
        now: The time, aware of its zone.

    Raises:
        ConsentError: Saying whether it is too old, of the future, or not by this user.
    """
    if not verified(public, statement_of(name, by, attestation.at), attestation.signature):
        msg = (
            "What was stated about the speaker's agreement is not signed with the key of this "
            f"computer's user, or is about another voice or speaker. {_AGAIN}"
        )
        raise ConsentError(msg)
    age_s = (now() - _moment(attestation.at)).total_seconds()
    if age_s > GOOD_FOR_S:
        msg = (
            f"What was stated about the speaker's agreement is {age_s:.0f} s old; it is good for "
            f"{GOOD_FOR_S:.0f} s. {_AGAIN}"
        )
        raise ConsentError(msg)
    if age_s < -SKEW_S:
        msg = (
            "What was stated about the speaker's agreement is dated in the future. Set this "
            "computer's clock, and state it again."
        )
        raise ConsentError(msg)


def _moment(at: str) -> datetime:
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        msg = "What was stated about the speaker's agreement has no readable date."
        raise ConsentError(f"{msg} {_AGAIN}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
