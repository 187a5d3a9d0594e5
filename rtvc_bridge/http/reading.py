"""Utterances read and encoded on threads of their own, their bytes taken on the event loop."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import closing, contextmanager

import soundfile

from rtvc_bridge.engine import State, Utterance
from rtvc_bridge.errors import DaemonError, QueueFullError, TextRejectedError
from rtvc_bridge.http.encoders import Format, encoder
from rtvc_bridge.http.problems import CutOffError
from rtvc_bridge.safety.disclosure import Label


class Readings:
    """The sound that is on its way to clients, so that it can be limited and ended.

    Args:
        limit: Most at once.
    """

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._open = True
        self._live: dict[Utterance, threading.Thread] = {}

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places.

        Raises:
            QueueFullError: If all are taken.
            DaemonError: If it is closed.
        """
        if not self._open:
            raise DaemonError("The daemon is stopping.")
        if self._taken >= self._limit:
            msg = f"{self._limit} requests for sound are being served; try again in a moment."
            raise QueueFullError(msg)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def bytes_of(self, utterance: Utterance, kind: Format) -> AsyncGenerator[bytes, None]:
        """Yield the utterance's sound in that format; cancel it when given up before its end.

        Raises:
            CutOffError: If somebody else cancelled it.
            RtvcBridgeError: Why it could not be spoken.
        """
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue()

        def arrived(piece: bytes | BaseException | None) -> None:
            if piece is None:  # the last thing that the thread does with the event loop
                del self._live[utterance]
            pieces.put_nowait(piece)

        def hand(piece: bytes | BaseException | None) -> None:
            loop.call_soon_threadsafe(arrived, piece)

        thread = threading.Thread(
            target=_read, args=(utterance, kind, hand), name="rtvc-http-reader", daemon=True
        )
        self._live[utterance] = thread
        thread.start()
        try:
            while (piece := await pieces.get()) is not None:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
            _raise_unless_done(utterance)
        finally:
            utterance.cancel()  # changes nothing once it is over

    async def close(self) -> None:
        """Take no more, silence what is read, and return once no reader is left."""
        self._open = False
        live = dict(self._live)
        for utterance in live:
            utterance.cancel()
        for thread in live.values():
            await asyncio.to_thread(thread.join)


def _read(
    utterance: Utterance, kind: Format, hand: Callable[[bytes | BaseException | None], object]
) -> None:
    try:
        label = Label.today(utterance.status.voice)
        with closing(encoder(kind, label)) as encoding:
            for audio in utterance:
                if data := encoding.feed(audio):
                    hand(data)
            if utterance.status.state is State.DONE and (data := encoding.finish()):
                hand(data)
    except (soundfile.SoundFileError, ValueError) as error:
        hand(error)
    finally:
        hand(None)


def _raise_unless_done(utterance: Utterance) -> None:
    status = utterance.status
    if status.state is State.DONE:
        return
    if status.failure is not None:
        raise status.failure
    if status.state is State.EXPIRED:
        raise QueueFullError("It waited too long for its turn and was dropped; try again.")
    if status.reason is not None:
        raise TextRejectedError(status.reason)  # a moderator's
    raise CutOffError("Somebody silenced this line before it was over.")
