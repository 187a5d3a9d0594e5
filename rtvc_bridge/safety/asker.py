"""Who asks for speech, as far as the adapter that hears them knows."""

from dataclasses import dataclass

HERE_NAME = "here"
EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who wants something said.

    Attributes:
        adapter: Through which adapter, for example "discord"; "" on this computer.
        user: Who there, "" if the adapter does not tell people apart.
        groups: What they belong to there, for example {"guild:3", "role:9"}.
        operator: Whether they are the one who uses, or runs it on, this computer.
    """

    adapter: str = ""
    user: str = ""
    groups: frozenset[str] = frozenset()
    operator: bool = False

    @property
    def names(self) -> frozenset[str]:
        """What owners and grants call them: "discord:user:12", "discord:guild:3", "here"."""
        names = {f"{self.adapter}:{group}" for group in self.groups}
        if self.user:
            names.add(f"{self.adapter}:user:{self.user}")
        if self.operator:
            names.add(HERE_NAME)
        return frozenset(names)

    @property
    def name(self) -> str:
        """The one name that says most about them, for the record of what was done."""
        if self.user:
            return f"{self.adapter}:user:{self.user}"
        return HERE_NAME if self.operator else self.adapter or "nobody"


HERE = Asker(operator=True)
"""Whoever uses this computer: the terminal, the screen, the local API."""
