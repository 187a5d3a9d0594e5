"""What the integration tests share: a home with a running daemon."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.daemon_process import Home


@pytest.fixture
def daemon_home(tmp_path: Path) -> Iterator[Home]:
    """A home in which a humming daemon runs as a process of its own."""
    home = Home.made(tmp_path / "home")
    with home.daemon():
        yield home
