"""Ears: what a member in this process hears, with E2EE by two independent libraries."""

import struct
from typing import TYPE_CHECKING, Literal, Protocol

import dave
import davey

from .dave import (
    ANNOUNCE_COMMIT,
    COMMIT_WELCOME,
    EXTERNAL_SENDER,
    KEY_PACKAGE,
    PREPARE_EPOCH,
    PROPOSALS,
    READY_FOR_TRANSITION,
    WELCOME,
)
from .farend import FarEnd, Kind, Packet
from .line import Json
from .opus import SILENCE_FRAME
from .rtp import Header

if TYPE_CHECKING:
    from .people import Member
    from .voice import Call

EarKind = Literal["davey", "libdave", "none", "plain"]
VERSION = 1
SEALED = b"\xfa\xfa"  # ends each frame that DAVE encrypted
OVERLAP_S = 10.0  # how long the last epoch's keys still open frames


class Ear(Protocol):
    """Takes the packets of a channel for one member."""

    def enter(self) -> None:
        """Begin to listen."""

    def leave(self) -> None:
        """Stop."""

    def hear(self, speaker: "Member", header: Header, payload: bytes, at_s: float) -> None:
        """Take one packet as the voice server passes it on."""


def ear(kind: EarKind, member: "Member", call: "Call") -> Ear:
    """Return an ear for the channel that the member is in."""
    if kind == "plain":
        return PlainEar(member.heard)
    return {"davey": DaveyEar, "libdave": LibdaveEar}[kind](member, call)


def _take(heard: FarEnd, header: Header, at_s: float, kind: Kind, opus: bytes | None) -> None:
    heard.take(Packet(at_s, header.ssrc, header.sequence, header.timestamp, kind, opus))


def kind_of(payload: bytes) -> Kind:
    """Return what a frame looks like to who holds no keys."""
    if payload == SILENCE_FRAME:
        return Kind.SILENCE
    return Kind.E2EE if payload.endswith(SEALED) else Kind.PLAIN


class PlainEar:
    """Listens in a call without E2EE."""

    def __init__(self, heard: FarEnd) -> None:
        self._heard = heard

    def enter(self) -> None:
        """Do nothing: there is no group to join."""

    def leave(self) -> None:
        """Do nothing."""

    def hear(self, speaker: "Member", header: Header, payload: bytes, at_s: float) -> None:
        """Take one packet."""
        del speaker
        kind = Kind.SILENCE if payload == SILENCE_FRAME else Kind.PLAIN
        _take(self._heard, header, at_s, kind, payload)


class DaveEar:
    """Takes part in a channel's E2EE group; how is said by the library under it."""

    def __init__(self, member: "Member", call: "Call") -> None:
        assert member.voice is not None
        self._heard = member.heard
        self._group = call.group(member.voice)
        self._channel_id = member.voice.id
        self._user_id = member.user.id

    def enter(self) -> None:
        """Join the group."""
        self._group.post_join(self._user_id, self)
        self._offer()

    def leave(self) -> None:
        """Leave the group."""
        self._group.post_leave(self._user_id, self)

    def send(self, op: int, data: Json | None) -> None:
        """Hear a JSON message of the delivery service."""
        if op == PREPARE_EPOCH and data is not None and data["epoch"] == 1:
            self.reset()
            self._offer()

    def send_binary(self, op: int, payload: bytes) -> None:
        """Hear a binary message of the delivery service."""
        if op == EXTERNAL_SENDER:
            self.external_sender(payload)
        elif op == PROPOSALS:
            answer = self.proposals(payload)
            if answer:
                self._group.post_binary(self._user_id, COMMIT_WELCOME, answer)
        elif op in (ANNOUNCE_COMMIT, WELCOME):
            (self.commit if op == ANNOUNCE_COMMIT else self.welcome)(payload[2:])
            transition = struct.unpack_from(">H", payload)[0]
            ready = {"transition_id": transition}
            self._group.post_text(self._user_id, READY_FOR_TRANSITION, ready)

    def hear(self, speaker: "Member", header: Header, payload: bytes, at_s: float) -> None:
        """Take one packet: decrypted, or counted as what it is."""
        kind, opus = kind_of(payload), None
        if kind is Kind.E2EE:
            opus = self.decrypt(speaker.user.id, payload)
            kind = kind if opus is not None else Kind.UNDECRYPTABLE
        _take(self._heard, header, at_s, kind, opus)

    def _offer(self) -> None:
        self._group.post_binary(self._user_id, KEY_PACKAGE, self.key_package())

    def reset(self) -> None:
        """Forget the group."""
        raise NotImplementedError

    def key_package(self) -> bytes:
        """Return a fresh key package."""
        raise NotImplementedError

    def external_sender(self, package: bytes) -> None:
        """Learn the gateway's public key."""
        raise NotImplementedError

    def proposals(self, payload: bytes) -> bytes:
        """Return a commit and welcome for the proposals, or nothing."""
        raise NotImplementedError

    def commit(self, commit: bytes) -> None:
        """Go to the next epoch."""
        raise NotImplementedError

    def welcome(self, welcome: bytes) -> None:
        """Enter the group."""
        raise NotImplementedError

    def decrypt(self, speaker_id: int, frame: bytes) -> bytes | None:
        """Return the Opus packet, or None if the frame does not open."""
        raise NotImplementedError

    def privacy_code(self) -> str | None:
        """Return the digits that prove the call private, the same at each end."""
        raise NotImplementedError


class DaveyEar(DaveEar):
    """On davey (Rust, OpenMLS), which discord.py itself uses."""

    def __init__(self, member: "Member", call: "Call") -> None:
        super().__init__(member, call)
        self._session = davey.DaveSession(VERSION, self._user_id, self._channel_id)

    def reset(self) -> None:
        self._session.reinit(VERSION, self._user_id, self._channel_id)

    def key_package(self) -> bytes:
        return self._session.get_serialized_key_package()

    def external_sender(self, package: bytes) -> None:
        self._session.set_external_sender(package)

    def proposals(self, payload: bytes) -> bytes:
        kinds = davey.ProposalsOperationType
        kind = kinds.revoke if payload[0] else kinds.append
        result = self._session.process_proposals(kind, payload[1:])
        return result.commit + (result.welcome or b"") if result else b""

    def commit(self, commit: bytes) -> None:
        self._session.process_commit(commit)

    def welcome(self, welcome: bytes) -> None:
        self._session.process_welcome(welcome)

    def decrypt(self, speaker_id: int, frame: bytes) -> bytes | None:
        try:
            return self._session.decrypt(speaker_id, davey.MediaType.audio, frame)
        except ValueError:
            return None

    def privacy_code(self) -> str | None:
        return self._session.voice_privacy_code


class LibdaveEar(DaveEar):
    """On Discord's own libdave (C++, mlspp), through dave.py: independent of what the bot uses."""

    def __init__(self, member: "Member", call: "Call") -> None:
        super().__init__(member, call)
        self._session = dave.Session(lambda *failure: self._group.log.append(f"libdave {failure}"))
        self._decryptors: dict[int, dave.Decryptor] = {}
        self._session.init(VERSION, self._channel_id, str(self._user_id))

    def reset(self) -> None:
        self._session.reset()
        self._session.init(VERSION, self._channel_id, str(self._user_id))

    def key_package(self) -> bytes:
        return bytes(self._session.get_marshalled_key_package() or b"")

    def external_sender(self, package: bytes) -> None:
        self._session.set_external_sender(package)

    def proposals(self, payload: bytes) -> bytes:
        return bytes(self._session.process_proposals(payload, self._known()) or b"")

    def commit(self, commit: bytes) -> None:
        self._session.process_commit(commit)
        self._rekey()

    def welcome(self, welcome: bytes) -> None:
        self._session.process_welcome(welcome, self._known())
        self._rekey()

    def decrypt(self, speaker_id: int, frame: bytes) -> bytes | None:
        decryptor = self._decryptors.get(speaker_id)
        opus = decryptor and decryptor.decrypt(dave.MediaType.audio, frame)
        return bytes(opus) if opus else None

    def privacy_code(self) -> str | None:
        epoch = self._session.get_last_epoch_authenticator()
        return davey.generate_displayable_code(bytes(epoch), 30, 5) if epoch else None

    def _known(self) -> set[str]:
        return {str(user_id) for user_id in self._group.user_ids}

    def _rekey(self) -> None:
        for user_id in self._group.user_ids - {self._user_id}:
            ratchet = self._session.get_key_ratchet(str(user_id))
            if ratchet is not None:
                decryptor = self._decryptors.setdefault(user_id, dave.Decryptor())
                decryptor.transition_to_key_ratchet(ratchet, OVERLAP_S)
