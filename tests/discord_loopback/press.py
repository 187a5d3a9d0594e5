"""One interaction, and what the bot answered to it over time."""

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .changes import LIMIT_S
from .line import Json

if TYPE_CHECKING:
    from .people import Member
    from .places import Channel

EPHEMERAL = 64
KINDS = {
    4: "message",
    5: "deferred",
    6: "deferred update",
    7: "update",
    8: "choices",
    9: "modal",
}


@dataclass(frozen=True)
class Answer:
    """One request of the bot about an interaction.

    Attributes:
        at_s: When it came, on the clock of time.perf_counter.
        kind: One of KINDS, or "edit", "followup", "delete".
        body: What it said.
        files: Files that came with it, by name.
    """

    at_s: float
    kind: str
    body: Json
    files: dict[str, bytes]


@dataclass(eq=False)
class Press:
    """An interaction that a user sent.

    Attributes:
        answers: Every answer of the bot, in order.
        original: The message that answers it (or, for a button, that the button is on).
        followups: Further messages.
        history: What the original showed, each time that it changed.
    """

    user: "Member"
    channel: "Channel"
    original: Json | None = None
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    sent_s: float = field(default_factory=time.perf_counter)
    answers: list[Answer] = field(default_factory=list)
    followups: list[Json] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    expired: bool = False

    @property
    def ack_s(self) -> float:
        """Seconds from the press to the first answer."""
        return self.answers[0].at_s - self.sent_s

    @property
    def deferred(self) -> bool:
        """Whether the first answer was only "thinking"."""
        return bool(self.answers) and self.answers[0].kind.startswith("deferred")

    @property
    def ephemeral(self) -> bool:
        """Whether only the user sees the answer."""
        data: Json = self.answers[0].body.get("data") or {}
        return bool(data.get("flags", 0) & EPHEMERAL)

    @property
    def text(self) -> str:
        """Everything the user can read in answer: the original, then the followups."""
        messages = [*([self.original] if self.original else []), *self.followups]
        return "\n".join(filter(None, map(visible, messages)))

    @property
    def modal(self) -> Json:
        """The form that the bot opened."""
        return next(answer.body["data"] for answer in self.answers if answer.kind == "modal")

    async def acknowledged(self, *, limit_s: float = LIMIT_S) -> None:
        """Wait for the first answer."""
        await self._until(lambda: self.answers, "an answer", limit_s)

    async def shows(self, text: str, *, limit_s: float = LIMIT_S) -> None:
        """Wait until the user can read `text`."""
        try:
            await self._until(lambda: text in self.text, f"{text!r}", limit_s)
        except AssertionError as error:
            error.add_note(f"the answer read: {self.text!r}")
            raise

    def click(self, label: str, *, user: "Member | None" = None) -> "Press":
        """Press the button with this label or custom id; returns a press of its own."""
        return self.user.guild.interactions.click(self, label, user or self.user)

    def choose(self, *values: str, user: "Member | None" = None) -> "Press":
        """Choose values in the message's select menu; returns a press of its own."""
        return self.user.guild.interactions.choose(self, values, user or self.user)

    def submit(self, **values: str) -> "Press":
        """Fill in the form that the bot opened, by custom id; returns a press of its own."""
        return self.user.guild.interactions.submit(self, values)

    async def _until(self, condition: object, what: str, limit_s: float) -> None:
        assert callable(condition)
        await self.user.guild.loopback.changes.until(condition, what, limit_s=limit_s)


def visible(message: Json) -> str:
    """Return the text that a reader of the message sees."""
    parts = [message.get("content") or ""]
    for embed in message.get("embeds") or []:
        parts += [embed.get("title", ""), embed.get("description", "")]
        for entry in embed.get("fields", []):
            parts += [entry["name"], entry["value"]]
        parts.append(embed.get("footer", {}).get("text", ""))
    parts += [part["content"] for part in parts_of(message) if part["type"] == 10]
    return "\n".join(part for part in parts if part)


def parts_of(message: Json) -> list[Json]:
    """Return every component of a message or form, also those inside others."""
    found = []
    heap = list(message.get("components") or [])
    while heap:
        part = heap.pop(0)
        found.append(part)
        heap += part.get("components") or []
        heap += [part[name] for name in ("component", "accessory") if part.get(name)]
    return found
