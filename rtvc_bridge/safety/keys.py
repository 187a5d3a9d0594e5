"""The key of this installation: what it signs with, and what other keys are made of."""

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

import filelock
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rtvc_bridge.errors import StorageError
from rtvc_bridge.voices.disk import write_bytes

KEY_FILE = "key"
"""In the data folder."""

SEED_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """An Ed25519 key pair (RFC 8032).

    Args:
        seed: 32 secret bytes, of which everything else is made.
    """

    seed: bytes

    @classmethod
    def opened(cls, path: Path) -> "Key":
        """Return the key in the file at `path`; the first time one is made there, mode 0600.

        Raises:
            StorageError: If it cannot be made or read, others can read it, or it is no key.
        """
        if not path.exists():
            _create(path)
        return cls(_read(path))

    @property
    def public(self) -> str:
        """The public half, 64 hex digits."""
        return self._private.public_key().public_bytes_raw().hex()

    def sign(self, message: bytes) -> str:
        """Return the signature of `message`, 128 hex digits."""
        return self._private.sign(message).hex()

    def derived(self, purpose: str) -> bytes:
        """Return 32 secret bytes for `purpose`, always the same ones (HKDF-SHA256, RFC 5869)."""
        info = f"rtvc-bridge {purpose}".encode()
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(self.seed)

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def verified(public: str, message: bytes, signature: str) -> bool:
    """Whether `signature` is that of `message` by the key whose public half is `public`."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), message)
    except (ValueError, InvalidSignature):
        return False
    return True


def _create(path: Path) -> None:
    """Make a key at `path`, whole or not at all, unless there is one."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with filelock.FileLock(path.with_name(f".{path.name}.lock")):
            if not path.exists():
                write_bytes(os.urandom(SEED_BYTES), path)
    except OSError as error:
        msg = f"The installation's key cannot be kept at {path}: {error.strerror}."
        raise StorageError(msg) from error


def _read(path: Path) -> bytes:
    try:
        seed = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as error:
        msg = f"The installation's key at {path} cannot be read: {error.strerror}."
        raise StorageError(msg) from error
    if sys.platform != "win32" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        msg = f"Other users can read the installation's key. Run: chmod 600 {path}"
        raise StorageError(msg)
    if len(seed) != SEED_BYTES:
        msg = (
            f"{path} is not the installation's key. Restore it from a copy; without it every "
            "voice needs its speaker's agreement again."
        )
        raise StorageError(msg)
    return seed
