"""Who does what a command asks: the daemon, if one runs, or this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from rtvc_bridge.client import Client
from rtvc_bridge.errors import UserError

STARTING_S = 15.0
"""How long a daemon that is starting is waited for: it loads what this process would load too."""

Local = Annotated[
    bool, typer.Option("--local", help="Do it in this process, even if a daemon runs.")
]


@contextmanager
def reached(*, local: bool) -> Iterator[Client | None]:
    """Give the running daemon; None if there is none, or `local` does without."""
    client = None if local else Client.running(wait_s=STARTING_S)
    if client is None:
        yield None
        return
    with client:
        yield client


@contextmanager
def needed(why: str) -> Iterator[Client]:
    """Give the running daemon.

    Raises:
        UserError: If there is none; the message says `why` one is needed, and how to start it.
    """
    with reached(local=False) as client:
        if client is None:
            raise UserError(f"No daemon runs{why}. Start one: rtvc-bridge run")
        yield client
