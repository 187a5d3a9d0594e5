"""The terminal screen as a person finds it: the real program, in a terminal of our own."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from itertools import cycle
from typing import Self

import psutil

from rtvc_bridge.bench.speed import Spread
from rtvc_bridge.client import Client
from rtvc_bridge.errors import DaemonError

COMMAND = (sys.executable, "-m", "rtvc_bridge.cli", "tui")
COLUMNS, ROWS = 80, 24
HINT = "Type what to say"
TYPED = "qxzjkvwqzxkjvqwzkxjvwqkzxjvkqwxzvjkqwzxv"
"""What is typed: letters of which no three stand together anywhere else on the screen."""

UNMISTAKABLE = 3
KEY_S = 0.12
"""Between two keys: about 90 words a minute."""

PATIENCE_S = 60.0
_CLEAR, _LEAVE = b"\x15", b"\x11"  # ^U, ^Q
_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^-~])")


class Terminal:
    """A program in a terminal of COLUMNS by ROWS, which ends with the block."""

    def __init__(self, command: Sequence[str]) -> None:
        self._terminal, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("4H", ROWS, COLUMNS, 0, 0))
        self.began_at = time.monotonic()
        self._process = subprocess.Popen(
            command,
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )
        os.close(inside)
        self._painted = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.press(_LEAVE)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def press(self, keys: bytes) -> float:
        """Send keys, and return when that was."""
        pressed_at = time.monotonic()
        os.write(self._terminal, keys)
        return pressed_at

    def forget(self) -> None:
        """Forget what was painted until now."""
        self._painted = b""

    def shows(self, *texts: str) -> float:
        """Return when the last of these texts was painted, since `forget`.

        Raises:
            DaemonError: If that does not come to be.
        """
        give_up_at = time.monotonic() + PATIENCE_S
        while not all(text in self._text() for text in texts):
            left_s = give_up_at - time.monotonic()
            if left_s <= 0 or not self._read(left_s):
                raise DaemonError(f"The screen did not show {texts}, but: {self._text()[-200:]!r}")
        return time.monotonic()

    def rest(self, seconds: float) -> None:
        """Take in what is painted for so long."""
        until = time.monotonic() + seconds
        while (left_s := until - time.monotonic()) > 0:
            self._read(left_s)

    def cpu_s(self) -> float:
        """Return the processor time that the program has taken."""
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def _read(self, timeout_s: float) -> bool:
        """Take in what is painted next; False if the program has ended."""
        if select.select([self._terminal], [], [], timeout_s)[0]:
            try:
                self._painted += os.read(self._terminal, 1 << 16)
            except OSError:  # how Linux says that nobody holds the other end
                return False
        return True

    def _text(self) -> str:
        return _ESCAPES.sub(b"", self._painted).decode(errors="replace")


def starts(count: int, voice: str) -> tuple[Spread, Spread]:
    """Return the seconds from start to usable, and the processor time that took.

    Usable: the line is painted, a voice is picked, and a key that was pressed is shown.
    """
    usable_s, cpu_s = [], []
    for _ in range(count):
        with Terminal(COMMAND) as terminal:
            terminal.shows(HINT)
            terminal.press(TYPED[:UNMISTAKABLE].encode())
            usable_at = terminal.shows(TYPED[:UNMISTAKABLE], voice)
            usable_s.append(usable_at - terminal.began_at)
            cpu_s.append(terminal.cpu_s())
    return Spread.of(usable_s), Spread.of(cpu_s)


def key_to_paint(keys: int) -> Spread:
    """Return the seconds from a key to its letter on the screen, at the pace of a person."""
    lags_s: list[float] = []
    with Terminal(COMMAND) as terminal:
        terminal.shows(HINT)
        while len(lags_s) < keys:
            for count, letter in enumerate(TYPED, 1):
                terminal.forget()
                pressed_at = terminal.press(letter.encode())
                if count >= UNMISTAKABLE:
                    lags_s.append(terminal.shows(TYPED[:count]) - pressed_at)
                terminal.rest(KEY_S - (time.monotonic() - pressed_at))
            terminal.press(_CLEAR)
            terminal.shows(HINT)
    return Spread.of(lags_s)


@contextmanager
def speaking(client: Client, voice: str, lines: Sequence[str]) -> Iterator[None]:
    """Have the daemon speak line after line, without a pause and into no device.

    Raises:
        RtvcBridgeError: If it stops before the block is over.
    """
    begun, over = threading.Event(), threading.Event()

    def speak() -> None:
        try:
            for line in cycle(lines):
                with closing(client.speech(line, voice=voice)) as sound:
                    for _ in sound:
                        begun.set()
                        if over.is_set():
                            return
        finally:
            begun.set()

    with ThreadPoolExecutor(1) as pool:
        speech = pool.submit(speak)
        begun.wait()
        try:
            yield
        finally:
            over.set()
        speech.result()
