"""The little of MLS (RFC 9420) that a DAVE voice gateway needs: signing proposals, cutting commits.

The gateway is an external sender: it holds one P-256 key, with which it proposes to add and to
remove members. It never learns the group's secrets.
"""

import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PUBLIC_MESSAGE = struct.pack(">HH", 1, 1)  # protocol version mls10, wire format mls_public_message
PROPOSAL_ADD = struct.pack(">H", 1)
PROPOSAL_REMOVE = struct.pack(">H", 3)
EXTERNAL = b"\x02" + struct.pack(">I", 0)  # the first of the group's external senders
CONTENT_PROPOSAL, CONTENT_COMMIT = b"\x02", 3
CREDENTIAL_BASIC = struct.pack(">H", 1)


def vector(data: bytes) -> bytes:
    """Return the bytes behind a length of variable size (RFC 9420, 2.1.2)."""
    length = len(data)
    if length < 1 << 6:
        return bytes([length]) + data
    if length < 1 << 14:
        return struct.pack(">H", 0x4000 | length) + data
    return struct.pack(">I", 0x8000_0000 | length) + data


class ExternalSender:
    """The gateway's key, and the messages that it signs."""

    def __init__(self, group_id: bytes) -> None:
        self._group_id = group_id
        self._key = ec.generate_private_key(ec.SECP256R1())

    def package(self) -> bytes:
        """Return what op 25 carries: the public key and a credential."""
        public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return vector(public) + CREDENTIAL_BASIC + vector(b"loopback")

    def add(self, epoch: int, key_package: bytes) -> bytes:
        """Return a signed proposal to add the owner of the key package.

        ECDSA is randomised and commits name proposals by hash: sign once, send the same to all.
        """
        return self._signed(epoch, PROPOSAL_ADD + key_package)

    def remove(self, epoch: int, leaf: int) -> bytes:
        """Return a signed proposal to remove the member at a leaf of the tree."""
        return self._signed(epoch, PROPOSAL_REMOVE + struct.pack(">I", leaf))

    def _signed(self, epoch: int, proposal: bytes) -> bytes:
        content = vector(self._group_id) + struct.pack(">Q", epoch) + EXTERNAL
        content += vector(b"") + CONTENT_PROPOSAL + proposal
        label = vector(b"MLS 1.0 FramedContentTBS")
        signature = self._key.sign(
            label + vector(PUBLIC_MESSAGE + content), ec.ECDSA(hashes.SHA256())
        )
        return PUBLIC_MESSAGE + content + vector(signature)


class Reader:
    """Reads MLS structures from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes.

        Raises:
            ValueError: If there are not so many.
        """
        if self.at + count > len(self._data):
            msg = f"an MLS message ends {self.at + count - len(self._data)} bytes too soon"
            raise ValueError(msg)
        self.at += count
        return self._data[self.at - count : self.at]

    def number(self, size: int) -> int:
        """Return the next unsigned integer of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def vector(self) -> bytes:
        """Return the next vector's content."""
        size = 1 << (self._data[self.at] >> 6)
        length = self.number(size) & ((1 << (8 * size - 2)) - 1)
        return self.take(length)

    def skip_vectors(self, count: int) -> None:
        """Pass over the next `count` vectors."""
        for _ in range(count):
            self.vector()


def commit_and_welcome(message: bytes) -> tuple[int, bytes, bytes]:
    """Return the epoch of op 28's commit, the commit, and the welcome (empty if there is none).

    They stand one after the other with no length between them, so the commit has to be read.
    """
    reader = Reader(message)
    if reader.take(4) != PUBLIC_MESSAGE:
        msg = "want a commit as a public message of MLS 1.0"
        raise ValueError(msg)
    reader.vector()  # group id
    epoch = reader.number(8)
    reader.take(5)  # sender: a member, by leaf
    reader.vector()  # authenticated data
    if reader.number(1) != CONTENT_COMMIT:
        msg = "want a commit"
        raise ValueError(msg)
    reader.vector()  # proposals
    if reader.number(1):
        _skip_update_path(reader)
    reader.skip_vectors(3)  # signature, confirmation tag, membership tag
    return epoch, message[: reader.at], message[reader.at :]


def _skip_update_path(reader: Reader) -> None:
    reader.skip_vectors(2)  # encryption key, signature key
    reader.take(2)  # kind of credential
    reader.skip_vectors(1 + 5)  # credential, capabilities
    source = reader.number(1)
    if source == 1:
        reader.take(16)  # lifetime
    elif source == 3:
        reader.vector()  # parent hash
    reader.skip_vectors(2)  # extensions, signature
    reader.vector()  # nodes
