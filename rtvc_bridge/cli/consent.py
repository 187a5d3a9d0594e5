"""Asking for the speaker's agreement, before anything is done with a recording."""

import sys
from collections.abc import Callable

import typer

from rtvc_bridge.errors import ConsentError
from rtvc_bridge.safety.consent import attested
from rtvc_bridge.voices import Consent


def asked(
    by: str | None,
    *,
    interactive: Callable[[], bool] = sys.stdin.isatty,
    ask: Callable[[str], str] = typer.prompt,
) -> Consent:
    """Return the record that `by` agreed, asking on the terminal when `by` is not given.

    Raises:
        ConsentError: If nobody can be asked, or the answer is not a clear yes.
    """
    if by is not None:
        return attested(by)
    if not interactive():
        raise ConsentError(
            "Cloning a voice needs its speaker's agreement: "
            'add --consent-by "NAME OF THE SPEAKER" once they have given it.'
        )
    speaker = ask("Whose voice is this?")
    answer = ask(f'Did {speaker} agree to have this voice cloned here? Type "yes" if so')
    if answer.strip().casefold() != "yes":
        raise ConsentError("Without the speaker's agreement no voice is made.")
    return attested(speaker)


def speaker(
    by: str | None,
    *,
    interactive: Callable[[], bool] = sys.stdin.isatty,
    ask: Callable[[str], str] = typer.prompt,
) -> str:
    """Return who will read a sentence aloud to agree, asking on the terminal if need be.

    Raises:
        ConsentError: If nobody can be asked.
    """
    if by is None and not interactive():
        raise ConsentError('Say who reads the sentence: --consent-by "NAME OF THE SPEAKER".')
    return ask("Whose voice is this?") if by is None else by
