"""`rtvc-bridge voice consent|grant|withdraw|revoke`: what the speaker agrees to, and to whom."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypedDict

import typer

from rtvc_bridge.cli.aloud import read_aloud
from rtvc_bridge.cli.consent import asked, speaker
from rtvc_bridge.cli.keeping import Voices, keeper
from rtvc_bridge.cli.queue import lines_of
from rtvc_bridge.cli.reach import Local

Name = Annotated[str, typer.Argument(help="Name of the voice.")]
To = Annotated[
    str,
    typer.Argument(help='Such as "everyone", discord:user:12, discord:guild:3, discord:role:9.'),
]
Spoken = Annotated[
    bool, typer.Option("--spoken", help="The speaker agrees by reading a sentence aloud, now.")
]
Recording = Annotated[
    Path | None,
    typer.Option(
        help="With --spoken: record the sentence into this file yourself.",
        show_default="the microphone",
    ),
]


class Shown(TypedDict):
    """How an agreement is shown, as the verbs of `Voices` take it."""

    consent_by: str
    sentence_id: str | None
    consent_recording: Path | None


@contextmanager
def agreed(
    voices: Voices, name: str, by: str | None, spoken: bool, recording: Path | None
) -> Iterator[Shown]:
    """Give how the speaker of the voice `name` agreed: asked for, or read aloud.

    Args:
        voices: Take it.
        name: Of the voice.
        by: The speaker; None asks on the terminal.
        spoken: Whether a sentence is read aloud.
        recording: Where it is recorded; None for the microphone.

    Raises:
        ConsentError: If nobody can be asked, or the answer is not a clear yes.
        DeviceError: If there is no microphone.
    """
    if recording is not None and not spoken:
        raise typer.BadParameter("goes with --spoken", param_hint="--consent-recording")
    if not spoken:
        who = asked(by).by
        yield {"consent_by": who, "sentence_id": None, "consent_recording": None}
        return
    who = speaker(by)
    sentence = voices.sentence(name)
    with tempfile.TemporaryDirectory(prefix="rtvc-bridge-") as folder:
        file = read_aloud(sentence, recording, Path(folder))
        yield {"consent_by": who, "sentence_id": sentence["id"], "consent_recording": file}


def consent(
    ctx: typer.Context,
    name: Name,
    by: Annotated[
        str | None, typer.Option(help="The speaker, who agreed; asked when left out.")
    ] = None,
    spoken: Spoken = False,
    consent_recording: Recording = None,
    local: Local = False,
) -> None:
    """Give the agreement to a voice again: it expired, was altered, or came with the file."""
    with keeper(ctx.obj, local=local) as voices:
        known = voices.voice(name)["name"]
        with agreed(voices, known, by, spoken, consent_recording) as shown:
            done = voices.consent(known, **shown)
    print(f"{done['consent']['by']} agreed to {done['name']!r}.")


def grant(ctx: typer.Context, name: Name, to: To, local: Local = False) -> None:
    """Let somebody use a voice."""
    with keeper(ctx.obj, local=local) as voices:
        done = voices.grant(name, to)
    print(f"{done['name']!r} is granted to: {', '.join(done['consent']['grants'])}.")


def withdraw(ctx: typer.Context, name: Name, to: To, local: Local = False) -> None:
    """Let somebody use a voice no more, and cut off what they say in it."""
    with keeper(ctx.obj, local=local) as voices:
        done = voices.withdraw(name, to)
    print(f"{done['name']!r} is granted to: {', '.join(done['consent']['grants']) or 'nobody'}.")


def revoke(
    ctx: typer.Context,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    local: Local = False,
) -> None:
    """Take the agreement back: the voice is silenced and destroyed, and never taken in again."""
    with keeper(ctx.obj, local=local) as voices:
        known = voices.voice(name)["name"]
        if not yes:
            typer.confirm(f"Destroy the voice {known!r} and keep it away for good?", abort=True)
        cut_off = voices.revoke(known)
    print(
        f"Revoked {known!r}; {lines_of(cut_off)} cut off. Its file was overwritten as far as the "
        "file system allows, and removed."
    )
