"""The bot's token: from the environment or from a file, never from the settings."""

import os
from pathlib import Path

from rtvc_bridge import paths
from rtvc_bridge.errors import ConfigError

HOW = "rtvc-bridge discord setup tells how to get one."


def file(named: str) -> Path:
    """Return the file that holds the token: the one that the settings name, if they do."""
    return Path(named).expanduser() if named else paths.data_dir() / "discord.token"


def token(variable: str, named: str) -> str:
    """Return the bot's token: that of the environment variable, else that of the file.

    Args:
        variable: Name of the environment variable.
        named: The file's path; "" for the usual one.

    Raises:
        ConfigError: If there is none, or others may read it.
    """
    if value := os.environ.get(variable, "").strip():
        return value
    path = file(named)
    try:
        value = path.read_text(encoding="utf-8").strip()
        shared = os.name == "posix" and path.stat().st_mode & 0o077
    except FileNotFoundError:
        raise ConfigError(
            f"The Discord bot has no token: neither {variable} nor {path} holds one. {HOW}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The Discord bot's token in {path} cannot be read: {error}.") from error
    if shared:
        raise ConfigError(f"Others can read the bot's token. Do this first: chmod 600 {path}")
    if not value:
        raise ConfigError(f"{path} is empty; it should hold the Discord bot's token. {HOW}")
    return value
