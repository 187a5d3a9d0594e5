"""The bearer token: made once, kept in a file that only its owner reads."""

import os
import secrets
import stat
from pathlib import Path

import filelock

from rtvc_bridge.errors import ConfigError, StorageError
from rtvc_bridge.voices.disk import write_bytes

TOKEN_FILE = "token"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MEND = "delete it and start again: a new token is made."


def token_in(folder: Path, *, fixed: str = "") -> tuple[str, Path]:
    """Return the token, and the file in `folder` that clients read it from.

    Args:
        folder: Made if it is missing.
        fixed: The token of the settings; it replaces another one in the file.

    Raises:
        ConfigError: If the file is unreadable, empty, or open to other users.
        StorageError: If it is missing and cannot be made.
    """
    file = folder / TOKEN_FILE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with filelock.FileLock(folder / f".{TOKEN_FILE}.lock", mode=0o600):
            if not file.exists():
                write_bytes((fixed or secrets.token_urlsafe(32)).encode(), file)
            token = _read(file)
            if fixed and token != fixed:
                write_bytes(fixed.encode(), file)
    except OSError as error:
        msg = f"Cannot write the token file {file}: {error.strerror}."
        raise StorageError(msg) from error
    return fixed or token, file


def _read(file: Path) -> str:
    try:
        with file.open(encoding="ascii") as lines:
            # On Windows the user's folder keeps others out; mode bits say nothing there.
            private = os.name != "posix" or not os.fstat(lines.fileno()).st_mode & _OTHERS
            token = lines.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"Cannot read the token file {file}. Make it yours (chown, chmod 600), or {_MEND}"
        raise ConfigError(msg) from error
    if not private:
        msg = f"Other users can read the token file {file}. For your safety {_MEND}"
        raise ConfigError(msg)
    if not token:
        msg = f"The token file {file} is empty. Please {_MEND}"
        raise ConfigError(msg)
    return token
