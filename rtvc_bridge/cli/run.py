"""`rtvc-bridge run`: the daemon."""

import asyncio
import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

import typer

from rtvc_bridge import config, paths
from rtvc_bridge.cli.assembly import consent_check, opened_engine, voice_store
from rtvc_bridge.config import Settings
from rtvc_bridge.daemon import Daemon, DaemonState, adapter_settings, held_state, serve
from rtvc_bridge.errors import StorageError

LOG_FILE = "daemon.log"
LOG_BYTES = 1_000_000
LOG_FILES_KEPT = 3


def run(ctx: typer.Context) -> None:
    """Keep one warm engine and its adapters running, until Ctrl-C or `rtvc-bridge stop`."""
    settings: Settings = ctx.obj
    adapter_settings(settings)  # a wrong table is told before the models are loaded
    with held_state(paths.state_dir()) as state:
        _log_to_file()
        with opened_engine(settings) as engine:
            asyncio.run(
                serve(
                    lambda: Daemon(
                        engine,
                        voice_store(settings),
                        settings,
                        reread=lambda: _reread(ctx),
                        announce=lambda url, token_file: _announce(state, url, token_file),
                        settings_file=_settings_file(ctx),
                        consent=consent_check(settings, engine),
                    )
                )
            )


def _announce(state: DaemonState, url: str, token_file: str) -> None:
    state.announce(url, token_file)
    print(f"rtvc-bridge: listening on {url} (token in {token_file})", file=sys.stderr, flush=True)


def _reread(ctx: typer.Context) -> Settings:
    named = ctx.find_root().params["config_file"]
    return config.load_or_default(named, paths.config_file())


def _settings_file(ctx: typer.Context) -> Path:
    named: Path | None = ctx.find_root().params["config_file"]
    return named or paths.config_file()


def _log_to_file() -> None:
    """Log to the state folder too, from INFO on.

    Raises:
        StorageError: If the file cannot be written.
    """
    path = paths.state_dir() / LOG_FILE
    try:
        handler = RotatingFileHandler(
            path, maxBytes=LOG_BYTES, backupCount=LOG_FILES_KEPT, encoding="utf-8"
        )
    except OSError as error:
        raise StorageError(f"Cannot write {path}: {error.strerror}.") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.INFO)
    root = logging.getLogger()
    for shown in root.handlers:  # what the terminal shows stays as --verbose has it
        shown.setLevel(root.level)
    root.addHandler(handler)
    for name in ("rtvc_bridge", "rtvc_speaker", "rtvc_virtualmic"):
        logging.getLogger(name).setLevel(min(logging.INFO, root.getEffectiveLevel()))
