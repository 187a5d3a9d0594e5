"""A listener that shares nothing with the bot or this process: @discordjs/voice under Node."""

import asyncio
import base64
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .ears import kind_of
from .farend import FRAME, FarEnd, Kind, Packet
from .people import Member
from .server import Loopback

SOURCE = Path(__file__).parent / "node"
FILES = ("package.json", "package-lock.json", "peer.js")
INSTALL_S = 180


class NodeUnavailableError(Exception):
    """Node or npm is missing, or npm could not install; says which."""


def installed(cache: Path) -> Path:
    """Return the folder of the peer with its packages, installed once into the cache folder.

    Raises:
        NodeUnavailableError: If that cannot be done here.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        msg = "node and npm are needed for the independent listener"
        raise NodeUnavailableError(msg)
    contents = b"".join((SOURCE / name).read_bytes() for name in FILES)
    folder = cache / hashlib.sha256(contents).hexdigest()[:12]
    if (folder / "installed").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(SOURCE / name, folder)
    command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        msg = f"npm ci took more than {INSTALL_S} s"
        raise NodeUnavailableError(msg) from error
    if done.returncode:
        msg = f"npm ci failed: {done.stderr.strip()[-300:]}"
        raise NodeUnavailableError(msg)
    (folder / "installed").touch()
    return folder


@dataclass
class NodePeer:
    """What the peer tells.

    Attributes:
        e2ee: Whether its call is; then it gives no frame that came without.
        heard: The frames that it received and decrypted. Their arrival is when they were told,
            and their numbers only count: `breaks` says nothing.
        states: The connection's states, the last one being now.
        privacy: The digits that prove the call private, once there is a group.
        errors: What went wrong.
    """

    heard: FarEnd
    loopback: Loopback
    e2ee: bool
    states: list[str] = field(default_factory=list)
    privacy: str | None = None
    errors: list[str] = field(default_factory=list)

    async def ready(self) -> None:
        """Wait until it is in the call."""
        await self.loopback.changes.until(lambda: "ready" in self.states, "the Node peer")

    async def private(self) -> None:
        """Wait until it is in the call's E2EE group."""
        await self.loopback.changes.until(lambda: self.privacy, "the Node peer's group")

    def hear(self, line: bytes) -> None:
        """Take one line of its output."""
        told = json.loads(line)
        if "opus" in told:
            self._take(base64.b64decode(told["opus"]))
        elif "state" in told:
            self.states.append(told["state"])
        elif "privacy" in told:
            self.privacy = told["privacy"]
        else:
            self.errors.append(told["error"])
        self.loopback.changes.note()

    def _take(self, opus: bytes) -> None:
        kind = kind_of(opus)
        if kind is Kind.PLAIN and self.e2ee:
            kind = Kind.E2EE
        count = len(self.heard.packets)
        self.heard.take(Packet(time.perf_counter(), 0, count, count * FRAME, kind, opus))


@asynccontextmanager
async def node_peer(folder: Path, loopback: Loopback, member: Member) -> AsyncIterator[NodePeer]:
    """Run the peer as the member, who is in voice with ear="none", until the block ends."""
    assert member.voice is not None
    guild = member.guild
    certificate = folder / f"ca-{loopback.port}.pem"
    loopback.certificates.authority.cert_pem.write_to_path(str(certificate))
    call = {
        "guild": str(guild.id),
        "channel": str(member.voice.id),
        "user": str(member.user.id),
        "session": member.voice_session,
        "token": "any",
        "endpoint": f"localhost:{loopback.port}",
        "target": str(guild.me.user.id),
    }
    process = await asyncio.create_subprocess_exec(
        "node",
        str(folder / "peer.js"),
        json.dumps(call),
        env=os.environ | {"NODE_EXTRA_CA_CERTS": str(certificate)},
        stdout=asyncio.subprocess.PIPE,
    )
    peer = NodePeer(member.heard, loopback, member.voice.e2ee)
    listening = asyncio.create_task(_listen(process, peer))
    try:
        yield peer
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await listening
        certificate.unlink()


async def _listen(process: asyncio.subprocess.Process, peer: NodePeer) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        peer.hear(line)
