"""RTP as Discord's voice servers carry it: sealed under one of two modern modes."""

import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

AES_GCM = "aead_aes256_gcm_rtpsize"
XCHACHA20 = "aead_xchacha20_poly1305_rtpsize"
MODES = (AES_GCM, XCHACHA20)
_FIXED = 12  # bytes of an RTP header without contributors or extension
_EXTENDED = 0x10


class NotAuthenticError(Exception):
    """The packet was not sealed with the session's key."""


@dataclass(frozen=True, slots=True)
class Header:
    """What an RTP header says, and its bytes.

    Attributes:
        timestamp: In samples at 48 kHz.
    """

    raw: bytes
    sequence: int
    timestamp: int
    ssrc: int

    @property
    def extended(self) -> bool:
        """Whether an extension lies in front of the payload."""
        return bool(self.raw[0] & _EXTENDED)


def is_rtp(packet: bytes) -> bool:
    """Return whether the datagram may be RTP version 2 (and not RTCP)."""
    return len(packet) > _FIXED + 4 and packet[0] >> 6 == 2 and not 192 <= packet[1] <= 223


def header_of(packet: bytes) -> Header:
    """Return the part in the clear: fixed header, contributors, and the extension's own header."""
    length = _FIXED + 4 * (packet[0] & 0x0F) + (4 if packet[0] & _EXTENDED else 0)
    sequence, timestamp, ssrc = struct.unpack_from(">HII", packet, 2)
    return Header(packet[:length], sequence, timestamp, ssrc)


def opened(mode: str, key: bytes, packet: bytes, header: Header) -> bytes:
    """Return the payload.

    Raises:
        NotAuthenticError: If the packet was sealed with another key, or changed on its way.
    """
    sealed, nonce = packet[len(header.raw) : -4], packet[-4:]
    try:
        if mode == XCHACHA20:
            body = crypto_aead_xchacha20poly1305_ietf_decrypt(
                sealed, header.raw, nonce.ljust(24, b"\0"), key
            )
        else:
            body = AESGCM(key).decrypt(nonce.ljust(12, b"\0"), sealed, header.raw)
    except (CryptoError, InvalidTag) as error:
        raise NotAuthenticError from error
    if header.extended:
        body = body[4 * struct.unpack_from(">H", header.raw, len(header.raw) - 2)[0] :]
    return bytes(body)


def sealed(mode: str, key: bytes, header: Header, payload: bytes, count: int) -> bytes:
    """Return the packet for one receiver; `count` is unique under its key."""
    raw = bytes([header.raw[0] & ~_EXTENDED]) + header.raw[1:]
    raw = raw[:-4] if header.extended else raw
    nonce = struct.pack(">I", count)
    if mode == XCHACHA20:
        body = crypto_aead_xchacha20poly1305_ietf_encrypt(payload, raw, nonce.ljust(24, b"\0"), key)
    else:
        body = AESGCM(key).encrypt(nonce.ljust(12, b"\0"), payload, raw)
    return raw + bytes(body) + nonce
