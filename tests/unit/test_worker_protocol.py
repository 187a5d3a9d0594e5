import io

import pytest

from rtvc_bridge.errors import ClipRejectedError, ModelError, RtvcBridgeError, WorkerError
from rtvc_bridge.worker import protocol


class NeedyError(RtvcBridgeError):
    """Cannot be pickled: its constructor wants more than it keeps."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


class Trickle(io.RawIOBase):
    """A pipe that takes and gives one byte at a time."""

    def __init__(self, held=b""):
        self.held = bytearray(held)

    def write(self, data):
        self.held += data[:1]
        return 1

    def readinto(self, room):
        if not self.held:
            return 0
        room[0] = self.held.pop(0)
        return 1


def test_a_message_survives_a_pipe_that_trickles():
    pipe = Trickle()
    protocol.write(pipe, protocol.Cancel(7))
    protocol.write(pipe, protocol.Close())
    assert protocol.read(pipe) == protocol.Cancel(7)
    assert protocol.read(pipe) == protocol.Close()


def test_the_end_of_the_pipe_is_an_end():
    with pytest.raises(EOFError):
        protocol.read(Trickle())


def test_a_message_cut_short_is_an_end():
    pipe = Trickle()
    protocol.write(pipe, protocol.Cancel(7))
    with pytest.raises(EOFError):
        protocol.read(Trickle(pipe.held[:-1]))


def test_what_is_no_message_is_told_apart_before_its_length_is_believed():
    with pytest.raises(WorkerError, match="unreadable"):
        protocol.read(Trickle(b"Loading weights ... 100 %\n"))


def test_a_message_that_cannot_be_pickled_sends_nothing():
    pipe = Trickle()
    with pytest.raises(Exception, match=r"pickle|lambda"):
        protocol.write(pipe, protocol.Result(1, lambda: None))
    assert pipe.held == b""


@pytest.mark.parametrize("error", [ModelError("run models pull"), ClipRejectedError("too short")])
def test_errors_of_ours_cross_as_themselves(error):
    assert protocol.portable(error, with_text=False) is error


def test_an_error_of_ours_that_cannot_be_pickled_crosses_by_name():
    crossed = protocol.portable(NeedyError("this", "that"), with_text=False)
    assert type(crossed) is WorkerError
    assert "NeedyError" in str(crossed)


def test_a_foreign_error_crosses_by_name_and_brings_its_text_only_when_asked():
    error = ValueError("a secret")
    assert str(protocol.portable(error, with_text=False)).endswith("(ValueError).")
    assert str(protocol.portable(error, with_text=True)).endswith("(ValueError: a secret).")


def test_whereabouts_tell_the_place_and_not_the_words():
    try:
        raise KeyError("".join(["a", "secret"]))
    except KeyError as error:
        said = protocol.whereabouts(error)
    assert said.startswith("KeyError at\n")
    assert "test_worker_protocol.py" in said
    assert "asecret" not in said
