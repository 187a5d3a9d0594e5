"""`rtvc-bridge tui`: the terminal screen, and starting a daemon for it."""

import gc
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from rtvc_bridge import paths
from rtvc_bridge.config import MOST_PHRASES, Settings
from rtvc_bridge.errors import ConfigError, StorageError

START_LOG = "daemon-start.log"


def tui(
    ctx: typer.Context,
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines in, lines out: for screen readers.")
    ] = False,
    phrase: Annotated[
        list[str] | None,
        typer.Option(
            "--phrase",
            help="A quick phrase for F1, the next for F2, ...: these instead of the settings'.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Speak, watch the queue and look after voices, in the terminal."""
    if not plain:
        gc.disable()  # until the screen stands: it would take a tenth of the start
    from rtvc_bridge.client import Client  # with the screen, 0.4 s that other commands do without
    from rtvc_bridge.tui import BridgeApp, Plain

    settings: Settings = ctx.obj
    phrases = _phrases(phrase, settings)
    if plain:
        Plain(Client.running, print, phrases=phrases).run(sys.stdin)
        return
    chosen: Path | None = ctx.find_root().params.get("config_file")
    BridgeApp(
        Client.running,
        start=lambda: StartedDaemon(chosen),
        phrases=phrases,
        phrases_in=str(chosen or paths.config_file()),
        settled=_resume_gc,
    ).run()


def _resume_gc() -> None:
    """Look for garbage again, but not among what the start made: a key would wait for that."""
    gc.freeze()
    gc.enable()


def _phrases(given: list[str] | None, settings: Settings) -> list[str]:
    """Return the quick phrases: those given, else those in the settings.

    Raises:
        ConfigError: If there are more than keys, or one is too long to be said.
    """
    if not given:
        return settings.tui.phrases
    if len(given) > MOST_PHRASES:
        raise ConfigError(f"There are keys for {MOST_PHRASES} quick phrases, not {len(given)}.")
    limit = settings.engine.max_chars
    if (longest := max(map(len, given))) > limit:
        raise ConfigError(f"A quick phrase has {longest} characters; the limit is {limit}.")
    return given


class StartedDaemon:
    """A daemon in a process of its own, which outlives this one.

    Args:
        config_file: Settings file for it; None for the usual one.

    Raises:
        StorageError: If what it says at its start cannot be written down.
    """

    def __init__(self, config_file: Path | None) -> None:
        options = ["--config", str(config_file)] if config_file else []
        command = [sys.executable, "-m", "rtvc_bridge.cli", *options, "run"]
        self._log = paths.state_dir() / START_LOG
        try:
            self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        except OSError as error:
            raise StorageError(f"Cannot write {self._log}: {error.strerror}.") from error

    def problem(self) -> str | None:
        """Return why it has ended, or None while it lives."""
        code = self._process.poll()
        if code is None:
            return None
        said = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return said[-1] if said else f"it ended with code {code}"
