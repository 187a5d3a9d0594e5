"""What the tests share: real weights, one thread, and that RTVC_REQUIRE_ALL=1 skips nothing."""

import os
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from rtvc_bridge.errors import OperatorError
from rtvc_bridge.stages.weights import Library

REQUIRE_ALL = os.environ.get("RTVC_REQUIRE_ALL") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where everything is required."""
    report = yield
    if REQUIRE_ALL and report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"RTVC_REQUIRE_ALL=1 allows no skip: {reason}"
    return report


@pytest.fixture(scope="session")
def artifact() -> Callable[[str], Path]:
    """Gives the place of a weights artifact, fetched if need be; skips if it cannot be had."""
    library = Library.default()

    def place(name: str) -> Path:
        try:
            return library.path(name)
        except OperatorError as error:
            pytest.skip(str(error))

    return place


@pytest.fixture
def one_thread() -> Generator[None, None, None]:
    """Keep small networks off a second core, whose threads would only wait for each other."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
