"""What a service starts."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Program:
    """A command and what its environment adds.

    Attributes:
        argv: Starts with an absolute path.
        environment: By name.
    """

    argv: tuple[str, ...]
    environment: dict[str, str]

    @classmethod
    def daemon(cls, config_file: Path | None) -> "Program":
        """Return what starts the daemon of this installation with that settings file."""
        chosen = ("--config", str(config_file.resolve())) if config_file else ()
        home = os.environ.get("RTVC_HOME")
        return cls(
            argv=(sys.executable, "-m", "rtvc_bridge.cli", *chosen, "run"),
            environment={"RTVC_HOME": str(Path(home).expanduser().resolve())} if home else {},
        )
