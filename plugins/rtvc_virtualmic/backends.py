"""The backends by name, in the order in which they are tried."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from rtvc_bridge.errors import DeviceError
from rtvc_virtualmic import cables, files, server
from rtvc_virtualmic.backend import Backend, Format

T = TypeVar("T")

Factory = Callable[[str | None, Format], Backend]
"""Given the device's name and what is written to it; raises DeviceError."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A backend that can be named.

    Attributes:
        make: Makes it.
        platforms: Where it is tried without being named, as sys.platform calls them.
    """

    make: Factory
    platforms: tuple[str, ...] = ()


BACKENDS: dict[str, Registered] = {
    "pulse": Registered(server.pulse, ("linux",)),
    "pacat": Registered(server.pacat, ("linux",)),
    "vbcable": Registered(cables.factory("vbcable"), ("win32",)),
    "voicemeeter": Registered(cables.factory("voicemeeter"), ("win32",)),
    "vac": Registered(cables.factory("vac"), ("win32",)),
    "blackhole": Registered(cables.factory("blackhole"), ("darwin",)),
    "loopback": Registered(cables.factory("loopback"), ("darwin",)),
    "wav": Registered(files.wav),
    "null": Registered(files.null),
}


def candidates(backend: str | Factory | None) -> Sequence[tuple[str, Factory]]:
    """Return what to try: the one asked for, else all for this system, each with its name.

    Raises:
        DeviceError: If none is called that.
    """
    if backend is None:
        return [
            (name, each.make) for name, each in BACKENDS.items() if sys.platform in each.platforms
        ]
    if not isinstance(backend, str):
        return [("the one given", backend)]
    if backend not in BACKENDS:
        known = ", ".join(BACKENDS)
        raise DeviceError(f'There is no backend "{backend}". There are: {known}.')
    return [(backend, BACKENDS[backend].make)]


def first_that(tried: Sequence[tuple[str, Factory]], use: Callable[[Factory], T]) -> T:
    """Return `use(factory)` of the first for which it succeeds.

    Raises:
        DeviceError: If it fails for all; the message lists every attempt and its fix.
    """
    failures = []
    for name, factory in tried:
        try:
            return use(factory)
        except DeviceError as error:
            failures.append(f"  {name}: {error}")
    attempts = "\n".join(failures) or f"  (none is known for {sys.platform})"
    raise DeviceError(f"No virtual microphone could be opened. Tried:\n{attempts}")
