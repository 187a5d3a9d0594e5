"""Errors as RFC 9457 problem details: never a traceback, never people's words."""

import json
import logging
import re
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from rtvc_bridge import errors
from rtvc_bridge.errors import RtvcBridgeError, StorageError, UserError
from rtvc_bridge.worker import whereabouts

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class CutOffError(UserError):
    """Somebody silenced the line before it was over."""


_STATUS: Mapping[type[RtvcBridgeError], int] = {
    errors.TextRejectedError: 422,
    errors.QueueFullError: 429,
    errors.HaltedError: 423,  # not 503: it lasts until somebody lifts it, so no trying again
    errors.QuietError: 403,
    errors.BudgetError: 403,  # not 429, which some clients take as a call to try again at once
    errors.ClipRejectedError: 422,
    errors.ConsentError: 403,
    errors.VoiceNotFoundError: 404,
    errors.VoiceNameError: 409,
    errors.VoiceFileError: 422,
    errors.UtteranceNotFoundError: 404,
    errors.NoPlayerError: 409,
    CutOffError: 410,  # not 409, which some clients take as a call to try again
}


class Problem(BaseModel):
    """What went wrong, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str


def problem(
    status: int,
    detail: str,
    *,
    kind: str = "about:blank",
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> Response:
    """Return a problem as a response; `more` are members of its own."""
    title = HTTPStatus(status).phrase if kind == "about:blank" else kind.replace("-", " ")
    document = {
        "type": kind if kind == "about:blank" else f"urn:rtvc-bridge:{kind}",
        "title": title.capitalize(),
        "status": status,
        "detail": detail,
        "error": {"message": detail},  # where programs made for OpenAI's API look
        **more,
    }
    # Escaped to ASCII, because a request may quote half a character that UTF-8 cannot hold.
    return Response(json.dumps(document), status, dict(headers or {}), MEDIA_TYPE)


def of_error(error: RtvcBridgeError) -> Response:
    """Return the problem that `error` is, its message word for word."""
    status = _STATUS.get(type(error), 400 if isinstance(error, UserError) else 503)
    headers = {"retry-after": "1"} if status == HTTPStatus.TOO_MANY_REQUESTS else {}
    return problem(status, str(error), kind=_kind(error), headers=headers)


def _kind(error: RtvcBridgeError) -> str:
    """Return what kind of error it is, for programs."""
    words = re.findall("[A-Z][a-z]*", type(error).__name__.removesuffix("Error"))
    return "-".join(words).lower()


def add_handlers(app: FastAPI) -> None:
    """Have `app` answer every error as a problem."""
    app.add_exception_handler(RtvcBridgeError, _on_ours)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(Exception, _on_unexpected)


async def _on_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, RtvcBridgeError)
    if isinstance(error, UserError):
        request.app.state.site.ledger.note_refusal(_kind(error))
    return of_error(error)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, OSError):
        return of_error(StorageError(f"The upload cannot be kept: {error.__cause__.strerror}."))
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND and detail == HTTPStatus.NOT_FOUND.phrase:
        detail = "There is nothing at this address."
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"This address does not take {request.method}."
    return problem(error.status_code, detail, headers=error.headers)


async def _on_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # Where and what, but not the value: it may be people's words.
    found = [
        {"where": ".".join(str(part) for part in each["loc"]), "message": str(each["msg"])}
        for each in error.errors()
    ]
    detail = "; ".join(f"{each['where']}: {each['message']}" for each in found)
    return problem(422, detail, kind="invalid-request", errors=found)


async def _on_unexpected(request: Request, error: Exception) -> Response:
    route = request.scope.get("route")
    logger.error(
        "%s %s failed: %s", request.method, getattr(route, "path", "?"), whereabouts(error)
    )
    return problem(500, "Something unexpected went wrong; the daemon's log says where.")
