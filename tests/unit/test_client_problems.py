"""What a refusal of the daemon means."""

import httpx
import pytest

from rtvc_bridge import errors
from rtvc_bridge.client.problems import problem_of
from rtvc_bridge.errors import DaemonError, RtvcBridgeError, UserError
from rtvc_bridge.http.problems import of_error

OURS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, RtvcBridgeError) and not kind.__subclasses__()
]


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_every_error_of_ours_comes_back_as_itself_word_for_word(kind):
    sent = of_error(kind("Say “why”, and what to do."))
    error = problem_of(httpx.Response(sent.status_code, content=bytes(sent.body)))
    assert type(error) is kind
    assert str(error) == "Say “why”, and what to do."


@pytest.mark.parametrize(
    ("status", "kind"), [(413, UserError), (422, UserError), (500, DaemonError)]
)
def test_a_refusal_without_a_name_is_told_by_its_status(status, kind):
    document = {"type": "about:blank", "title": "A title", "status": status, "detail": "Why."}
    error = problem_of(httpx.Response(status, json=document))
    assert type(error) is kind
    assert str(error) == "Why."


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff\xfe", b"[1]", b'{"detail": 3}'])
def test_an_answer_that_is_no_problem_document_is_the_daemons_fault(content):
    error = problem_of(httpx.Response(502, content=content))
    assert type(error) is DaemonError
    assert "502" in str(error)


def test_a_token_that_is_not_known_is_said_to_be_that():
    error = problem_of(httpx.Response(401, json={"detail": "Send the header."}))
    assert type(error) is DaemonError
    assert "token" in str(error)
