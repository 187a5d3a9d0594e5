"""To whom a voice may be granted, as people write it."""

import re

from rtvc_bridge.errors import ConsentError

PATTERN = r"^(everyone|here|[a-z][a-z0-9_-]*:(everyone|[a-z]+:[A-Za-z0-9._@-]+))$"
MOST_CHARS = 200


def check_grantee(to: str) -> str:
    """Return `to` if it names somebody as `safety.asker` does.

    Raises:
        ConsentError: If it does not; the message says how it goes.
    """
    if len(to) <= MOST_CHARS and re.fullmatch(PATTERN, to):
        return to
    msg = (
        'Say to whom: "everyone", or a person or group of an adapter, as discord:user:12, '
        "discord:guild:3, discord:role:9 or discord:everyone."
    )
    raise ConsentError(msg)
