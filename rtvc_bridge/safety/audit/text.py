"""What was said, encrypted with a key that is made of the installation's."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rtvc_bridge.errors import StorageError
from rtvc_bridge.safety.keys import Key

_NONCE_BYTES = 12


class Texts:
    """AES-256-GCM, bound to the number of the row: moved to another row, a text does not open."""

    def __init__(self, key: Key) -> None:
        self._cipher = AESGCM(key.derived("audit text"))

    def sealed(self, number: int, text: str) -> bytes:
        """Return a fresh nonce and the encrypted text."""
        nonce = os.urandom(_NONCE_BYTES)
        content = text.encode("utf-8", "replace")
        return nonce + self._cipher.encrypt(nonce, content, _bound_to(number))

    def opened(self, number: int, sealed: bytes) -> str:
        """Return the text.

        Raises:
            StorageError: If another key, or for another row, sealed it; or it was altered.
        """
        nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, content, _bound_to(number)).decode()
        except (InvalidTag, ValueError) as error:
            msg = f"The text of audit row {number} was not encrypted with this installation's key."
            raise StorageError(msg) from error


def _bound_to(number: int) -> bytes:
    return f"rtvc-bridge audit text 1\n{number}".encode()
