"""Where things live on this computer."""

import os
from pathlib import Path

import platformdirs

_APP = "rtvc-bridge"

ADDRESS_FILE = "daemon.json"
"""In `state_dir()`: where a running daemon is reached."""


def _home() -> Path | None:
    """The one folder for everything, when RTVC_HOME names it (tests, portable installs)."""
    home = os.environ.get("RTVC_HOME")
    return Path(home).expanduser() if home else None


def data_dir() -> Path:
    """Voices and what else must not be lost."""
    home = _home()
    return home / "data" if home else Path(platformdirs.user_data_dir(_APP, appauthor=False))


def cache_dir() -> Path:
    """Weights and what else can be fetched again."""
    home = _home()
    return home / "cache" if home else Path(platformdirs.user_cache_dir(_APP, appauthor=False))


def state_dir() -> Path:
    """What a running daemon leaves for its clients: its address, its token, its log."""
    home = _home()
    return home / "state" if home else Path(platformdirs.user_state_dir(_APP, appauthor=False))


def config_file() -> Path:
    """The settings file read when none is named."""
    home = _home()
    folder = home or Path(platformdirs.user_config_dir(_APP, appauthor=False))
    return folder / "config.toml"
