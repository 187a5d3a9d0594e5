"""What a refusal of the daemon means, as the error the same request raises in-process."""

import json

import httpx

from rtvc_bridge import errors
from rtvc_bridge.errors import DaemonError, RtvcBridgeError, UserError

_NAMED = "urn:rtvc-bridge:"
_KINDS = {
    name.removesuffix("Error").casefold(): kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, RtvcBridgeError)
}


def problem_of(response: httpx.Response) -> RtvcBridgeError:
    """Return the error in a response that has been read, its message word for word.

    The problem's `type` names the class of the daemon's error; of those without one, a problem
    of status 4xx is the request's fault and any other the daemon's.
    """
    if response.status_code == httpx.codes.UNAUTHORIZED:
        return DaemonError(
            "The daemon does not know this token. Another daemon may have made a new one: "
            "run the command again."
        )
    problem = _problem(response)
    detail = problem.get("detail") or problem.get("title")
    if not detail:
        return DaemonError(f"The daemon answered {response.status_code} and did not say why.")
    name = problem.get("type", "").removeprefix(_NAMED).replace("-", "")
    usual = UserError if response.is_client_error else DaemonError
    return _KINDS.get(name, usual)(detail)


def _problem(response: httpx.Response) -> dict[str, str]:
    """Return the members of a problem document that are text; none if there is no document."""
    try:
        document = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return {}
    members = document.items() if isinstance(document, dict) else ()
    return {key: value for key, value in members if isinstance(value, str)}
