"""DAVE's delivery service: the voice gateway's part in the E2EE group of one channel."""

import asyncio
import struct
from collections.abc import Callable
from typing import Protocol

from .line import Json
from .mls import ExternalSender, commit_and_welcome, vector

PREPARE_TRANSITION, EXECUTE_TRANSITION, READY_FOR_TRANSITION, PREPARE_EPOCH = 21, 22, 23, 24
EXTERNAL_SENDER, KEY_PACKAGE, PROPOSALS, COMMIT_WELCOME = 25, 26, 27, 28
ANNOUNCE_COMMIT, WELCOME, INVALID_COMMIT_WELCOME = 29, 30, 31
APPEND = b"\x00"
WRAPPED = b"\x00\x01\x00\x05"  # a key package as an MLSMessage; clients send it bare


class Participant(Protocol):
    """Whoever takes part in handshakes: a voice connection or an ear in this process."""

    def send(self, op: int, data: Json | None) -> None:
        """Receive a JSON message."""

    def send_binary(self, op: int, payload: bytes) -> None:
        """Receive a binary message."""


class Delivery:
    """Orders the handshakes of one channel.

    Everything goes through one queue, so that a participant that answers at once does not enter
    the service while it is at work.

    Args:
        channel_id: The group's id.
        handshake_s: How long each message takes, for network and clients that need time.

    Attributes:
        epoch: Of the group as it is; 0 is no group.
        log: What happened, for a person who reads a failed test.
    """

    def __init__(self, channel_id: int, handshake_s: float = 0.0) -> None:
        self._sender = ExternalSender(struct.pack(">Q", channel_id))
        self._handshake_s = handshake_s
        self._people: dict[int, Participant] = {}
        self._waiting: dict[int, bytes] = {}  # user -> key package
        self._leaves: list[int | None] = []
        self._adding: list[int] = []
        self._removing: list[int] = []
        self._transition = 0
        self._not_ready: dict[int, set[int]] = {}
        self.epoch = 0
        self.log: list[str] = []
        self._inbox: asyncio.Queue[Callable[[], None]] = asyncio.Queue()
        self._worker = asyncio.create_task(self._work(), name="loopback DAVE delivery")

    async def end(self) -> None:
        """Stop; raises what a handshake raised."""
        self._worker.cancel()
        await asyncio.wait({self._worker})
        if not self._worker.cancelled():
            self._worker.result()

    def post_join(self, user_id: int, who: Participant) -> None:
        """Let a participant in; it answers with its key package."""
        self._inbox.put_nowait(lambda: self._join(user_id, who))

    def post_leave(self, user_id: int, who: Participant) -> None:
        """Take a participant out, if `who` is still the one that the user has."""
        self._inbox.put_nowait(lambda: self._leave(user_id, who))

    def post_binary(self, user_id: int, op: int, payload: bytes) -> None:
        """Hear a binary message."""
        hear = {KEY_PACKAGE: self._key_package, COMMIT_WELCOME: self._commit}[op]
        self._inbox.put_nowait(lambda: hear(user_id, payload))

    def post_text(self, user_id: int, op: int, data: Json) -> None:
        """Hear a JSON message."""
        self._inbox.put_nowait(lambda: self._text(user_id, op, data))

    @property
    def user_ids(self) -> set[int]:
        """Who takes part."""
        return set(self._people)

    async def _work(self) -> None:
        while True:
            step = await self._inbox.get()
            if self._handshake_s:
                await asyncio.sleep(self._handshake_s)
            step()

    def _join(self, user_id: int, who: Participant) -> None:
        self.log.append(f"{user_id} joins")
        self._people[user_id] = who
        who.send_binary(EXTERNAL_SENDER, self._sender.package())

    def _leave(self, user_id: int, who: Participant) -> None:
        if self._people.get(user_id) is not who:
            return
        self.log.append(f"{user_id} leaves")
        del self._people[user_id]
        self._waiting.pop(user_id, None)
        if user_id in self._adding:
            self._adding.remove(user_id)
        if user_id not in self._leaves:
            return
        left = [user for user in self._members() if user != user_id]
        if len(left) > 1:
            self._removing.append(user_id)
            proposal = self._sender.remove(self.epoch, self._leaves.index(user_id))
            self._propose(left, proposal)
        else:
            self._start_over(left)

    def _start_over(self, left: list[int]) -> None:
        """Reset to no group; the sole member left makes a new key package."""
        self._leaves, self.epoch = [], 0
        self._adding, self._removing = [], []
        for user in left:
            self._people[user].send(
                PREPARE_EPOCH, {"protocol_version": 1, "epoch": 1, "transition_id": 0}
            )
            self._people[user].send(PREPARE_TRANSITION, {"protocol_version": 1, "transition_id": 0})

    def _members(self) -> list[int]:
        """Return the users that are in the group and here."""
        return [user for user in self._leaves if user is not None and user in self._people]

    def _propose(self, users: list[int], proposal: bytes) -> None:
        for user in users:
            self._people[user].send_binary(PROPOSALS, APPEND + vector(proposal))

    def _key_package(self, user_id: int, payload: bytes) -> None:
        if user_id not in self._people:
            return
        key_package = payload.removeprefix(WRAPPED)
        self.log.append(f"key package of {user_id}")
        self._waiting[user_id] = key_package
        if user_id in self._adding:
            self._adding.remove(user_id)
        others = self._members()
        if not self._leaves:
            others = [user for user in self._waiting if user != user_id]
            for user in others:  # the newcomer may be the one who commits
                self._propose([user_id], self._sender.add(0, self._waiting[user]))
        if others:
            self._adding.append(user_id)
            self._propose(others, self._sender.add(self.epoch, key_package))

    def _commit(self, user_id: int, payload: bytes) -> None:
        epoch, commit, welcome = commit_and_welcome(payload)
        # Its sender may have left since, or made a new key package for a group begun anew.
        current = user_id in self._people and user_id in (self._leaves or self._waiting)
        stale = epoch != self.epoch or not current
        self.log.append(f"commit of {user_id} in epoch {epoch}{' is stale' if stale else ''}")
        if stale:
            return
        old, new = self._seat(user_id)
        self._adding, self._removing = [], []
        self.epoch += 1
        self._transition += 1
        self._not_ready[self._transition] = {*old, *new}
        transition = struct.pack(">H", self._transition)
        for user in old:
            self._people[user].send_binary(ANNOUNCE_COMMIT, transition + commit)
        for user in new:
            self._people[user].send_binary(WELCOME, transition + welcome)

    def _seat(self, committer: int) -> tuple[list[int], list[int]]:
        """Put the commit's changes into the tree; returns who was in before and who is new."""
        if not self._leaves:
            new = [user for user in self._waiting if user != committer]
            self._leaves = [committer, *new]
            self._waiting.clear()
            return [committer], new
        for user in self._removing:
            self._leaves[self._leaves.index(user)] = None
        old = self._members()
        new = [user for user in self._adding if user in self._waiting]
        for user in new:
            if None in self._leaves:
                self._leaves[self._leaves.index(None)] = user
            else:
                self._leaves.append(user)
            del self._waiting[user]
        return old, new

    def _text(self, user_id: int, op: int, data: Json) -> None:
        if op == INVALID_COMMIT_WELCOME:
            self.log.append(f"{user_id} refuses a commit or welcome")
            return
        transition = data["transition_id"]
        waiting = self._not_ready.get(transition, set())
        waiting.discard(user_id)
        if transition in self._not_ready and not waiting & set(self._people):
            del self._not_ready[transition]
            self.log.append(f"transition {transition} is executed")
            for who in self._people.values():
                who.send(EXECUTE_TRANSITION, {"transition_id": transition})
