"""What the engine's process and the synthesis process say to each other.

Pickles with a length in front, over the child's stdin and stdout. Both ends are this
program, so what arrives is trusted. Files are raw (unbuffered): a buffer's lock, held by
a thread that is blocked in a read, would keep the interpreter from ending.
"""

import pickle
import struct
import traceback
from dataclasses import dataclass
from io import RawIOBase
from typing import TypeAlias

from rtvc_bridge.audio import Audio
from rtvc_bridge.errors import RtvcBridgeError, WorkerError
from rtvc_bridge.pipeline import Delivery
from rtvc_bridge.voices import Voice

START_ID = 0
"""The call whose result, the pipeline's name, says that the child is ready."""

UNMARKED = frozenset({"rtvc_bridge.testing:humming"})
"""Factories whose sound leaves without the watermark: tones, never speech, made for tests.

No setting, option or plug-in can add to this.
"""

_MAGIC = b"RTVC"
_HEADER = struct.Struct("<4sQ")


@dataclass(frozen=True, slots=True)
class Speak:
    """Call the pipeline's `speak`; answered by many Sounds and one Result of None."""

    id: int
    text: str
    voice: Voice
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Run:
    """Call a job with the pipeline; answered by a Result of what it returns.

    Attributes:
        id: Of the call.
        job: A callable that takes the pipeline, pickled apart so that only the thread
            that does the work imports what it needs.
    """

    id: int
    job: bytes


@dataclass(frozen=True, slots=True)
class Cancel:
    """Set the `stop` of that call."""

    id: int


@dataclass(frozen=True, slots=True)
class Close:
    """End the process after the current call, which is stopped."""


@dataclass(frozen=True, slots=True)
class Sound:
    """The next piece of what call `id` is saying."""

    id: int
    audio: Audio


@dataclass(frozen=True, slots=True)
class Result:
    """Call `id` is over."""

    id: int
    value: object


@dataclass(frozen=True, slots=True)
class Failed:
    """Call `id` is over, by an error."""

    id: int
    error: RtvcBridgeError


Call: TypeAlias = Speak | Run
Request: TypeAlias = Call | Cancel | Close
Answer: TypeAlias = Sound | Result | Failed


def write(file: RawIOBase, message: Request | Answer) -> None:
    """Send one message.

    Raises:
        OSError: If the other end is gone.
        Exception: Whatever pickling raises; then nothing was sent.
    """
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    left = memoryview(_HEADER.pack(_MAGIC, len(body)) + body)
    while left:
        left = left[file.write(left) or 0 :]


def read(file: RawIOBase) -> object:
    """Return the next message, waiting for it.

    Raises:
        EOFError: If the other end is gone.
        WorkerError: If what arrives is not a message.
    """
    magic, size = _HEADER.unpack(_exactly(file, _HEADER.size))
    if magic != _MAGIC:
        raise WorkerError("The synthesis process sent something unreadable.")
    return pickle.loads(_exactly(file, size))


def _exactly(file: RawIOBase, size: int) -> bytearray:
    body = bytearray(size)
    left = memoryview(body)
    while left:
        count = file.readinto(left)
        if not count:
            raise EOFError
        left = left[count:]
    return body


def portable(error: Exception, *, with_text: bool) -> RtvcBridgeError:
    """Return `error` as something the other process can raise.

    Errors of this package cross as themselves, others as a WorkerError that names the type.

    Args:
        error: What was raised.
        with_text: Whether the message of a foreign error goes along; it may hold
            people's words, so only where no words have been said yet.
    """
    if isinstance(error, RtvcBridgeError) and _survives(error):
        return error
    name = type(error).__name__
    detail = f"{name}: {error}" if with_text else name
    return WorkerError(f"The synthesis process met an unexpected error ({detail}).")


def _survives(error: RtvcBridgeError) -> bool:
    try:
        return type(pickle.loads(pickle.dumps(error))) is type(error)
    except (pickle.PickleError, TypeError, AttributeError):
        return False


def whereabouts(error: BaseException) -> str:
    """Return the type of `error` and where it was raised, without the message.

    The message of a foreign error may quote people's words, which no log may hold.
    """
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__} at\n{frames}".rstrip()
